"""What the publisher's October 2024 files look like, one distribution per measure.

Minimum, quartiles, maximum, mean and standard deviation are those of the complete official files (Provider
Information and Penalties October 2024, SNF VBP FY 2024); the points between them were fitted so that mean and
deviation come out. The default levels are those of `Quantiles`.
"""

from __future__ import annotations

from nh_lakehouse.sample.randomness import Quantiles

__all__ = [
    "ADMINISTRATORS_LEFT",
    "AIDE",
    "BEDS",
    "CASE_MIX",
    "COMPLAINTS",
    "DEFICIENCIES",
    "DENIALS",
    "DENIAL_DAYS",
    "FINES",
    "FINE_USD",
    "INCIDENTS",
    "INFECTION_CITATIONS",
    "LPN",
    "OCCUPANCY",
    "OWNERS",
    "RN",
    "RN_TURNOVER",
    "RSRR",
    "THERAPIST",
    "TOTAL",
    "TURNOVER",
]

#: Nurse aide hours per resident and day: mean 2.292, deviation 0.574.
AIDE = Quantiles(
    (0, 1.11574, 1.3309, 1.54076, 1.66452, 1.93634, 2.2043, 2.55042, 2.97093, 3.28869, 3.94827, 4.75615, 9.493)
)
#: Licensed practical nurse hours: mean 0.877, deviation 0.367.
LPN = Quantiles((0, 0, 0.04556, 0.33327, 0.47187, 0.6553, 0.8642, 1.06767, 1.2804, 1.45909, 1.84928, 2.34879, 5.52569))
#: Registered nurse hours: mean 0.668, deviation 0.494.
RN = Quantiles((0, 0, 0, 0.12367, 0.22646, 0.39823, 0.56742, 0.79407, 1.11731, 1.47868, 2.39771, 3.74006, 8.04448))
#: All nurse hours: mean 3.837, deviation 0.955.
TOTAL = Quantiles(
    (
        0.0035,
        1.38123,
        2.08065,
        2.65167,
        2.92676,
        3.29081,
        3.66326,
        4.15607,
        5.03996,
        5.56893,
        6.56119,
        7.67342,
        17.53882,
    )
)
#: Physical therapist hours: mean 0.069, deviation 0.087.
THERAPIST = Quantiles((0, 0, 0, 0, 0, 0.01978, 0.05002, 0.08965, 0.12982, 0.18758, 0.35874, 0.64369, 2.36338))
#: Nursing case-mix index: mean 1.349, deviation 0.222.
CASE_MIX = Quantiles(
    (0.69588, 0.896, 0.982, 1.066, 1.115, 1.22371, 1.31283, 1.4229, 1.596, 1.742, 2.06, 2.468, 3.76863)
)
#: Nursing staff turnover, percent: mean 48.8, deviation 15.1.
TURNOVER = Quantiles((0, 8.8, 18.1, 26.5, 30.9, 38.3, 48.2, 58.5, 64.2, 72.3, 96.6, 100, 100))
#: Registered nurse turnover, percent: mean 45.5, deviation 21.5.
RN_TURNOVER = Quantiles((0, 0, 0, 11.1, 19.2, 30, 44.4, 60, 73.6, 81.8, 97.1, 100, 100))
#: Administrators who left: mean 0.645, deviation 0.877.
ADMINISTRATORS_LEFT = Quantiles((0, 1, 2, 3, 4, 5, 7.99), (0, 0.563, 0.856, 0.958, 0.987, 0.996, 1))
#: Certified beds: mean 106.8, deviation 59.3.
BEDS = Quantiles((4, 4, 4.1, 33.3, 47.4, 66, 100, 127, 179.5, 214.9, 284.8, 366.8, 843))
#: Residents per certified bed: mean 0.777.
OCCUPANCY = Quantiles((0.06, 0.15, 0.3, 0.47, 0.57, 0.7, 0.815, 0.9, 0.955, 0.975, 1, 1.08, 1.2))
#: Health deficiencies of one inspection cycle: mean 9.57, deviation 8.28 (the first cycle).
DEFICIENCIES = Quantiles((0, 0, 0, 1.04, 2.15, 4, 7.5, 13.3, 21.4, 26.3, 35.4, 45.6, 85.99))
#: Incidents that the home itself reported: mean 1.90, deviation 4.04.
INCIDENTS = Quantiles((0, 0, 0, 0, 0, 0, 0.7, 2.5, 5.2, 8.6, 18, 33, 77.99))
#: Substantiated complaints: mean 6.43, deviation 11.97.
COMPLAINTS = Quantiles((0, 0, 0, 0, 0, 0.4, 2.5, 7.5, 16.5, 26, 49, 85, 276.99))
#: Citations from infection control inspections: mean 0.974, deviation 2.053.
INFECTION_CITATIONS = Quantiles((0, 0, 0, 0, 0, 0, 0.7, 1.5, 2.9, 4.6, 9.3, 16.5, 43.9))
#: Fines of a home in three years: mean 1.710, deviation 3.386.
FINES = Quantiles((0, 0, 0, 0, 0, 0, 1.28, 2.52, 4.24, 6.65, 13.7, 25.8, 88.9))
#: Payment denials of a home in three years: mean 0.214, deviation 0.562.
DENIALS = Quantiles((0, 0, 0, 0, 0, 0, 0.4, 0.8, 1.14, 1.59, 2.86, 4.88, 5.99))
#: Amount of one fine, US dollars: mean 22,116, deviation 44,025.
FINE_USD = Quantiles((380, 380, 380, 380, 737, 3250, 7903, 16801, 49800, 89500, 195500, 358000, 799880))
#: Length of one payment denial, days: mean 31.1, deviation 34.5.
DENIAL_DAYS = Quantiles((1, 1, 1, 1, 3.6, 9, 21, 42, 59.3, 84.1, 157.8, 280.4, 434))
#: Risk-standardized readmission rate: mean 0.2021, deviation 0.0216.
RSRR = Quantiles(
    (0.13328, 0.141, 0.158, 0.172, 0.178, 0.18711, 0.20038, 0.21534, 0.2264, 0.2366, 0.2601, 0.2916, 0.32405)
)
#: Owners, officers, directors and managers of a home that has told any: mean 10.15.
OWNERS = Quantiles((1.5, 1.5, 1.6, 2.2, 3, 5, 8.4, 12.9, 19.5, 25, 38, 60, 72.9))
