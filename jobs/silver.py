"""Bronze to silver: `spark-submit jobs/silver.py --lakehouse DIR`."""

from nh_lakehouse.pipeline.job import main

if __name__ == "__main__":
    main(("silver",))
