"""Fills of prescriptions, as the drug event files of DE-SynPUF and RIF tell them."""

from __future__ import annotations

from pyspark.sql import DataFrame

from nh_lakehouse.declare import silver_table
from nh_lakehouse.silver import claims_codes as codes
from nh_lakehouse.silver.conform import FLAGS

__all__ = ["drug_event_rif", "drug_event_synpuf"]

TABLE = "silver.drug_event"
KEY = ("source", "event_id")
ORDER = ("source", "bene_id", "service_date")

ID_TYPES = {"01": "NPI", "06": "UPIN", "07": "PHARMACY", "11": "TAX"}
"""Kinds of numbers of prescribers and pharmacies (ResDAC, PRSCRBR_ID_QLFYR_CD); 07 is that of a pharmacy (NCPDP)."""

PAID_BY = ("patient_pay_usd", "other_usd", "lics_usd", "plro_usd", "covered_plan_pay_usd", "noncovered_plan_pay_usd")
"""Who pays for a fill under part D; together they pay its gross cost (ResDAC, TOT_RX_CST_AMT)."""

_PARTS = ", ".join(f"lpad(split(ndc, '-')[{place}], {width}, '0')" for place, width in enumerate((5, 4, 2)))
_NDC = f"CASE WHEN rlike(ndc, '^[0-9]{{4,5}}-[0-9]{{3,4}}-[0-9]{{1,2}}$') THEN concat({_PARTS}) ELSE ndc END"
"""Drug code of 11 digits: one with hyphens is filled up part by part to 5-4-2 (HIPAA form of the NDC)."""


@silver_table(TABLE, of="syn_pde", part={"source": "synpuf"}, key=KEY, history="latest", order=ORDER)
def drug_event_synpuf(syn_pde: DataFrame) -> DataFrame:
    """Fills of DE-SynPUF.

    Args:
        syn_pde: typed rows of accepted records, one per fill.
    Returns:
        One row per (source, event_id), amounts in USD. `days_supply` 0 is not known: null, and with it
        `cost_per_day_usd`. `ndc` has 11 digits, also where the file writes hyphens. What the file does not tell (plan,
        prescriber, pharmacy, number of the fill) is null.
    Raises:
        MissingColumnError: an input column is absent.
    Source: CMS DE-SynPUF user manual, Prescription Drug Events.
    """
    rows = codes.require(syn_pde, "syn_pde", TABLE)
    return codes.declared(rows, TABLE, {"source": "'synpuf'", **_computed()})


@silver_table(TABLE, of="rif_pde", part={"source": "rif"}, key=KEY, history="latest", order=ORDER)
def drug_event_rif(rif_pde: DataFrame) -> DataFrame:
    """Fills of RIF.

    Args:
        rif_pde: typed rows of accepted records, one per fill.
    Returns:
        One row per (source, event_id) of a fill that counts: final action F or none, not deleted (DML_IND DELETE, or
        an event that deletes another). Amounts in USD; `plan_pay_usd` is what the plan paid for covered and
        non-covered drugs, null where both are. Where who paid does not add up to the gross cost within a cent, the
        flag component_sum_mismatch says so. `days_supply` 0 is null, and with it `cost_per_day_usd`;
        `ndc` has 11 digits, also where the file writes hyphens.
    Raises:
        MissingColumnError: an input column is absent.
    Source: ResDAC Part D Drug Event record layout.
    """
    rows = codes.require(rif_pde, "rif_pde", TABLE).where(
        f"(final_action IS NULL OR final_action = 'F') AND NOT coalesce({codes.TAKEN_BACK}, false) "
        "AND coalesce(adjustment, '') <> 'D'"
    )
    paid = " + ".join(PAID_BY)
    about = {c: c for c in rows.columns if not c.startswith("_")}
    about |= {"covered_plan_pay_usd": "plan_pay_usd", "noncovered_plan_pay_usd": "plan_pay_usd"}
    computed = {
        "source": "'rif'",
        **_computed(),
        "plan_pay_usd": codes.total(["covered_plan_pay_usd", "noncovered_plan_pay_usd"]),
        "prescriber_id_type": _id_type("prescriber"),
        "pharmacy_id_type": _id_type("pharmacy"),
        FLAGS: codes.with_flag(
            codes.flags_of(about), ("component_sum_mismatch:total_cost_usd", f"abs({paid} - total_cost_usd) > 0.01")
        ),
    }
    return codes.declared(rows, TABLE, computed)


def _computed() -> dict[str, str]:
    return {
        "ndc": _NDC,
        "days_supply": "nullif(days_supply, 0)",
        "cost_per_day_usd": "CAST(total_cost_usd AS double) / nullif(days_supply, 0)",
        "year": "year(service_date)",
        "month": "trunc(service_date, 'MM')",
    }


def _id_type(role: str) -> str:
    cases = " ".join(f"WHEN '{code}' THEN '{kind}'" for code, kind in ID_TYPES.items())
    return f"CASE WHEN {role} IS NOT NULL THEN CASE lpad({role}_id_type, 2, '0') {cases} ELSE 'OTHER' END END"
