"""Landing files to gold: `spark-submit jobs/pipeline.py --landing DIR --lakehouse DIR`."""

from nh_lakehouse.pipeline.job import main

if __name__ == "__main__":
    main(("bronze", "silver", "gold"))
