"""Claims of the Research Identifiable Files (RIF) in the columns of the claims tables: one mapping for seven types.

A file has one row for each line; the claim's own fields repeat on every one. They are taken from the claim's row with
the smallest line number. Where a column of the file has the name of a table's column it is that; what is said in
`_CLAIM` and `_LINE` is what differs.

Which rows count: those with FINAL_ACTION F or none. A claim whose newest release says DELETE is left out. Of what
deliveries held a claim, the engine has taken the newest.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property

from pyspark.sql import DataFrame
from pyspark.sql import functions as F

from nh_lakehouse.contracts import load_contracts
from nh_lakehouse.silver import claims_codes as codes
from nh_lakehouse.silver.conform import FLAGS

__all__ = ["RIF_TYPES", "RifType", "rif_claims", "rif_diagnoses", "rif_lines", "rif_procedures"]


@dataclass(frozen=True)
class RifType:
    """One claim type.

    Attributes:
        claim_type: its name in the tables.
        is_institutional: whether institutions bill it, in revenue center lines; else professionals and suppliers do.
        claim: columns of `silver.claim` that are not those of the file -> SQL.
        line: columns of `silver.claim_line` that are not those of the file -> SQL.
    """

    claim_type: str
    is_institutional: bool = True
    claim: Mapping[str, str] = field(default_factory=dict)
    line: Mapping[str, str] = field(default_factory=dict)

    @property
    def data_set(self) -> str:
        """The data set of the file."""
        return f"rif_{self.claim_type}"

    @cached_property
    def columns(self) -> tuple[str, ...]:
        """Columns of the file."""
        return tuple(c.name for c in load_contracts()[self.data_set].columns)

    @cached_property
    def line_columns(self) -> tuple[str, ...]:
        """Columns of the line: the number and all behind it."""
        return self.columns[self.columns.index("line_no") :]

    @cached_property
    def performing(self) -> str:
        """Column of the NPI of who did the service of a line."""
        return "performing_npi" if "performing_npi" in self.columns else "rendering_npi"

    def slots(self, name: str) -> range:
        """Numbers of the slots of a numbered column."""
        return range(1, codes.slots(self.data_set, name) + 1)

    def version(self, name: str) -> str:
        """SQL of a code's version; null where the file has none."""
        return f"`{name}`" if name in self.columns else "CAST(NULL AS string)"


_IP_SHARE = {
    "bene_deductible_usd": codes.total(["ip_deductible_usd", "blood_deductible_usd"]),
    "bene_coinsurance_usd": "part_a_coinsurance_usd",
}
_OP_SHARE = {
    "bene_deductible_usd": codes.total(["part_b_deductible_usd", "blood_deductible_usd"]),
    "bene_coinsurance_usd": "part_b_coinsurance_usd",
}
_LINE_SHARE = {"bene_deductible_usd": "__line_deductible", "bene_coinsurance_usd": "__line_coinsurance"}

RIF_TYPES: Mapping[str, RifType] = {
    kind.claim_type: kind
    for kind in (
        RifType("inpatient", claim=_IP_SHARE),
        RifType("outpatient", claim=_OP_SHARE),
        RifType("snf", claim=_IP_SHARE),
        RifType("hha"),
        RifType("hospice", claim={"admit_date": "hospice_start_date"}),
        RifType("carrier", is_institutional=False, claim=_LINE_SHARE),
        RifType("dme", is_institutional=False, claim=_LINE_SHARE, line={"supplier_id": "provider_id"}),
    )
}
"""The claim types of the RIF files, by name."""

#: Columns of a file whose flags stand on the claim under another name.
_CLAIM_FLAGS = {
    "hospice_start_date": "admit_date",
    "ip_deductible_usd": "bene_deductible_usd",
    "part_b_deductible_usd": "bene_deductible_usd",
    "blood_deductible_usd": "bene_deductible_usd",
    "part_a_coinsurance_usd": "bene_coinsurance_usd",
    "part_b_coinsurance_usd": "bene_coinsurance_usd",
}
_DX_SYSTEM = codes.claim_system("__fits_9", "__fits_10", "coalesce(thru_date, from_date)")


