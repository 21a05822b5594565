"""Claims by type and provider: a handful of claims, the arithmetic beside each figure."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest

from nh_lakehouse.gold.claims_queries_claims import q02_claims_by_year_type, q15_provider_volume

CLAIMS, PROVIDER = "gold.fact_claims", "gold.dim_provider"


def _usd(amount: float | str | None) -> Decimal | None:
    return None if amount is None else Decimal(str(amount))


def _claim(
    bene: str | None, year: int | None, usd: float | None, kind: str = "carrier", **others: Any
) -> dict[str, Any]:
    claim = {"source": "synpuf", "claim_type": kind, "bene_id": bene, "claim_year": year, "payment_usd": _usd(usd)}
    return claim | {"line_n": 1, "is_denied": False, "is_high_cost": False, "provider_key": -1} | others


def test_q02_people_once_claims_and_payments_each(frame: Any, values: Any) -> None:
    rows = [
        _claim("a", 2008, 100.25),
        _claim("a", 2008, -20.25),
        _claim("a", 2009, 10),
        _claim("b", 2009, None, "inpatient", line_n=3, is_denied=True),
        _claim("a", None, 5, "outpatient"),  # undated: in all alone
        _claim(None, 2009, 30, "inpatient", is_high_cost=True),  # of nobody known
    ]
    found = q02_claims_by_year_type(frame(CLAIMS, rows))
    columns = "period year claim_type claims_n people_n lines_n payment_usd payment_usd_n payment_usd_mean"
    assert values(found, columns) == [
        ("2008", 2008, "all", 2, 1, 2, _usd(80), 2, 40.0),  # 100.25 - 20.25
        ("2008", 2008, "carrier", 2, 1, 2, _usd(80), 2, 40.0),
        ("2009", 2009, "all", 3, 2, 5, _usd(40), 2, 20.0),  # 10 + 30
        ("2009", 2009, "carrier", 1, 1, 1, _usd(10), 1, 10.0),
        ("2009", 2009, "inpatient", 2, 1, 4, _usd(30), 1, 30.0),
        ("all", None, "all", 6, 2, 8, _usd(125), 5, 25.0),
        ("all", None, "carrier", 3, 1, 3, _usd(90), 3, 30.0),
        ("all", None, "inpatient", 2, 1, 4, _usd(30), 1, 30.0),
        ("all", None, "outpatient", 1, 1, 1, _usd(5), 1, 5.0),
    ]
    assert values(found.filter("period = 'all'"), "claim_type negative_payment_n denied_n high_cost_n") == [
        ("all", 1, 1, 1), ("carrier", 1, 0, 0), ("inpatient", 0, 1, 1), ("outpatient", 0, 0, 0)
    ]  # fmt: skip


def test_q02_amounts_that_no_claim_states_are_null(frame: Any, values: Any) -> None:
    rows = [
        _claim("a", 2008, 1, bene_deductible_usd=_usd(2), bene_coinsurance_usd=_usd(3.5), allowed_usd=_usd(9)),
        _claim("a", 2008, 1, bene_deductible_usd=_usd(4)),  # the coinsurance is not stated and counts as 0
        _claim("a", 2008, 1, "hha"),
    ]
    found = q02_claims_by_year_type(frame(CLAIMS, rows)).filter("period = '2008'")
    assert values(found, "claim_type allowed_usd total_charge_usd out_of_pocket_usd") == [
        ("all", _usd(9), None, _usd("9.50")), ("carrier", _usd(9), None, _usd("9.50")), ("hha", None, None, _usd(0))
    ]  # fmt: skip


def _provider(key: int, number: str, specialty: str | None = None, **others: Any) -> dict[str, Any]:
    return {
        "provider_key": key, "source": "synpuf", "provider_id_type": "CCN", "provider_id": number,
        "specialty": specialty,
    } | others  # fmt: skip


UNKNOWN_PROVIDER = {"provider_key": -1, "source": "unknown"}


def test_q15_providers_and_specialties(frame: Any, values: Any) -> None:
    providers = [
        UNKNOWN_PROVIDER,
        _provider(1, "01", "11", provider_name="FIRST", state="AL"),
        _provider(2, "02", "11"),
        _provider(3, "03"),
    ]
    rows = [
        _claim("a", 2008, 60, provider_key=1),
        _claim("a", 2008, 10, provider_key=2),
        _claim("b", 2009, 20, provider_key=2),
        _claim("a", 2008, None, provider_key=3),
        _claim("a", 2008, 10, provider_key=-1),
    ]
    found = q15_provider_volume(frame(CLAIMS, rows), frame(PROVIDER, providers))
    columns = "group_value claims_n people_n payment_usd payment_usd_mean payment_share payment_rank top_10_share"
    whole = found.filter("period = 'all'")
    assert values(whole.filter("group_by = 'provider'"), columns) == [
        ("CCN:01", 1, 1, _usd(60), 60.0, 0.6, 1, 0.9),  # of 100, of which 10 of nobody known
        ("CCN:02", 2, 2, _usd(30), 15.0, 0.3, 2, 0.9),
        ("CCN:03", 1, 1, None, None, None, 4, 0.9),
        ("unknown", 1, 1, _usd(10), 10.0, 0.1, 3, 0.9),
    ]
    assert values(whole.filter("group_by = 'specialty'"), columns) == [
        ("11", 3, 2, _usd(90), 30.0, 0.9, 1, 0.9),  # a person at two providers of it counts once
        ("unknown", 2, 1, _usd(10), 10.0, 0.1, 2, 0.9),
    ]
    of_year = found.filter("period = '2008' AND group_by = 'provider'")
    assert values(of_year, "year group_value group_label provider_key state specialty payment_share") == [
        (2008, "CCN:01", "FIRST", 1, "AL", "11", 0.75), (2008, "CCN:02", None, 2, None, "11", 0.125),
        (2008, "CCN:03", None, 3, None, None, None), (2008, "unknown", None, -1, None, None, 0.125),
    ]  # fmt: skip
    assert values(whole.filter("group_by = 'specialty'"), "group_value group_label provider_key state specialty") == [
        ("11", None, None, None, "11"), ("unknown", None, None, None, None)
    ]  # fmt: skip


def test_q15_the_ten_largest_leave_unknown_out(frame: Any, values: Any) -> None:
    providers = [UNKNOWN_PROVIDER, *[_provider(key, f"{key:02}") for key in range(1, 13)]]
    rows = [_claim("a", 2008, 5, provider_key=key) for key in range(1, 13)] + [_claim("a", 2008, 40)]
    found = q15_provider_volume(frame(CLAIMS, rows), frame(PROVIDER, providers)).filter("period = '2008'")
    shares = {row["top_10_share"] for row in found.filter("group_by = 'provider'").collect()}
    assert shares == {0.5}  # 10 of the 12 equal ones: 50 of 100


def test_q15_without_dimension_all_is_unknown(frame: Any, values: Any) -> None:
    found = q15_provider_volume(frame(CLAIMS, [_claim("a", 2008, 5, provider_key=7)]), frame(PROVIDER, []))
    assert values(found.filter("period = 'all'"), "group_by group_value provider_key payment_share top_10_share") == [
        ("provider", "unknown", -1, 1.0, None), ("specialty", "unknown", None, 1.0, None)
    ]  # fmt: skip


@pytest.mark.parametrize("payments", [(5, -5), (0, 0)], ids=["cancel out", "are 0"])
def test_q15_share_is_null_where_payments(payments: tuple[int, int], frame: Any, values: Any) -> None:
    rows = [_claim("a", 2008, usd, provider_key=key) for key, usd in zip((1, 2), payments)]
    found = q15_provider_volume(frame(CLAIMS, rows), frame(PROVIDER, [_provider(1, "01"), _provider(2, "02")]))
    assert values(found.filter("group_by = 'provider' AND period = 'all'"), "payment_share top_10_share") == [
        (None, None), (None, None)
    ]  # fmt: skip
