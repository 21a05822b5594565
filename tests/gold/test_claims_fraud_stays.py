"""Indicators from hospital stays."""

from __future__ import annotations

from typing import Any

from gold.stay_rows import claim, day, stay

from nh_lakehouse.gold.claims_fraud_rules import FraudRules
from nh_lakehouse.gold.claims_fraud_stays import office_during_stay, overlapping_stays

FOUND = "subject_id year value exposure_n is_flagged"
RULES = FraudRules()


def test_pairs_at_two_providers_that_share_two_days(frame: Any, values: Any) -> None:
    late = {"overlaps_other_provider": True}
    stays = [
        stay("a", 1, 10, "H1", bene_id="A"),
        stay("b", 9, 12, "H2", bene_id="A", **late),  # days 9 and 10
        stay("a", 1, 10, "H1", bene_id="B"),
        stay("b", 10, 12, "H2", bene_id="B"),  # day 10 alone: a transfer
        stay("a", 1, 20, "H1", bene_id="C"),
        stay("b", 2, 15, "H2", bene_id="C", **late),
        stay("c", 3, 4, "H3", bene_id="C", **late),  # with a and with b
        stay("a", 1, 20, "H1", bene_id="D"),
        stay("b", 5, 5, "H2", bene_id="D", **late),  # a day
        stay("a", 1, 10, "S1", bene_id="E", setting="snf"),
        stay("b", 2, 9, "S2", bene_id="E", setting="snf", **late),
    ]
    found = overlapping_stays(frame("silver.inpatient_stay", stays), RULES)
    assert values(found, FOUND) == [
        ("A", 2009, 1.0, 2, True),
        ("B", 2009, 0.0, 2, False),
        ("C", 2009, 3.0, 3, True),
        ("D", 2009, 0.0, 2, False),
    ]
    strict = overlapping_stays(frame("silver.inpatient_stay", stays), FraudRules(overlap_days=10))
    assert values(strict.where("is_flagged"), FOUND) == [("C", 2009, 1.0, 3, True)]  # a and b: days 2 to 15


def test_pair_counts_in_the_year_of_the_later_admission(frame: Any, values: Any) -> None:
    stays = [stay("a", 360, 380, "H1"), stay("b", 370, 375, "H2", overlaps_other_provider=True)]
    found = overlapping_stays(frame("silver.inpatient_stay", stays), RULES)
    assert values(found, FOUND) == [("P", 2009, 0.0, 1, False), ("P", 2010, 1.0, 1, True)]


def test_stays_at_the_same_provider_are_no_pair(frame: Any, values: Any) -> None:
    """b overlaps a; c, at the hospital of a, overlaps b."""
    late = {"overlaps_other_provider": True}
    stays = [stay("a", 1, 10, "H1"), stay("b", 5, 20, "H2", **late), stay("c", 11, 15, "H1", **late)]
    assert values(overlapping_stays(frame("silver.inpatient_stay", stays), RULES), FOUND) == [("P", 2009, 2.0, 3, True)]


def test_office_lines_on_whole_days_in_hospital(frame: Any, values: Any) -> None:
    def line(claim_id: str, at: int, **other: Any) -> dict[str, Any]:
        row = {"source": "rif", "claim_type": "carrier", "claim_id": claim_id, "line_no": 1, "bene_id": "P"}
        return row | {"place_of_service": "11", "line_date": day(at), "performing_npi": "1"} | other

    stays = [
        stay("a", 10, 20),
        stay("b", 12, 18, "H2", overlaps_other_provider=True),  # a line counts once
        stay("overnight", 40, 41),
        stay("nursing", 50, 60, setting="snf"),
    ]
    lines = [
        line("admission", 10),
        line("first whole day", 11),
        line("inside both", 15),
        line("last whole day", 19),
        line("discharge", 20),
        line("overnight", 40),
        line("nursing", 55),
        line("another's", 15, bene_id="Q", performing_npi="2"),
        line("hospital visit", 15, place_of_service="21", performing_npi="3"),
        line("outpatient", 15, claim_type="outpatient", performing_npi="4"),
        line("billed", 15, performing_npi=None),
    ]
    claims = [claim("billed", 15, 1, provider_id="9", provider_id_type="NPI")]
    frames = [frame("silver.claim_line", lines), frame("silver.claim", claims), frame("silver.inpatient_stay", stays)]
    assert values(office_during_stay(*frames, RULES), FOUND) == [
        ("NPI:1", 2009, 3.0, 7, True),
        ("NPI:2", 2009, 0.0, 1, False),
        ("NPI:9", 2009, 1.0, 1, True),
    ]