def rif_claims(rows: DataFrame, kind: RifType) -> DataFrame:
    """Claims of one type, each once: `silver.claim`.

    Args:
        rows: one row per claim and line, typed.
        kind: the claim type.
    """
    rows = codes.require(rows, kind.data_set, "silver.claim")
    facts = {
        "__payment": "max(payment_usd)",
        "__least_payment": "min(payment_usd)",
        "__lines": "count(*)",
        "__performing": _first_known(kind.performing),
        **_fits(kind),
    }
    if not kind.is_institutional:
        facts["__line_deductible"] = "sum(line_deductible_usd)"
        facts["__line_coinsurance"] = "sum(line_coinsurance_usd)"
    if "supplier_id" in kind.line:
        facts["__supplier"] = _first_known("provider_id")
    first = _with_facts(rows, facts).where("line_no = __first_line")
    principal, version = _principal(kind)
    lines = set(kind.line_columns)
    about = {c: _CLAIM_FLAGS.get(c, c) for c in kind.columns if c not in lines and not c.startswith("px_date_")}
    computed = {
        "source": "'rif'",
        "claim_type": f"'{kind.claim_type}'",
        **_provider(kind),
        "provider_state": codes.postal_state("provider_state_ssa", of="provider"),
        "performing_npi": "__performing",
        "primary_dx": "__primary_dx",
        "dx_code_system": f"CASE WHEN __primary_dx IS NOT NULL THEN {codes.code_system('__version', _DX_SYSTEM)} END",
        "admit_dx": codes.normal("admit_dx") if "admit_dx" in kind.columns else "NULL",
        "payment_usd": "__payment",
        "line_n": "__lines",
        "segment_n": "1",
        **codes.calendar("from_date"),
        "is_high_cost": "__payment > 10000",
        "is_denied": (
            "non_payment_code IS NOT NULL" if kind.is_institutional else "coalesce(payment_denial_code = '0', false)"
        ),
        FLAGS: codes.with_flag(
            codes.flags_of(about), ("line_total_mismatch:payment_usd", "__least_payment <> __payment")
        ),
        **kind.claim,
    }
    coded = first.selectExpr("*", f"{principal} AS __primary_dx", f"{version} AS __version")
    return codes.declared(coded, "silver.claim", computed)


def rif_lines(rows: DataFrame, kind: RifType) -> DataFrame:
    """Lines of claims of one type: `silver.claim_line`.

    Args:
        rows: one row per claim and line, typed.
        kind: the claim type.
    """
    rows = codes.require(rows, kind.data_set, "silver.claim_line")
    has_dx = "line_dx" in kind.columns
    counted = _with_facts(rows, _fits(kind) if has_dx else {})
    if has_dx:
        system = codes.code_system(kind.version("line_dx_version"), _DX_SYSTEM)
        counted = counted.selectExpr(
            "*", f"{codes.normal('line_dx')} AS __dx", f"CASE WHEN line_dx IS NOT NULL THEN {system} END AS __system"
        )
    modifiers = ", ".join(f"modifier_{n}" for n in kind.slots("modifier"))
    flags = codes.flags_of({c: c for c in kind.line_columns})
    invalid = f"__dx IS NOT NULL AND NOT ({codes.is_valid('__dx', '__system')})"
    computed = {
        "source": "'rif'",
        "claim_type": f"'{kind.claim_type}'",
        "line_date": "coalesce(line_date, from_date)" if "line_date" in kind.columns else "from_date",
        "hcpcs": "upper(hcpcs)",
        "modifiers": f"nullif(concat_ws(' ', {modifiers}), '')" if modifiers else "NULL",
        "performing_npi": kind.performing,
        "performing_upin": _column(kind, "performing_upin", "rendering_upin"),
        "provider_state": codes.postal_state("provider_state_ssa", of="provider"),
        "line_dx": "__dx" if has_dx else "NULL",
        "line_dx_code_system": "__system" if has_dx else "NULL",
        "year": "year(from_date)",
        FLAGS: codes.with_flag(flags, ("unknown_code:line_dx", invalid)) if has_dx else flags,
        **kind.line,
    }
    return codes.declared(counted, "silver.claim_line", computed)


