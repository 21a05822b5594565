"""Diagnoses in both code systems: those of eleven chronic conditions, common ones, and the reasons of hospital stays.

Codes are those of ICD-9-CM 2008-2010 and ICD-10-CM, without dots; the pairs follow the general equivalence mappings of
CMS in outline. What a stay costs and how often it occurs are estimates.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from nh_lakehouse.sample.randomness import Ints
from nh_lakehouse.sample.writing import text

__all__ = [
    "CANCER_ROUNDS",
    "COMMON",
    "CONDITIONS",
    "CONDITION_SHARES",
    "DIAGNOSES_9",
    "DIAGNOSES_10",
    "GROUP_FIRST",
    "GROUP_SIZE",
    "INVALID",
    "KNEE",
    "REASONS",
    "REASON_DIAGNOSIS",
    "REHABILITATION",
    "Reason",
    "coded_pair",
]

#: The chronic conditions, in the order of the flags of the beneficiary file.
CONDITIONS = (
    "ALZHDMTA", "CHF", "CHRNKIDN", "CNCR", "COPD", "DEPRESSN", "DIABETES", "ISCHMCHT", "OSTEOPRS", "RA_OA", "STRKETIA",
)  # fmt: skip
#: Share of people with each condition, from the published flags of 2009, the year with most.
CONDITION_SHARES = (0.24, 0.36, 0.21, 0.08, 0.16, 0.25, 0.43, 0.49, 0.20, 0.18, 0.055)

#: One line for each condition, then the common diagnoses: ICD-9 and ICD-10.
_GROUPS = """
3310:G309 29410:F0280 2900:F0390 797:R4181 3312:G311
4280:I509 42822:I5022 42833:I5033 40291:I110 42820:I5020
5853:N183 5854:N184 5859:N189 40390:I129 5856:N186 586:N19
1749:C50919 1539:C189 185:C61 1629:C3490 1541:C20 2330:D0590
496:J449 49121:J441 4919:J42 4928:J439 4940:J479
311:F329 29633:F332 29620:F320 3004:F341
25000:E119 25002:E1165 25040:E1121 25060:E1140 3572:E1142 36201:E11319
41401:I2510 41400:I259 41071:I214 4139:I209 412:I252 4111:I200
73300:M810 73301:M8000XA 73309:M818
71536:M1711 7140:M069 71590:M1990 71516:M169 7200:M459
43491:I639 4359:G459 431:I619 436:I6789
4019:I10 4011:I10 2724:E785 2720:E7800 2722:E782 486:J189 42731:I4891 5990:N390 7802:R55 78650:R079 78659:R0789 \
7242:M545 5849:N179 51881:J9600 5789:K922 6826:L03119 27651:E860 7804:R42 78079:R5383 4659:J069 4660:J209 \
2859:D649 2449:E039 36616:H2510 36511:H401110 V5861:Z7901 V700:Z0000 V7612:Z1231 7840:R51 7862:R05 78605:R0602 \
53081:K219 56210:K5730 7231:M542 71946:M25561 7295:M79609 6000:N400 2809:D509 78900:R109 7851:R002 \
4439:I739 2768:E876 V4581:Z951 V5869:Z79899 V4582:Z955 6929:L259 7020:L570 7099:L989 E8889:W19XXXA
"""


class Reason(NamedTuple):
    """Why people are in hospital.

    Attributes:
        icd9: principal diagnosis.
        icd10: the same in ICD-10-CM.
        condition: position of the chronic condition that it belongs to, or the number of conditions for all people.
        drg: MS-DRG.
        usd: usual payment.
        weight: how often.
        kind: medical, surgical, planned, cancer, psychiatric, rehabilitation.
        procedure9: ICD-9 procedure or nothing.
        procedure10: the same in ICD-10-PCS.
    """

    icd9: str
    icd10: str
    condition: int
    drg: str
    usd: int
    weight: float
    kind: str
    procedure9: str
    procedure10: str


_REASONS = """
486   J189    -        194  6600 6.0 medical        -    -
42731 I4891   -        309  5200 3.0 medical        8872 B245ZZZ
0389  A419    -        871 12600 3.4 medical        3893 02HV33Z
5990  N390    -        690  5200 2.8 medical        -    -
7802  R55     -        312  4400 2.2 medical        -    -
5070  J690    -        177 11400 1.4 medical        -    -
51881 J9600   -        189  9800 1.4 medical        9671 5A1945Z
5789  K922    -        378  6600 1.6 medical        4516 0DB68ZX
6826  L03119  -        603  5600 1.3 medical        -    -
27651 E860    -        641  4600 1.3 medical        -    -
78659 R0789   -        313  3800 1.4 medical        -    -
82021 S72141A -        481 12400 1.4 surgical       7935 0QS634Z
4280  I509    CHF      292  7200 5.0 medical        -    -
42833 I5033   CHF      291  9800 2.0 medical        -    -
49121 J441    COPD     190  7400 4.0 medical        9390 5A09357
41071 I214    ISCHMCHT 281 10200 2.6 medical        3722 4A023N7
41401 I2510   ISCHMCHT 247 13800 3.0 surgical       0066 027034Z
5849  N179    CHRNKIDN 683  9200 2.2 medical        3995 5A1D70Z
43491 I639    STRKETIA 065  7600 5.0 medical        -    -
25013 E1010   DIABETES 638  5600 1.4 medical        -    -
29633 F332    DEPRESSN 885  6200 1.2 psychiatric    -    -
1629  C3490   CNCR     180 10800 1.5 cancer         3324 0B9K8ZX
1539  C189    CNCR     330 19800 1.5 cancer         4573 0DTF0ZZ
71536 M1711   RA_OA    470 13200 4.0 planned        8154 0SRC0J9
V5789 Z5189   -        945 15400 1.2 rehabilitation 9339 F07Z9ZZ
V5811 Z5111   CNCR     847  7800 1.2 planned        9925 3E03305
"""


def _reason(line: str) -> Reason:
    icd9, icd10, name, drg, usd, weight, kind, *procedures = line.split()
    condition = len(CONDITIONS) if name == "-" else CONDITIONS.index(name)
    old, new = ("" if code == "-" else code for code in procedures)
    return Reason(icd9, icd10, condition, drg, int(usd), float(weight), kind, old, new)


#: Reasons of hospital stays.
REASONS = tuple(_reason(line) for line in _REASONS.strip().splitlines())
#: Position of three reasons of planned stays.
CANCER_ROUNDS = next(index for index, reason in enumerate(REASONS) if reason.icd9 == "V5811")
REHABILITATION = next(index for index, reason in enumerate(REASONS) if reason.icd9 == "V5789")
KNEE = next(index for index, reason in enumerate(REASONS) if reason.icd9 == "71536")
#: Position of the common diagnoses among the groups.
COMMON = len(CONDITIONS)

_LISTED = [[pair.split(":") for pair in line.split()] for line in _GROUPS.replace("\\\n", "").strip().splitlines()]
_FLAT = [pair for group in _LISTED for pair in group]

#: First diagnosis of each group, and how many it has.
GROUP_SIZE: Ints = np.array([len(group) for group in _LISTED], dtype=np.int64)
GROUP_FIRST: Ints = np.cumsum(GROUP_SIZE) - GROUP_SIZE
#: Position of a reason's principal diagnosis among all diagnoses.
REASON_DIAGNOSIS: Ints = len(_FLAT) + np.arange(len(REASONS))
#: Position of what stands in place of a code now and then, in both sources: no ICD code at all.
INVALID: Ints = len(_FLAT) + len(REASONS) + np.arange(2)
#: All diagnoses by position.
DIAGNOSES_9 = text([*(old for old, _ in _FLAT), *(reason.icd9 for reason in REASONS), "OTHER", "XX000"])
DIAGNOSES_10 = text([*(new for _, new in _FLAT), *(reason.icd10 for reason in REASONS), "OTHER", "XX000"])


def coded_pair(ending: str, *, old: bool, blank: str = "") -> pa.StringArray:
    """All diagnoses with their version behind a bar, as RIF writes them: `I10|0`, and then `ending`.

    Args:
        ending: what follows each, such as a flag of presence on admission.
        old: ICD-9 (version 9), else ICD-10 (version 0).
        blank: the version where it is left out.
    """
    codes: NDArray[np.object_] = np.array((DIAGNOSES_9 if old else DIAGNOSES_10).to_pylist(), dtype=object)
    return text([f"{code}|{blank or ('9' if old else '0')}{ending}" for code in codes])
