"""Small published code lists that ship with the package, one CSV each; every row names its source.

| File | Columns besides `source` |
|---|---|
| `charlson_quan_2005` | group, code_system, code_prefix, weight |
| `chronic_groups` | group, code_system, code_prefix, lookback_years, rule (any1, any2, ip1_op2) |
| `icd_chapters` | code_system, first_category, last_category, chapter |
| `timed_codes` | hcpcs, unit_minutes |
| `ssa_states` | state_ssa, state, code_of (all, or provider: codes of provider numbers alone) |

Code systems are ICD9 and ICD10; a prefix has no dot and stands for every code that begins with it.
"""

from __future__ import annotations

import csv
from functools import cache
from importlib.resources import files

from nh_lakehouse.errors import ConfigError

__all__ = ["DIGESTS", "read_list"]

#: The lists that ship with the package, with the beginning of the SHA-256 of each file: whoever changes a list changes
#: this module, and with it the fingerprint of every table that reads one, so that they are computed anew.
DIGESTS = {
    "charlson_quan_2005": "0350dd61fcb2cc1e",
    "chronic_groups": "6526be293adbf0b2",
    "icd_chapters": "47f4758547f080ea",
    "ssa_states": "3ea3d340f9a01a17",
    "timed_codes": "6a9a666619b26294",
}


@cache
def read_list(name: str) -> tuple[dict[str, str], ...]:
    """The rows of a shipped list, in the order of the file, all values as text.

    Raises:
        ConfigError: no list of that name ships with the package.

    Example:
        >>> read_list("timed_codes")[0]["hcpcs"]
        '99201'
    """
    if name not in DIGESTS:
        raise ConfigError(f"no list {name} ships with the package; there are {', '.join(DIGESTS)}", field=name)
    text = (files(__name__) / f"{name}.csv").read_text(encoding="utf-8")
    return tuple(csv.DictReader(text.splitlines()))
