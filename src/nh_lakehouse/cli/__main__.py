"""`python -m nh_lakehouse.cli`."""

from nh_lakehouse.cli import main

if __name__ == "__main__":
    main()
