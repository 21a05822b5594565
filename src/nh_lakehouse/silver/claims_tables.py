"""Claims, their lines, diagnoses and procedures: one function for each table and each file that feeds it.

The ten files of claims differ in layout, not in what becomes of them. What a file says stands in `claims_synpuf` and
`claims_rif`; here every file is declared as a part of its tables, by source and claim type. The functions are called
as the tables are, with the part behind: `claim_rif_carrier(rif_carrier)`, `claim_line_synpuf_inpatient(syn_inpatient)`.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable, Mapping
from functools import partial

from pyspark.sql import DataFrame

from nh_lakehouse.declare import silver_table
from nh_lakehouse.silver import claims_codes as codes
from nh_lakehouse.silver.claims_rif import RIF_TYPES, rif_claims, rif_diagnoses, rif_lines, rif_procedures
from nh_lakehouse.silver.claims_synpuf import (
    SYNPUF_TYPES,
    synpuf_claims,
    synpuf_diagnoses,
    synpuf_lines,
    synpuf_procedures,
)

__all__ = ["CLAIM_FUNCTIONS"]

Maker = Callable[[DataFrame], DataFrame]

KEY = ("source", "claim_type", "claim_id")
KEYS: Mapping[str, tuple[str, ...]] = {
    "claim": KEY,
    "claim_line": (*KEY, "line_no"),
    "claim_diagnosis": (*KEY, "dx_type", "dx_seq"),
    "claim_procedure": (*KEY, "px_seq"),
}
"""Tables and their keys."""
ORDERS: Mapping[str, tuple[str, ...]] = {
    "claim": ("source", "bene_id", "claim_type", "from_date"),
    "claim_line": ("source", "bene_id", "claim_type", "claim_id"),
    "claim_diagnosis": ("source", "bene_id", "claim_type", "claim_id"),
    "claim_procedure": ("source", "bene_id", "claim_type", "claim_id"),
}
"""How the rows of a table lie: what is computed from claims goes by person."""

_DOCS = {
    "claim": """Medicare claims of type {claim_type}, each once, as {data_set} tells them.

    Args:
        {data_set}: typed rows of accepted records, one per {grain}.
    Returns:
        One row per (source, claim_type, claim_id). Amounts (USD) are those of the claim, once: {amounts}. Sums leave
        nulls out and are null where all are. Dates of undated claims are null, and with them year, quarter and month.
    Raises:
        MissingColumnError: an input column is absent.
    Source: {source}.
    """,
    "claim_line": """Lines of claims of type {claim_type}, as {data_set} tells them.

    Args:
        {data_set}: typed rows of accepted records, one per {grain}.
    Returns:
        One row per (source, claim_type, claim_id, line_no): {lines}. `line_date` is the claim's `from_date` where the
        line states none; amounts (USD) are null where the file has none for lines.
    Raises:
        MissingColumnError: an input column is absent.
    Source: {source}.
    """,
    "claim_diagnosis": """Diagnoses of claims of type {claim_type}, as {data_set} tells them.

    Args:
        {data_set}: typed rows of accepted records, one per {grain}.
    Returns:
        One row per (source, claim_type, claim_id, dx_type, dx_seq): code without dot in upper case; {system}. A code
        without the shape of its system stays, with the flag unknown_code.
    Raises:
        MissingColumnError: an input column is absent.
    Source: {source}.
    """,
    "claim_procedure": """ICD procedures of claims of type {claim_type}, as {data_set} tells them.

    Args:
        {data_set}: typed rows of accepted records, one per {grain}.
    Returns:
        One row per (source, claim_type, claim_id, px_seq): code without dot in upper case; {system}. A code without
        the shape of its system stays, with the flag unknown_code. `procedure_date` is null where the file has none.
    Raises:
        MissingColumnError: an input column is absent.
    Source: {source}.
    """,
}
_RIF = {
    "grain": "claim and line",
    "amounts": "the claim's fields repeat on every line and are never added up",
    "lines": "each row of the file",
    "system": "the system is by version, else by the shapes of the claim's codes, else by day",
    "source": "ResDAC Medicare fee-for-service claims record layouts",
}
_SEGMENTS = {
    "grain": "claim and segment",
    "amounts": "the sums over its segments, each of which holds its own",
    "lines": "a slot with a HCPCS code, numbered (segment - 1) x 45 + slot",
    "system": "the system is ICD9",
    "source": "CMS DE-SynPUF user manual",
}
_CARRIER = _SEGMENTS | {
    "grain": "claim",
    "amounts": "the sums over its lines",
    "lines": "a slot of which any field holds a code or an amount that is not zero",
}


def _declared(
    table: str, source: str, claim_type: str, data_set: str, make: Maker, words: Mapping[str, str]
) -> Callable[..., DataFrame]:
    """One declared function: `make` under the name of the part, with the data set as its parameter."""

    def function(rows: DataFrame) -> DataFrame:
        return make(rows)

    name = f"{table}_{source}_{claim_type}"
    function.__name__ = function.__qualname__ = name
    function.__doc__ = _DOCS[table].format(claim_type=claim_type, data_set=data_set, **words)
    parameter = inspect.Parameter(data_set, inspect.Parameter.POSITIONAL_OR_KEYWORD, annotation=DataFrame)
    function.__signature__ = inspect.Signature([parameter], return_annotation=DataFrame)  # type: ignore[attr-defined]
    part = {"source": source, "claim_type": claim_type}
    return silver_table(
        f"silver.{table}", of=data_set, part=part, key=KEYS[table], history="latest", order=ORDERS[table]
    )(function)


def _all() -> dict[str, Callable[..., DataFrame]]:
    found = []
    for rif in RIF_TYPES.values():
        makers = {"claim": rif_claims, "claim_line": rif_lines, "claim_diagnosis": rif_diagnoses}
        if codes.slots(rif.data_set, "px"):
            makers["claim_procedure"] = rif_procedures
        for table, make in makers.items():
            found.append(_declared(table, "rif", rif.claim_type, rif.data_set, partial(make, kind=rif), _RIF))
    for syn in SYNPUF_TYPES.values():
        words = _SEGMENTS if syn.has_segments else _CARRIER
        others = {"claim": synpuf_claims, "claim_line": synpuf_lines, "claim_diagnosis": synpuf_diagnoses}
        if codes.slots(syn.data_set, "px"):
            others["claim_procedure"] = synpuf_procedures
        for table, build in others.items():
            found.append(_declared(table, "synpuf", syn.claim_type, syn.data_set, partial(build, kind=syn), words))
    return {function.__name__: function for function in found}


CLAIM_FUNCTIONS: Mapping[str, Callable[..., DataFrame]] = _all()
"""The declared functions by name."""

# The graph of tables finds declared functions among the names of a module, and a notebook imports them by name.
globals().update(CLAIM_FUNCTIONS)