def rif_diagnoses(rows: DataFrame, kind: RifType) -> DataFrame:
    """Diagnoses of claims of one type: `silver.claim_diagnosis`.

    Args:
        rows: one row per claim and line, typed.
        kind: the claim type.
    """
    rows = codes.require(rows, kind.data_set, "silver.claim_diagnosis")
    counted = _with_facts(rows, _fits(kind)).selectExpr("*", "line_no = __first_line AS __is_first")
    kept = ["claim_id", "bene_id", "from_date", "thru_date", f"{_DX_SYSTEM} AS __system", *_audit(rows)]
    found = codes.explode_known(counted, _diagnosis_slots(kind), kept)
    coded = found.selectExpr(
        "*", f"{codes.normal('__code')} AS code", f"{codes.code_system('__version', '__system')} AS code_system"
    )
    valid = codes.is_valid("code", "code_system")
    return codes.declared(
        coded.where("code IS NOT NULL").selectExpr("*", f"{valid} AS is_valid_code"),
        "silver.claim_diagnosis",
        {
            "source": "'rif'",
            "claim_type": f"'{kind.claim_type}'",
            "year": "year(from_date)",
            FLAGS: codes.with_flag(codes.NO_FLAGS, ("unknown_code:code", "NOT is_valid_code")),
        },
    )


def rif_procedures(rows: DataFrame, kind: RifType) -> DataFrame:
    """ICD procedures of claims of one type that has them: `silver.claim_procedure`.

    Args:
        rows: one row per claim and line, typed.
        kind: the claim type.
    """
    rows = codes.require(rows, kind.data_set, "silver.claim_procedure")
    counted = _with_facts(rows, {}).where("line_no = __first_line")
    all_codes = [f"px_{n}" for n in kind.slots("px")]
    system = codes.claim_system(
        f"({codes.all_fit(all_codes, codes.PX9)})",
        f"({codes.all_fit(all_codes, codes.PX10)})",
        "coalesce(thru_date, from_date)",
    )
    structs = [
        f"CASE WHEN px_{n} IS NOT NULL THEN named_struct('px_seq', {n}, '__code', px_{n}, "
        f"'__version', {kind.version(f'px_version_{n}')}, 'procedure_date', px_date_{n}) END"
        for n in kind.slots("px")
    ]
    found = codes.explode_known(
        counted, structs, ["claim_id", "bene_id", "from_date", f"{system} AS __system", FLAGS, *_audit(rows)]
    )
    coded = found.selectExpr(
        "*", f"{codes.normal('__code')} AS code", f"{codes.code_system('__version', '__system')} AS code_system"
    )
    valid = codes.is_valid("code", "code_system", shape_9=codes.PX9, shape_10=codes.PX10)
    bad_date = f"array_contains({FLAGS}, concat('bad_date:px_date_', CAST(px_seq AS string)))"
    return codes.declared(
        coded.where("code IS NOT NULL").selectExpr("*", f"{valid} AS is_valid_code"),
        "silver.claim_procedure",
        {
            "source": "'rif'",
            "claim_type": f"'{kind.claim_type}'",
            "year": "year(from_date)",
            FLAGS: codes.with_flag(
                codes.NO_FLAGS, ("unknown_code:code", "NOT is_valid_code"), ("bad_date:procedure_date", bad_date)
            ),
        },
    )


# --- the claim behind a row ----------------------------------------------------------------------------------------


def _with_facts(rows: DataFrame, facts: Mapping[str, str]) -> DataFrame:
    """Rows that count, each with facts of its claim: aggregates over the claim's rows, and `__first_line`.

    A join to a narrow aggregate: half the time of a window on Sail, a tenth of an aggregate of structs.
    """
    final = rows.where("final_action IS NULL OR final_action = 'F'")
    aggregates = {"__first_line": "min(line_no)", "__deleted": f"max(CASE WHEN {codes.TAKEN_BACK} THEN 1 ELSE 0 END)"}
    of_claim = final.groupBy(F.col("claim_id").alias("__claim")).agg(
        *[F.expr(sql).alias(name) for name, sql in {**aggregates, **facts}.items()]
    )
    kept = of_claim.where("__deleted = 0")
    return final.join(kept, on=F.col("claim_id") == F.col("__claim"), how="inner")


def _first_known(column: str) -> str:
    """SQL aggregate: the value of the first line that has one."""
    # Lines count from 0 and have ten digits at most: as text they have the order of numbers.
    return f"substring(min(concat(lpad(CAST(line_no AS string), 10, '0'), `{column}`)), 11)"


def _fits(kind: RifType) -> dict[str, str]:
    """Aggregates: whether all diagnoses of a claim have the shape of ICD-9, of ICD-10."""
    named = [n for n in ("primary_dx", "admit_dx", "external_dx", "line_dx") if n in kind.columns]
    numbered = [f"{name}_{n}" for name in ("dx", "external_dx") for n in kind.slots(name)]
    return {
        f"__fits_{version}": f"min({codes.all_fit([*named, *numbered], shape)})"
        for version, shape in ((9, codes.DX9), (10, codes.DX10))
    }


