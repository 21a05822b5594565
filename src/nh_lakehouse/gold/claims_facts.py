"""The facts of the claims star: claims, their lines, prescription fills, each once, with keys of the dimensions.

Sums of the amounts equal those of silver. Amounts of a claim stand on the claim alone, those of a line on the line
alone: the payment of a claim is not the sum of its lines.
"""

from __future__ import annotations

from pyspark.sql import Column, DataFrame
from pyspark.sql import functions as F

from nh_lakehouse.declare import table
from nh_lakehouse.gold.claims_keys import UNKNOWN_KEY, date_key, diagnosis_key, provider_key, with_patient_key

__all__ = ["NDC9", "fact_claim_lines", "fact_claims", "fact_prescriptions"]

STAY_TYPES = ("inpatient", "snf")
"""Claim types whose claims are stays, with a length."""

NDC9 = "substr(ndc, 1, 9)"
"""SQL of the drug product: labeler and product of the National Drug Code, packages left out."""

_CLAIM = ["source", "claim_type", "claim_id"]


@table(
    "gold.fact_claims",
    key=_CLAIM,
    per=["source", "bene_id"],
    order=["source", "bene_id", "claim_type", "from_date"],
    optional=["dim_patient", "inpatient_stay"],
)
def fact_claims(claim: DataFrame, dim_patient: DataFrame, inpatient_stay: DataFrame) -> DataFrame:
    """Claims, each once, with keys of the dimensions.

    Args:
        claim: one row per (source, claim_type, claim_id).
        dim_patient: one row per version of a person; `patient_key` as in `with_patient_key`, by `from_date`.
        inpatient_stay: one row per (source, stay_id); reads `setting`, `claim_ids`.
    Returns:
        One row per row of `claim`, with its amounts as they are: their sums equal those of silver. Keys are -1 where
        patient, provider or diagnosis are unknown, keys of days null where there is no day. `los_days` of inpatient and
        snf claims: greatest of 1 and discharge - admission, null where a day is missing or the two are in the wrong
        order.
    Source: CMS DE-SynPUF user manual; ResDAC claims record layouts.
    """
    stays = inpatient_stay.selectExpr(
        "source AS _source", "setting AS _setting", "explode(claim_ids) AS _claim_id", "stay_id"
    )
    # Stays on the left: from that side Sail builds its table of the join.
    with_stay = stays.join(with_patient_key(claim, dim_patient, day="from_date"), on=_is_claim_of_stay(), how="right")
    settings = ", ".join(f"'{name}'" for name in STAY_TYPES)
    has_length = f"claim_type IN ({settings}) AND discharge_date >= admit_date"
    return with_stay.selectExpr(
        *_CLAIM,
        "bene_id",
        "patient_key",
        f"{provider_key('provider_id_type', 'provider_id')} AS provider_key",
        f"{diagnosis_key('dx_code_system', 'primary_dx')} AS primary_diagnosis_key",
        *[f"{date_key(f'{day}_date')} AS {day}_date_key" for day in ("from", "thru", "admit", "discharge")],
        "from_date",
        "year AS claim_year",
        "month",
        "drg",
        "payment_usd",
        "primary_payer_usd",
        "bene_deductible_usd",
        "bene_coinsurance_usd",
        "total_charge_usd",
        "allowed_usd",
        "covered_days",
        "line_n",
        "segment_n",
        f"cast(CASE WHEN {has_length} THEN greatest(1, datediff(discharge_date, admit_date)) END AS int) AS los_days",
        "stay_id",
        "is_high_cost",
        "is_denied",
    )


def _is_claim_of_stay() -> Column:
    pairs = {"_source": "source", "_setting": "claim_type", "_claim_id": "claim_id"}
    same = F.lit(True)
    for of_stay, of_claim in pairs.items():
        same = same & (F.col(of_stay) == F.col(of_claim))
    return same


