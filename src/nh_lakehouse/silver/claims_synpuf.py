"""Claims of DE-SynPUF in the columns of the claims tables: one mapping for the three types.

A carrier claim is one row with 13 slots for its lines. Inpatient and outpatient claims have one or two segments, each a
row with amounts, diagnoses, procedures and 45 HCPCS codes of its own; the second has no dates, those of the claim are
those of segment 1. All codes are ICD-9.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from pyspark.sql import DataFrame
from pyspark.sql import functions as F

from nh_lakehouse.silver import claims_codes as codes
from nh_lakehouse.silver.conform import FLAGS

__all__ = ["SYNPUF_TYPES", "SynpufType", "synpuf_claims", "synpuf_diagnoses", "synpuf_lines", "synpuf_procedures"]


@dataclass(frozen=True)
class SynpufType:
    """One claim type.

    Attributes:
        claim_type: its name in the tables.
        dates, texts: columns of segmented claims that are taken from segment 1, and from the lowest with a value.
        amounts: column of the claim -> columns of its segments that are added up.
    """

    claim_type: str
    dates: tuple[str, ...] = ()
    texts: tuple[str, ...] = ()
    amounts: Mapping[str, tuple[str, ...]] = field(default_factory=dict)

    @property
    def data_set(self) -> str:
        """The data set of the file."""
        return f"syn_{self.claim_type}"

    @property
    def has_segments(self) -> bool:
        """Whether a claim is one row for each segment; else it is one row."""
        return bool(self.amounts)

    def slots(self, name: str) -> range:
        """Numbers of the slots of a numbered column."""
        return range(1, codes.slots(self.data_set, name) + 1)


_PEOPLE = ("bene_id", "provider_id", "attending_npi", "operating_npi", "other_npi", "admit_dx")

SYNPUF_TYPES: Mapping[str, SynpufType] = {
    kind.claim_type: kind
    for kind in (
        SynpufType(
            "inpatient",
            dates=("from_date", "thru_date", "admit_date", "discharge_date"),
            texts=(*_PEOPLE, "drg"),
            amounts={
                "payment_usd": ("payment_usd",),
                "primary_payer_usd": ("primary_payer_usd",),
                "bene_deductible_usd": ("ip_deductible_usd", "blood_deductible_usd"),
                "bene_coinsurance_usd": ("part_a_coinsurance_usd",),
                "covered_days": ("covered_days",),
            },
        ),
        SynpufType(
            "outpatient",
            dates=("from_date", "thru_date"),
            texts=_PEOPLE,
            amounts={
                "payment_usd": ("payment_usd",),
                "primary_payer_usd": ("primary_payer_usd",),
                "bene_deductible_usd": ("part_b_deductible_usd", "blood_deductible_usd"),
                "bene_coinsurance_usd": ("part_b_coinsurance_usd",),
            },
        ),
        SynpufType("carrier"),
    )
}
"""The claim types of DE-SynPUF, by name."""

LINE_TEXTS = ("performing_npi", "tax_number", "hcpcs", "processing_code", "line_dx")
LINE_AMOUNTS = (
    "line_payment_usd",
    "line_allowed_usd",
    "line_deductible_usd",
    "line_coinsurance_usd",
    "line_primary_payer_usd",
)
"""Fields of a carrier line. A slot is a line where a text is there or an amount is not zero: lines with money and no
HCPCS code exist."""

_CARRIER_SUMS = {
    "payment_usd": "line_payment_usd",
    "allowed_usd": "line_allowed_usd",
    "bene_deductible_usd": "line_deductible_usd",
    "bene_coinsurance_usd": "line_coinsurance_usd",
    "primary_payer_usd": "line_primary_payer_usd",
}


def synpuf_claims(rows: DataFrame, kind: SynpufType) -> DataFrame:
    """Claims of one type, each once: `silver.claim`.

    Args:
        rows: typed rows of the file: one per claim, or one per claim and segment.
        kind: the claim type.
    """
    rows = codes.require(rows, kind.data_set, "silver.claim")
    claims = _from_segments(rows, kind) if kind.has_segments else _from_lines(rows, kind)
    computed = {
        "source": "'synpuf'",
        "claim_type": f"'{kind.claim_type}'",
        "provider_id_type": f"CASE WHEN provider_id IS NOT NULL THEN '{'CCN' if kind.has_segments else 'NPI'}' END",
        "dx_code_system": "CASE WHEN primary_dx IS NOT NULL THEN 'ICD9' END",
        **codes.calendar("from_date"),
        "is_high_cost": "payment_usd > 10000",
        "is_denied": "false",
    }
    return codes.declared(claims, "silver.claim", computed)


def synpuf_lines(rows: DataFrame, kind: SynpufType) -> DataFrame:
    """Lines of claims of one type: `silver.claim_line`.

    Args:
        rows: typed rows of the file: one per claim, or one per claim and segment.
        kind: the claim type.
    """
    rows = codes.require(rows, kind.data_set, "silver.claim_line")
    if kind.has_segments:
        rows, size = _with_dates(rows), len(kind.slots("hcpcs"))
        number = f"(segment - 1) * {size} + "
        structs = [
            f"CASE WHEN hcpcs_{n} IS NOT NULL THEN named_struct('line_no', {number}{n}, 'hcpcs', upper(hcpcs_{n})) END"
            for n in kind.slots("hcpcs")
        ]
    else:
        structs = [f"CASE WHEN {_is_line(n)} THEN {_line_struct(n)} END" for n in kind.slots("hcpcs")]
    kept = ["claim_id", "bene_id", "from_date", FLAGS, *_audit(rows)]
    lines = codes.explode_known(rows, structs, kept)
    has_dx = "line_dx" in lines.columns
    own = _flags_of_slot()
    computed = {
        "source": "'synpuf'",
        "claim_type": f"'{kind.claim_type}'",
        "line_date": "from_date",
        "line_dx_code_system": "CASE WHEN line_dx IS NOT NULL THEN 'ICD9' END" if has_dx else "NULL",
        "year": "year(from_date)",
        FLAGS: (
            codes.with_flag(own, ("unknown_code:line_dx", f"NOT ({codes.fits('line_dx', codes.DX9)})"))
            if has_dx
            else codes.NO_FLAGS
        ),
    }
    return codes.declared(lines, "silver.claim_line", computed)


def synpuf_diagnoses(rows: DataFrame, kind: SynpufType) -> DataFrame:
    """Diagnoses of claims of one type: `silver.claim_diagnosis`.

    Args:
        rows: typed rows of the file: one per claim, or one per claim and segment.
        kind: the claim type.
    """
    rows = codes.require(rows, kind.data_set, "silver.claim_diagnosis")

    def struct(when: str, dx_type: str, seq: str, name: str) -> str:
        return f"CASE WHEN {when} THEN named_struct('dx_type', {dx_type}, 'dx_seq', {seq}, '__code', {name}) END"

    first, before = "'principal'", ""
    if kind.has_segments:
        rows = _with_dates(rows)
        first = "CASE WHEN segment = 1 THEN 'principal' ELSE 'secondary' END"
        before = f"(segment - 1) * {len(kind.slots('dx'))} + "
    structs = [
        struct(f"dx_{n} IS NOT NULL", first if n == 1 else "'secondary'", f"{before}{n}", f"dx_{n}")
        for n in kind.slots("dx")
    ]
    if kind.has_segments:
        structs.append(struct("segment = __admit_segment", "'admitting'", "0", "admit_dx"))
    structs += [struct(f"line_dx_{n} IS NOT NULL", "'line'", str(n), f"line_dx_{n}") for n in kind.slots("line_dx")]
    found = codes.explode_known(rows, structs, ["claim_id", "bene_id", "from_date", "thru_date", *_audit(rows)])
    return _coded(found, "silver.claim_diagnosis", kind, codes.DX9)


def synpuf_procedures(rows: DataFrame, kind: SynpufType) -> DataFrame:
    """ICD procedures of claims of one type that has them: `silver.claim_procedure`.

    Args:
        rows: typed rows of the file: one per claim and segment.
        kind: the claim type.
    """
    rows = _with_dates(codes.require(rows, kind.data_set, "silver.claim_procedure"))
    number = f"(segment - 1) * {len(kind.slots('px'))} + "
    structs = [
        f"CASE WHEN px_{n} IS NOT NULL THEN named_struct('px_seq', {number}{n}, '__code', px_{n}) END"
        for n in kind.slots("px")
    ]
    found = codes.explode_known(rows, structs, ["claim_id", "bene_id", "from_date", *_audit(rows)])
    return _coded(found, "silver.claim_procedure", kind, codes.PX9)


# --- claims --------------------------------------------------------------------------------------------------------


def _from_segments(rows: DataFrame, kind: SynpufType) -> DataFrame:
    """One row per claim of segments."""
    dated = {name: f"max(CASE WHEN segment = 1 THEN {name} END)" for name in kind.dates}
    texts = {name: _lowest(f"`{name}`") for name in kind.texts}
    # The first code of a later segment is the eleventh of the claim or a later one.
    texts["primary_dx"] = "max(CASE WHEN segment = 1 THEN dx_1 END)"
    sums = {f"__{part}": f"sum({part})" for parts in kind.amounts.values() for part in parts}
    lines = " + ".join(f"CASE WHEN hcpcs_{n} IS NULL THEN 0 ELSE 1 END" for n in kind.slots("hcpcs"))
    told = f"CASE WHEN size({FLAGS}) > 0 THEN {FLAGS} END"
    others = {
        "segment_n": "count(*)",
        "line_n": f"sum({lines})",
        FLAGS: f"sort_array(array_distinct(flatten(collect_list({told}))))",
        # All segments come from one release; the row is that of the lowest.
        **{c: f"min({c})" for c in codes.AUDIT if c in rows.columns},
    }
    claims = rows.groupBy("claim_id").agg(
        *[F.expr(sql).alias(name) for name, sql in {**dated, **texts, **sums, **others}.items()]
    )
    slots = [f"hcpcs_{n}" for n in kind.slots("hcpcs")]
    same = {c: c for c in (*kind.dates, *kind.texts) if c not in slots}
    about = same | {part: name for name, parts in kind.amounts.items() for part in parts}
    computed = {
        **{name: codes.total([f"__{part}" for part in parts]) for name, parts in kind.amounts.items()},
        "primary_dx": codes.normal("primary_dx"),
        "admit_dx": codes.normal("admit_dx"),
        FLAGS: codes.flags_of(about),
        **({"drg": "nullif(drg, 'OTH')"} if "drg" in kind.texts else {}),
    }
    return claims.selectExpr(
        *[f"`{c}`" for c in claims.columns if c not in computed], *[f"{sql} AS `{c}`" for c, sql in computed.items()]
    )


def _from_lines(rows: DataFrame, kind: SynpufType) -> DataFrame:
    """One row per carrier claim, its amounts added up over the slots."""
    numbers = kind.slots("hcpcs")
    sums = {name: codes.total([f"{part}_{n}" for n in numbers]) for name, part in _CARRIER_SUMS.items()}
    lines = " + ".join(f"CASE WHEN {_is_line(n)} THEN 1 ELSE 0 END" for n in numbers)
    npi = f"coalesce({', '.join(f'performing_npi_{n}' for n in numbers)})"
    about = {c: c for c in ("from_date", "thru_date")}
    return rows.selectExpr(
        "claim_id",
        "bene_id",
        "from_date",
        "thru_date",
        f"{npi} AS provider_id",
        f"{npi} AS performing_npi",
        f"{codes.normal('dx_1')} AS primary_dx",
        # Each sum is used twice, and a decimal of fewer digits is cheaper to carry.
        *[f"try_cast({sql} AS decimal(18,2)) AS {name}" for name, sql in sums.items()],
        f"{lines} AS line_n",
        "1 AS segment_n",
        f"{codes.flags_of(about)} AS {FLAGS}",
        *_audit(rows),
    )


def _lowest(value: str) -> str:
    """SQL aggregate: the value of the lowest segment that has one; null where none has or it is empty."""
    return f"nullif(substring(min(concat(lpad(CAST(segment AS string), 10, '0'), {value})), 11), '')"


def _with_dates(rows: DataFrame) -> DataFrame:
    """Segments with the dates of their claim in place of their own, and the segment that tells `admit_dx`."""
    dates = rows.groupBy(F.col("claim_id").alias("__claim")).agg(
        F.expr("max(CASE WHEN segment = 1 THEN from_date END)").alias("__from_date"),
        F.expr("max(CASE WHEN segment = 1 THEN thru_date END)").alias("__thru_date"),
        F.expr("min(CASE WHEN admit_dx IS NOT NULL THEN segment END)").alias("__admit_segment"),
    )
    joined = rows.join(dates, on=F.col("claim_id") == F.col("__claim"), how="inner")
    others = [f"`{c}`" for c in rows.columns if c not in ("from_date", "thru_date")]
    return joined.selectExpr(*others, "__from_date AS from_date", "__thru_date AS thru_date", "__admit_segment")


# --- lines and codes -----------------------------------------------------------------------------------------------


def _is_line(n: int) -> str:
    texts = f"coalesce({', '.join(f'{name}_{n}' for name in LINE_TEXTS)}) IS NOT NULL"
    return f"({' OR '.join([texts, *[f'{name}_{n} <> 0' for name in LINE_AMOUNTS]])})"


def _line_struct(n: int) -> str:
    values = {name: f"{name}_{n}" for name in (*LINE_TEXTS, *LINE_AMOUNTS)}
    values |= {"hcpcs": f"upper(hcpcs_{n})", "line_dx": codes.normal(f"line_dx_{n}")}
    fields = ", ".join(f"'{name}', {value}" for name, value in values.items())
    return f"named_struct('line_no', {n}, {fields})"


def _flags_of_slot() -> str:
    """SQL of the flags about a carrier line's slot, under the names of the line's columns."""
    # bad_number:line_payment_usd_3 is the flag of a slot, date_order:thru_date is the claim's.
    kept = f"filter({FLAGS}, flag -> substring_index(flag, '_', -1) = CAST(line_no AS string))"
    bare = "substring(flag, 1, length(flag) - length(substring_index(flag, '_', -1)) - 1)"
    return f"CASE WHEN size({FLAGS}) > 0 THEN transform({kept}, flag -> {bare}) ELSE {codes.NO_FLAGS} END"


def _coded(found: DataFrame, table: str, kind: SynpufType, shape: str) -> DataFrame:
    """Exploded codes in the columns of a table of codes."""
    coded = found.selectExpr("*", f"{codes.normal('__code')} AS code").where("code IS NOT NULL")
    computed = {
        "source": "'synpuf'",
        "claim_type": f"'{kind.claim_type}'",
        "code_system": "'ICD9'",
        "year": "year(from_date)",
        FLAGS: codes.with_flag(codes.NO_FLAGS, ("unknown_code:code", "NOT is_valid_code")),
    }
    return codes.declared(coded.selectExpr("*", f"{codes.fits('code', shape)} AS is_valid_code"), table, computed)


def _audit(rows: DataFrame) -> Sequence[str]:
    return [f"`{c}`" for c in rows.columns if c.startswith("_") and not c.startswith("__")]
