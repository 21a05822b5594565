"""People with Medicare: who they are, with history, and what the file of a year tells of them.

| table                | data sets                                  | grain                | history  |
|----------------------|--------------------------------------------|----------------------|----------|
| clm_beneficiary      | syn_beneficiary, rif_beneficiary (history) | person               | versions |
| clm_beneficiary_year | syn_beneficiary, rif_beneficiary           | person, year         | each year |

Codes of sex and race are labels, beside the codes; states are postal codes. Nothing is filled in.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

from pyspark.sql import DataFrame

from nh_lakehouse.ages import age_at
from nh_lakehouse.declare import silver_table
from nh_lakehouse.silver import claims_codes as codes
from nh_lakehouse.silver.conform import FLAGS, HISTORY_COLUMNS

__all__ = [
    "clm_beneficiary_rif",
    "clm_beneficiary_synpuf",
    "clm_beneficiary_year_rif",
    "clm_beneficiary_year_synpuf",
]

PERSON, YEAR = "silver.clm_beneficiary", "silver.clm_beneficiary_year"
YEAR_KEY = ("source", "bene_id", "year")

SEX = {"0": "Unknown", "1": "Male", "2": "Female"}
RACE = {
    "0": "Unknown",
    "1": "White",
    "2": "Black",
    "3": "Other",
    "4": "Asian",
    "5": "Hispanic",
    "6": "Native American",
}
"""Labels of the codes, alike in both sources (CMS DE-SynPUF user manual; ResDAC, BENE_RACE_CD)."""

DUAL_CODES = ("01", "02", "03", "04", "05", "06", "08")
"""Monthly codes of Medicaid beside Medicare (ResDAC, DUAL_STUS_CD); 09, 00, NA and 99 are not."""


def _is_dual(month: str) -> str:
    return f"{month} IN ({', '.join(repr(code) for code in DUAL_CODES)})"


def _monthly(name: str) -> list[str]:
    return [f"{name}_{n:02d}" for n in range(1, 13)]


#: Parts of Medicare -> the monthly code of RIF, the SQL that asks whether it means covered, and the stated number.
_PARTS: Mapping[str, tuple[str, str, str]] = {
    "part_a_by_month": ("buyin", "{} IN ('1', '3', 'A', 'C')", "a_months"),
    "part_b_by_month": ("buyin", "{} IN ('2', '3', 'B', 'C')", "b_months"),
    "part_c_by_month": ("hmo", "{} NOT IN ('0', '4')", "hmo_months"),
    "part_d_by_month": ("part_d_contract", "{} NOT IN ('N', '*', '0')", "d_months"),
    "dual_by_month": ("dual", _is_dual("{}"), "dual_months"),
}
_DUAL = f"coalesce({' OR '.join(f'coalesce({_is_dual(month)}, false)' for month in _monthly('dual'))}, false)"


@silver_table(
    PERSON,
    of="syn_beneficiary",
    part={"source": "synpuf"},
    key=["source", "bene_id"],
    history="scd2",
    type_1=["death_date"],
    order=["source", "bene_id", "valid_from"],
)
def clm_beneficiary_synpuf(syn_beneficiary: DataFrame) -> DataFrame:
    """Who the beneficiaries of DE-SynPUF are, per person and version.

    Args:
        syn_beneficiary: one row per person and version, or per person and year, where the history columns are absent
            and stay absent.
    Returns:
        One row per row. Labels are null for a code that is none (flag unknown_code); `state` is null for 54 (others)
        and unknown codes. ZIP code, reasons of entitlement and Medicaid are not published: null.
    Raises:
        MissingColumnError: an input column is absent.
    Source: CMS DE-SynPUF user manual, Beneficiary Summary.
    """
    return _people(
        syn_beneficiary, "synpuf", ("birth_date", "death_date", "sex", "race", "state_ssa", "county", "esrd")
    )


@silver_table(
    PERSON,
    of="rif_beneficiary",
    part={"source": "rif"},
    key=["source", "bene_id"],
    history="scd2",
    type_1=["death_date"],
    order=["source", "bene_id", "valid_from"],
    computed={"dual": _DUAL},
    refined_by={"rif_beneficiary_history": "effective_begin_date"},
    taken_back=codes.TAKEN_BACK,
)
def clm_beneficiary_rif(rif_beneficiary: DataFrame) -> DataFrame:
    """Who the beneficiaries of RIF are, per person and version.

    Args:
        rif_beneficiary: one row per person and version, or per person and year, where the history columns are absent
            and stay absent; `dual` is computed from the monthly codes where it is not there.
    Returns:
        One row per row, of versions none for a year whose row is taken back (DML_IND DELETE). Labels are null for a
        code that is none (flag unknown_code); `state` is null for unknown codes;
        `county` is the last three digits, as some layouts write the state before them; 000 and 999 stand for none.
    Raises:
        MissingColumnError: an input column is absent.
    Source: ResDAC Master Beneficiary Summary File record layout.
    """
    rows = rif_beneficiary
    if "dual" not in rows.columns and "dual_01" in rows.columns:
        rows = rows.selectExpr("*", f"{_DUAL} AS dual")
    read = ("birth_date", "death_date", "sex", "race", "state_ssa", "county", "zip", "esrd")
    return _people(rows, "rif", (*read, "orig_entitlement", "curr_entitlement", "dual"))


@silver_table(
    YEAR,
    of="syn_beneficiary",
    part={"source": "synpuf"},
    key=YEAR_KEY,
    history="snapshot",
    order=YEAR_KEY,
)
def clm_beneficiary_year_synpuf(syn_beneficiary: DataFrame) -> DataFrame:
    """What the file of a year tells of a beneficiary of DE-SynPUF.

    Args:
        syn_beneficiary: one row per person and year.
    Returns:
        One row per (source, bene_id, year): months of coverage, conditions and amounts (USD) as published. `age_end`
        is in whole years on 31 December, or on the day of death if that is earlier; null without a day of birth.
    Raises:
        MissingColumnError: an input column is absent.
    Source: CMS DE-SynPUF user manual, Beneficiary Summary.
    """
    rows = codes.require(syn_beneficiary, "syn_beneficiary", YEAR)
    return codes.declared(rows, YEAR, {"source": "'synpuf'", **_labels(rows.columns), "age_end": _age_end()})


@silver_table(YEAR, of="rif_beneficiary", part={"source": "rif"}, key=YEAR_KEY, history="snapshot", order=YEAR_KEY)
def clm_beneficiary_year_rif(rif_beneficiary: DataFrame) -> DataFrame:
    """What the file of a year tells of a beneficiary of RIF.

    Args:
        rif_beneficiary: one row per person and reference year.
    Returns:
        One row per (source, bene_id, year) that the delivery does not take back (DML_IND DELETE). The `_by_month`
        texts hold a character for each month, 1 covered, 0 not; a month without code is not covered (files leave it
        blank where there is no plan). Where no month of a part has a code, and its stated number is not 0, the text is
        null: not known. Months are counted as the file states them; where its codes give another number the flag
        months_mismatch says so. `age_mismatch`: the file's age is not `age_end`, which is in whole years on 31 December
        or the day of death if that is earlier.
    Raises:
        MissingColumnError: an input column is absent.
    Source: ResDAC Master Beneficiary Summary File record layout.
    """
    rows = codes.require(rif_beneficiary, "rif_beneficiary", YEAR).where(f"NOT coalesce({codes.TAKEN_BACK}, false)")
    by_month = {name: _by_month(_monthly(code), test, stated) for name, (code, test, stated) in _PARTS.items()}
    computed = {
        "source": "'rif'",
        **_labels(rows.columns),
        "dual": _DUAL,
        "age_end": _age_end(),
        **by_month,
        FLAGS: codes.with_flag(FLAGS, ("age_mismatch:age", f"age <> {_age_end()}")),
    }
    return codes.declared(rows, YEAR, computed)


def _by_month(months: Sequence[str], test: str, stated: str) -> str:
    """SQL of twelve characters, 1 where the code of a month means covered; null where nothing is known of any month."""
    characters = [f"CASE WHEN {test.format(month)} THEN '1' ELSE '0' END" for month in months]
    is_known = f"coalesce({', '.join(months)}) IS NOT NULL OR {stated} = 0"
    return f"CASE WHEN {is_known} THEN concat({', '.join(characters)}) END"


def _people(rows: DataFrame, source: str, read: Iterable[str]) -> DataFrame:
    """Versions or years of people in the columns of `clm_beneficiary`."""
    present = set(rows.columns)
    codes.check_present(rows, ("bene_id", *read), PERSON)
    kept = [c for c in rows.columns if c in ("bene_id", *read, FLAGS, *HISTORY_COLUMNS) or c.startswith("_")]
    computed = {"source": f"'{source}'", **_labels(present), "sex_code": "sex", "race_code": "race"}
    return codes.declared(rows.selectExpr(*[f"`{c}`" for c in kept]), PERSON, computed)


def _labels(present: Iterable[str]) -> dict[str, str]:
    labels = {
        "sex": _label("sex", SEX),
        "race": _label("race", RACE),
        "state": codes.postal_state("state_ssa", of="person"),
        "county": "CASE WHEN substring(county, -3, 3) NOT IN ('000', '999') THEN substring(county, -3, 3) END",
    }
    return {name: sql for name, sql in labels.items() if name == "state" or name in present}


def _label(column: str, labels: Mapping[str, str]) -> str:
    cases = " ".join(f"WHEN '{code}' THEN '{label}'" for code, label in labels.items())
    return f"CASE {column} {cases} END"


def _age_end() -> str:
    """SQL of the whole years on 31 December, or on the day of death where that is earlier."""
    dies = "death_date < CAST(concat(CAST(year AS string), '-12-31') AS date)"
    # On 31 December every birthday of the year is over.
    return f"CASE WHEN {dies} THEN {age_at('death_date')} ELSE year - year(birth_date) END"
