"""Groups of diagnosis codes, by the shipped lists: a code is in a group when it begins with one of its prefixes.

Prefixes have three to five characters. A condition compares the beginnings of a code of each length with a set of
literals; it is asked once for each different code (some ten thousand), never for each diagnosis of a claim.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from pyspark.sql import DataFrame
from pyspark.sql import functions as F

from nh_lakehouse.reference import read_list

__all__ = [
    "CODE_COLUMNS",
    "Groups",
    "chapter_of",
    "dx_category",
    "groups_of",
    "groups_text",
    "is_in",
    "with_group_bits",
]

CODE_COLUMNS = ("code_system", "code")
"""What identifies a diagnosis code."""

Groups = Mapping[str, Sequence[tuple[str, str]]]
"""Group -> its (code system, prefix) pairs."""


def groups_of(name: str) -> dict[str, list[tuple[str, str]]]:
    """Groups of a shipped list, in the order of the file."""
    groups: dict[str, list[tuple[str, str]]] = {}
    for row in read_list(name):
        groups.setdefault(row["group"], []).append((row["code_system"], row["code_prefix"]))
    return groups


def is_in(prefixes: Sequence[tuple[str, str]]) -> str:
    """SQL of whether the code of a row (`code_system`, `code`) begins with one of the prefixes of its system."""
    sets: dict[tuple[str, int], list[str]] = {}
    for system, prefix in prefixes:
        sets.setdefault((system, len(prefix)), []).append(prefix)
    parts = [
        f"(code_system = '{system}' AND substr(code, 1, {length}) IN ({_texts(found)}))"
        for (system, length), found in sorted(sets.items())
    ]
    return f"({' OR '.join(parts)})"


def groups_text(groups: Groups) -> str:
    """SQL of the groups of a row's code, sorted, joined by a blank; null where it has none."""
    names = ", ".join(f"CASE WHEN {is_in(groups[name])} THEN '{name}' END" for name in sorted(groups))
    return f"nullif(concat_ws(' ', {names}), '')"


def with_group_bits(diagnoses: DataFrame, groups: Groups, *, name: str = "_groups") -> DataFrame:
    """The diagnoses whose code is in a group, with a bigint of which bit n says that it is in the n-th group (from 0).

    Rows whose code is in no group are left out.
    """
    bits = " + ".join(
        f"CASE WHEN {is_in(prefixes)} THEN {2**number}L ELSE 0L END" for number, prefixes in enumerate(groups.values())
    )
    codes = diagnoses.groupBy(*CODE_COLUMNS).agg(F.count(F.lit(1)).alias("_n"))
    # The number of rows stands in the condition: else both engines would ask it of every row, before the grouping.
    asked = codes.selectExpr("code_system AS _system", "code AS _code", f"CASE WHEN _n > 0 THEN {bits} END AS {name}")
    known = asked.filter(f"{name} > 0")
    # A few hundred codes: every worker gets them all, and no row of a diagnosis moves.
    same = (F.col("_system") == F.col("code_system")) & (F.col("_code") == F.col("code"))
    return F.broadcast(known).join(diagnoses, on=same, how="inner").drop("_system", "_code")


def dx_category(code_system: str = "code_system", code: str = "code") -> str:
    """SQL of the category of a diagnosis: its first three characters, of an ICD-9 external cause (E) four."""
    return f"substr({code}, 1, CASE WHEN {code_system} = 'ICD9' AND {code} LIKE 'E%' THEN 4 ELSE 3 END)"


def chapter_of(category: str = "dx_category") -> str:
    """SQL of the chapter of the classification that a category lies in, by the row's `code_system`; null if in none."""
    cases = " ".join(
        f"WHEN code_system = '{row['code_system']}' AND {category} BETWEEN '{row['first_category']}' "
        f"AND '{row['last_category']}' THEN '{row['chapter']}'"
        for row in read_list("icd_chapters")
    )
    return f"CASE {cases} END"


def _texts(values: Sequence[str]) -> str:
    return ", ".join(f"'{value}'" for value in values)