@table(
    "gold.fact_claim_lines",
    key=[*_CLAIM, "line_no"],
    per=["source", "bene_id"],
    order=["source", "bene_id", "claim_type", "claim_id"],
    optional=["fact_claims"],
)
def fact_claim_lines(claim_line: DataFrame, fact_claims: DataFrame) -> DataFrame:
    """Lines of claims with the keys of their claim and their own amounts.

    Args:
        claim_line: one row per (source, claim_type, claim_id, line_no).
        fact_claims: one row per claim; reads patient, provider, year and denial.
    Returns:
        One row per row of `claim_line`. Keys are -1 where unknown; `line_date_key` is null where undated.
    Source: CMS DE-SynPUF user manual; ResDAC claims record layouts.
    """
    claims = fact_claims.select(*_CLAIM, "patient_key", "provider_key", "claim_year", "is_denied")
    # The narrow claims on the left: from that side Sail builds its table of the join.
    return claims.join(claim_line, on=_CLAIM, how="right").selectExpr(
        *_CLAIM,
        "line_no",
        "bene_id",
        f"coalesce(patient_key, {UNKNOWN_KEY}L) AS patient_key",
        f"coalesce(provider_key, {UNKNOWN_KEY}L) AS provider_key",
        f"""{provider_key("'NPI'", "performing_npi")} AS performing_provider_key""",
        f"{diagnosis_key('line_dx_code_system', 'line_dx')} AS line_diagnosis_key",
        f"{date_key('line_date')} AS line_date_key",
        "line_date",
        "claim_year",
        "hcpcs",
        "modifiers",
        "revenue_center",
        "place_of_service",
        "specialty",
        "units",
        "line_payment_usd",
        "line_allowed_usd",
        "line_deductible_usd",
        "line_coinsurance_usd",
        "line_primary_payer_usd",
        "line_charge_usd",
        "line_noncovered_usd",
        "processing_code",
        "is_denied",
    )


@table(
    "gold.fact_prescriptions",
    key=["source", "event_id"],
    per=["source", "bene_id"],
    order=["source", "bene_id", "service_date"],
    optional=["dim_patient", "clm_ndc"],
)
def fact_prescriptions(drug_event: DataFrame, dim_patient: DataFrame, clm_ndc: DataFrame) -> DataFrame:
    """Prescription fills, each once, with keys of the dimensions.

    Args:
        drug_event: one row per (source, event_id).
        dim_patient: one row per version of a person; `patient_key` as in `with_patient_key`, by `service_date`.
        clm_ndc: optional names and classes of drugs, one row per `ndc9`.
    Returns:
        One row per row of `drug_event`. Keys are -1 where patient, prescriber or pharmacy are unknown; name and class
        are null without the list and for products that it lacks.
    Source: CMS DE-SynPUF user manual, Prescription Drug Events; ResDAC Part D Drug Event record layout.
    """
    fills = with_patient_key(drug_event, dim_patient, day="service_date").selectExpr("*", f"{NDC9} AS ndc9")
    names = clm_ndc.select("ndc9", "drug_name", "drug_class")
    return names.join(fills, on=["ndc9"], how="right").selectExpr(
        "source",
        "event_id",
        "bene_id",
        "patient_key",
        f"{provider_key('prescriber_id_type', 'prescriber')} AS prescriber_key",
        f"{provider_key('pharmacy_id_type', 'pharmacy')} AS pharmacy_key",
        f"{date_key('service_date')} AS service_date_key",
        "service_date",
        "year",
        "month",
        "ndc",
        "ndc9",
        "drug_name",
        "drug_class",
        "quantity",
        "days_supply",
        "total_cost_usd",
        "patient_pay_usd",
        "plan_pay_usd",
        "lics_usd",
        "other_usd",
        "plro_usd",
        "cost_per_day_usd",
        "fill_no",
        "brand_generic",
        "prescriber",
        "pharmacy",
    )