def _principal(kind: RifType) -> tuple[str, str]:
    """SQL of the principal diagnosis, slot 1 where none is stated, and of its version."""
    stated, first = codes.normal("primary_dx"), codes.normal("dx_1")
    version = (
        f"CASE WHEN {stated} IS NOT NULL THEN {kind.version('primary_dx_version')} "
        f"ELSE {kind.version('dx_version_1')} END"
    )
    return f"coalesce({stated}, {first})", version


def _provider(kind: RifType) -> dict[str, str]:
    """Who billed: the institution; else the first performing NPI, else the first supplier."""
    if kind.is_institutional:
        return {"provider_id_type": "CASE WHEN provider_id IS NOT NULL THEN 'CCN' END"}
    if "supplier_id" not in kind.line:
        return {
            "provider_id": "__performing",
            "provider_id_type": "CASE WHEN __performing IS NOT NULL THEN 'NPI' END",
        }
    return {
        "provider_id": "coalesce(__performing, __supplier)",
        "provider_id_type": (
            "CASE WHEN __performing IS NOT NULL THEN 'NPI' WHEN __supplier IS NOT NULL THEN 'SUPPLIER' END"
        ),
    }


def _diagnosis_slots(kind: RifType) -> list[str]:
    """Structs of all diagnoses that a row can hold: the claim's on its first row, the line's on each."""

    def struct(when: str, dx_type: str, seq: str, name: str, version: str, present: str = "NULL") -> str:
        return (
            f"CASE WHEN {when} THEN named_struct('dx_type', {dx_type}, 'dx_seq', {seq}, '__code', `{name}`, "
            f"'__version', {kind.version(version)}, 'present_on_admission', CAST({present} AS string)) END"
        )

    def present(name: str) -> str:
        return f"`{name}`" if name in kind.columns else "NULL"

    def repeats(stated: str, slot: str) -> str:
        return f"coalesce({codes.normal(stated)} = {codes.normal(slot)}, false)"

    def same_present(stated: str, slot: str, name: str) -> str:
        # The indicator of a diagnosis that is told twice stands beside the slot that is left out.
        return f"CASE WHEN {repeats(stated, slot)} THEN {present(name)} END"

    found = [
        struct(
            "__is_first AND primary_dx IS NOT NULL",
            "'principal'",
            "0",
            "primary_dx",
            "primary_dx_version",
            same_present("primary_dx", "dx_1", "present_on_admission_1"),
        ),
        *[
            struct(
                f"__is_first AND dx_{n} IS NOT NULL" + (f" AND NOT {repeats('primary_dx', 'dx_1')}" if n == 1 else ""),
                "CASE WHEN primary_dx IS NULL THEN 'principal' ELSE 'secondary' END" if n == 1 else "'secondary'",
                str(n),
                f"dx_{n}",
                f"dx_version_{n}",
                present(f"present_on_admission_{n}"),
            )
            for n in kind.slots("dx")
        ],
    ]
    if "admit_dx" in kind.columns:
        found.append(struct("__is_first AND admit_dx IS NOT NULL", "'admitting'", "0", "admit_dx", "admit_dx_version"))
    if "external_dx" in kind.columns:
        name = "external_present_on_admission"
        same = same_present("external_dx", "external_dx_1", f"{name}_1")
        found.append(
            struct(
                "__is_first AND external_dx IS NOT NULL", "'external'", "0", "external_dx", "external_dx_version", same
            )
        )
        for n in kind.slots("external_dx"):
            other = f" AND NOT {repeats('external_dx', 'external_dx_1')}" if n == 1 else ""
            found.append(
                struct(
                    f"__is_first AND external_dx_{n} IS NOT NULL{other}",
                    "'external'",
                    str(n),
                    f"external_dx_{n}",
                    f"external_dx_version_{n}",
                    present(f"{name}_{n}"),
                )
            )
    if "line_dx" in kind.columns:
        found.append(struct("line_dx IS NOT NULL", "'line'", "line_no", "line_dx", "line_dx_version"))
    return found


def _column(kind: RifType, *names: str) -> str:
    """SQL of the first of these columns that the file has."""
    return next((f"`{n}`" for n in names if n in kind.columns), "NULL")


def _audit(rows: DataFrame) -> list[str]:
    return [f"`{c}`" for c in rows.columns if c.startswith("_")]
