"""Landing files to bronze: `spark-submit jobs/bronze.py --landing DIR --lakehouse DIR`."""

from nh_lakehouse.pipeline.job import main

if __name__ == "__main__":
    main(("bronze",))
