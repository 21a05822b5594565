"""All indicators together, and their score."""

from __future__ import annotations

from typing import Any

import pytest
from gold.stay_rows import claim, day, settled, stay, usd

from nh_lakehouse.gold.claims_fraud import fraud_indicators

INPUTS = (
    "silver.claim", "silver.claim_line", "silver.drug_event", "silver.clm_beneficiary", "silver.inpatient_stay",
    "gold.clm_visit", "gold.claims_extent", "gold.dim_provider", "silver.clm_ndc", "silver.clm_hcpcs",
)  # fmt: skip


@pytest.fixture
def indicators(spark: Any, frame: Any) -> Any:
    def make(**tables: list[dict]) -> Any:
        found = fraud_indicators(*[frame(name, tables.get(name.split(".")[1], [])) for name in INPUTS])
        return settled(spark, "gold.fraud_indicators", found)

    return make


def world() -> dict[str, list[dict[str, Any]]]:
    """One person for whom, and two providers for whom, something can be told of every indicator without peers."""
    line = {"source": "rif", "claim_type": "carrier", "bene_id": "P", "line_no": 1, "hcpcs": "99213"}
    line |= {"line_payment_usd": usd(80), "line_allowed_usd": usd(100), "place_of_service": "11"}
    doubled = [line | {"claim_id": c, "performing_npi": "1", "line_date": day(1)} for c in ("a", "b")]
    inside = [line | {"claim_id": "c", "performing_npi": "2", "line_date": day(15)}]
    supplier = {"claim_type": "dme", "provider_id": "S", "provider_id_type": "SUPPLIER", "year": 2009}
    fill = {
        "source": "rif",
        "bene_id": "P",
        "ndc": "11111111101",
        "days_supply": 30,
        "prescriber": "1",
        "pharmacy": "2",
    }
    return {
        "claim": [claim("d", 250, 5, **supplier), claim("v", 200, 5)],
        "claim_line": doubled + inside,
        "drug_event": [fill | {"event_id": str(at), "service_date": day(at)} for at in (1, 31)],
        "clm_beneficiary": [{"source": "rif", "bene_id": "P", "death_date": day(240), "valid_from": day(1)}],
        "inpatient_stay": [stay("s", 10, 20)],
        "claims_extent": [{"source": "rif", "first_claim_date": day(1)}],
    }


def test_every_indicator_without_peers_has_rows_and_none_fires_on_all(indicators: Any, values: Any) -> None:
    found = indicators(**world())
    assert values(found, "subject_id indicator value exposure_n is_flagged") == [
        ("NPI:1", "duplicate_billing", 1.0, 2, True),
        ("NPI:1", "impossible_day", pytest.approx(30 / 1440), 1, False),  # two visits of 15 minutes
        ("NPI:1", "office_during_stay", 0.0, 2, False),
        ("NPI:1", "paid_over_allowed", 0.0, 2, False),
        ("NPI:1", "score", 0.25, 4, None),
        ("NPI:2", "duplicate_billing", 0.0, 1, False),
        ("NPI:2", "impossible_day", pytest.approx(15 / 1440), 1, False),
        ("NPI:2", "office_during_stay", 1.0, 1, True),
        ("NPI:2", "paid_over_allowed", 0.0, 1, False),
        ("NPI:2", "score", 0.25, 4, None),
        ("P", "doctor_shopping", 1.0, 2, False),
        ("P", "early_refill", 0.0, 1, False),
        ("P", "overlapping_stays", 0.0, 1, False),
        ("P", "score", 0.25, 4, None),
        ("P", "service_after_death", 1.0, 4, True),  # two claims, one of them after day 240, and two fills
        ("SUPPLIER:S", "dme_without_visit", 0.0, 1, False),
        ("SUPPLIER:S", "score", 0.0, 1, None),
    ]
    assert values(found.select("note").distinct(), "note") == [("indicator, not a finding",)]
    assert values(found.where("indicator <> 'score' AND threshold IS NULL"), "indicator") == []


def test_score_is_the_share_of_flagged_among_evaluated_and_ranked(indicators: Any, values: Any) -> None:
    found = indicators(**world()).where("indicator = 'score'")
    columns = "subject_type subject_id peer_group evaluated_n flagged_n value score_rank threshold"
    assert values(found, columns) == [
        ("beneficiary", "P", "all", 4, 1, 0.25, 1, None),
        ("provider", "NPI:1", "all", 4, 1, 0.25, 1, None),
        ("provider", "NPI:2", "all", 4, 1, 0.25, 1, None),
        ("provider", "SUPPLIER:S", "all", 1, 0, 0.0, 3, None),
    ]


def test_scores_of_many_subjects_in_one_window_stay_apart(indicators: Any, values: Any) -> None:
    """Provider n bills n % 3 + 1 claims of one service in each of two years; each has no allowed amount."""
    lines = [
        {"source": "rif", "claim_type": "carrier", "claim_id": f"{n}-{year}-{c}", "line_no": 1, "bene_id": "P"}
        | {"performing_npi": str(n), "hcpcs": "J0000", "line_date": day(1 + 365 * year)}
        for n in range(200)
        for year in range(2)
        for c in range(n % 3 + 1)
    ]
    found = indicators(claim_line=lines).where("indicator = 'score'")
    counted = found.groupBy("year", "evaluated_n", "flagged_n", "score_rank").count()
    # 67 of 200 numbers leave 0 (one claim, nothing doubled), 133 are doubled: rank 1, the others behind them
    assert values(counted, "year evaluated_n flagged_n score_rank count") == [
        (2009, 1, 0, 134, 67),
        (2009, 1, 1, 1, 133),
        (2010, 1, 0, 134, 67),
        (2010, 1, 1, 1, 133),
    ]


def test_score_counts_an_indicator_of_two_peer_groups_once(indicators: Any, values: Any) -> None:
    """Thirty hospitals bill outpatient and inpatient claims; of one both means are a thousand times those of the others."""
    of = {"provider_id_type": "CCN", "year": 2009}
    claims = [
        claim(f"{kind}{hospital}-{n}", 1, usd(100_000 if hospital == 0 else 90 + hospital), **of)
        | {"provider_id": f"H{hospital}", "claim_type": kind}
        for kind in ("inpatient", "outpatient")
        for hospital in range(30)
        for n in range(30)
    ]
    found = indicators(claim=claims).where("subject_id = 'CCN:H0'")
    assert values(found, "indicator peer_group is_flagged evaluated_n flagged_n value") == [
        ("payment_outlier", "inpatient:unknown", True, None, None, pytest.approx(100_000)),
        ("payment_outlier", "outpatient:unknown", True, None, None, pytest.approx(100_000)),
        ("score", "all", None, 1, 1, 1.0),
    ]


def test_score_leaves_out_what_could_not_be_compared(indicators: Any, values: Any) -> None:
    billing = {"provider_id": "H1", "provider_id_type": "CCN", "claim_type": "outpatient", "year": 2009}
    found = indicators(claim=[claim(str(n), 1, 10, **billing) for n in range(30)])
    assert values(found, "indicator peer_group exposure_n peer_n robust_z is_flagged") == [
        ("payment_outlier", "outpatient:unknown", 30, 1, None, None)
    ]
