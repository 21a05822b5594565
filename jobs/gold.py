"""Silver to gold: `spark-submit jobs/gold.py --lakehouse DIR`."""

from nh_lakehouse.pipeline.job import main

if __name__ == "__main__":
    main(("gold",))
