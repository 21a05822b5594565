"""Providers: every number under which somebody billed, did, ordered or dispensed something."""

from __future__ import annotations

from functools import reduce

from pyspark.sql import DataFrame
from pyspark.sql import functions as F

from nh_lakehouse.declare import table
from nh_lakehouse.silver import claims_codes as codes

__all__ = ["clm_provider"]

_PROVIDER = ("source", "provider_id_type", "provider_id")

#: Role -> columns of claims with the type of the number; None: the type stands in a column beside it.
_CLAIM_ROLES = (
    ("billing", "provider_id", None),
    ("organization", "org_npi", "NPI"),
    ("attending", "attending_npi", "NPI"),
    ("attending", "attending_upin", "UPIN"),
    ("operating", "operating_npi", "NPI"),
    ("operating", "operating_upin", "UPIN"),
    ("other", "other_npi", "NPI"),
    ("other", "other_upin", "UPIN"),
    ("referring", "referring_npi", "NPI"),
    ("referring", "referring_upin", "UPIN"),
)
_LINE_ROLES = (
    ("performing", "performing_npi", "NPI"),
    ("performing", "performing_upin", "UPIN"),
    ("supplier", "supplier_id", "SUPPLIER"),
    ("tax", "tax_number", "TAX"),
)
_FILL_ROLES = (("prescriber", "prescriber", None), ("pharmacy", "pharmacy", None))
ROLES = (
    "attending",
    "billing",
    "operating",
    "organization",
    "other",
    "performing",
    "pharmacy",
    "prescriber",
    "referring",
    "supplier",
    "tax",
)
"""Roles in the order in which they are written."""
PLACED = ("billing", "organization", "performing", "supplier")
"""Roles to which the state of a claim or line belongs."""
SPECIALISTS = ("performing", "supplier")
"""Roles to which the specialty of a line belongs."""


@table("silver.clm_provider", key=_PROVIDER, optional=["claim_line", "drug_event"])
def clm_provider(claim: DataFrame, claim_line: DataFrame, drug_event: DataFrame) -> DataFrame:
    """Provider numbers seen on claims, lines and fills.

    Args:
        claim: one row per (source, claim_type, claim_id).
        claim_line: one row per (source, claim_type, claim_id, line_no).
        drug_event: one row per (source, event_id).
    Returns:
        One row per (source, provider_id_type, provider_id). `claims_n` counts each claim and fill once, whatever the
        number of its roles and lines there. Days are those of service (claims: `from_date`), null where all are.
        `is_facility`: billing with a CCN, or billing organization. `state` and `specialty` are the most frequent of
        claims and lines, of lines; ties to the smallest, null where none is told.
    Source: CMS DE-SynPUF user manual; ResDAC record layouts.
    """
    seen = reduce(
        DataFrame.unionByName,
        [
            _seen(claim, _CLAIM_ROLES, day="from_date", state="provider_state"),
            _seen(claim_line, _LINE_ROLES, day="line_date", state="provider_state", specialty="specialty"),
            _seen(drug_event, _FILL_ROLES, day="service_date", kind="'pde'", number="event_id"),
        ],
    )
    bits = " + ".join(f"max(CASE WHEN role = '{role}' THEN {1 << n} ELSE 0 END)" for n, role in enumerate(ROLES))
    # First once per claim, where the same number stands on many lines; then per number.
    per_claim = seen.groupBy(*_PROVIDER, "claim_type", "number").agg(
        F.expr("min(day)").alias("first_day"), F.expr("max(day)").alias("last_day"), F.expr(bits).alias("bits")
    )
    roles = [f"max(bits & {1 << n}) > 0 AS {role}" for n, role in enumerate(ROLES)]
    providers = per_claim.groupBy(*_PROVIDER).agg(
        F.expr("min(first_day)").alias("first_seen_date"),
        F.expr("max(last_day)").alias("last_seen_date"),
        F.expr("sort_array(collect_set(claim_type))").alias("types"),
        F.expr("count(*)").alias("claims_n"),
        *[F.expr(role.split(" AS ")[0]).alias(f"is_{role.split(' AS ')[1]}") for role in roles],
    )
    placed = _most_frequent(seen.where(_among(PLACED)), "state")
    skilled = _most_frequent(seen.where(_among(SPECIALISTS)), "specialty")
    told = ", ".join(f"CASE WHEN is_{role} THEN '{role}' END" for role in ROLES)
    return _beside(_beside(providers, placed, "state"), skilled, "specialty").selectExpr(
        "source",
        "provider_id_type",
        "provider_id",
        "(is_billing AND provider_id_type = 'CCN') OR is_organization AS is_facility",
        "state",
        "specialty",
        "first_seen_date",
        "last_seen_date",
        "concat_ws(' ', types) AS claim_types",
        f"concat_ws(' ', {told}) AS roles",
        "claims_n",
    )


def _seen(
    rows: DataFrame,
    roles: tuple[tuple[str, str, str | None], ...],
    *,
    day: str,
    kind: str = "claim_type",
    number: str = "claim_id",
    state: str = "CAST(NULL AS string)",
    specialty: str = "CAST(NULL AS string)",
) -> DataFrame:
    """A row for each number in each role of a row."""
    structs = [
        f"CASE WHEN {column} IS NOT NULL THEN named_struct('role', '{role}', 'provider_id', {column}, "
        f"'provider_id_type', {repr(id_type) if id_type else _type_beside(column)}) END"
        for role, column, id_type in roles
    ]
    # Computed, if only so: Sail refuses the union of columns whose comments differ and which are taken as they are.
    kept = ["source", f"{kind} AS claim_type", f"{_computed(number)} AS number", f"{_computed(day)} AS day"]
    return codes.explode_known(rows, structs, [*kept, f"{state} AS state", f"{specialty} AS specialty"])


def _computed(column: str) -> str:
    return f"CASE WHEN source IS NOT NULL THEN {column} END"


def _type_beside(column: str) -> str:
    return "provider_id_type" if column == "provider_id" else f"{column}_id_type"


def _among(roles: tuple[str, ...]) -> str:
    return f"role IN ({', '.join(repr(role) for role in roles)})"


def _most_frequent(seen: DataFrame, column: str) -> DataFrame:
    """The value that most rows of a number have; ties to the smallest."""
    counted = seen.where(f"{column} IS NOT NULL").groupBy(*_PROVIDER, column).agg(F.expr("count(*)").alias("n"))
    # As text, so that the smallest is the most frequent and then the first: ten digits hold every count.
    rank = f"min(concat(lpad(CAST(9999999999 - n AS string), 10, '0'), {column}))"
    return counted.groupBy(*_PROVIDER).agg(F.expr(f"substring({rank}, 11)").alias(column))


def _beside(providers: DataFrame, found: DataFrame, column: str) -> DataFrame:
    renamed = found.selectExpr(*[f"{name} AS _{name}" for name in _PROVIDER], column)
    same = reduce(lambda a, b: a & b, [F.col(name).eqNullSafe(F.col(f"_{name}")) for name in _PROVIDER])
    return providers.join(renamed, on=same, how="left").drop(*[f"_{name}" for name in _PROVIDER])
