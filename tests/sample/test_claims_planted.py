"""That the outliers of a claims sample stand in its files, each where the truth says."""

from __future__ import annotations

from collections.abc import Iterator

from claims_landing import ClaimsLanding, slots

from nh_lakehouse.sample.claims import Planted

BOTH = ("synpuf", "rif")
EVERYWHERE = {
    "duplicate_billing", "service_after_death", "overlapping_stays", "impossible_day", "payment_outlier", "upcoding",
    "early_refill", "paid_over_allowed",
}  # fmt: skip
RIF_ALONE = {"office_during_stay", "doctor_shopping", "dme_without_visit"}


def planted(landing: ClaimsLanding, source: str, indicator: str) -> Iterator[Planted]:
    found = landing.report.truth.planted_for(source, indicator)
    assert found
    yield from found


def listed(events: tuple[str, ...]) -> str:
    return "(" + ", ".join(f"'{event}'" for event in events) + ")"


def test_each_source_has_every_outlier_that_its_files_can_show(claims: ClaimsLanding) -> None:
    found = {
        source: {item.indicator for item in claims.report.truth.planted if item.source == source} for source in BOTH
    }
    assert found == {"synpuf": EVERYWHERE, "rif": EVERYWHERE | RIF_ALONE}


def test_duplicates_are_equal_but_for_their_number(claims: ClaimsLanding) -> None:
    for item in planted(claims, "synpuf", "duplicate_billing"):
        found = claims.rows(
            f"SELECT DISTINCT * EXCLUDE (CLM_ID, filename) FROM syn_carrier WHERE CLM_ID IN {listed(item.events)}"
        )
        assert len(found) == 1 and len(item.events) == 2
        assert item.subject in found[0]
    for item in planted(claims, "rif", "duplicate_billing"):
        found = claims.rows(f"""
            SELECT LINE_NUM, HCPCS_CD, count(DISTINCT CLM_ID), count(DISTINCT (PRF_PHYSN_NPI, LINE_1ST_EXPNS_DT, LINE_SRVC_CNT))
            FROM rif_carrier WHERE CLM_ID IN {listed(item.events)} AND FINAL_ACTION IS DISTINCT FROM 'N' GROUP BY 1, 2
        """)
        assert {row[2:] for row in found} == {(2, 1)}


def test_services_after_death_are_after_death(claims: ClaimsLanding) -> None:
    events = [item.events[0] for item in planted(claims, "synpuf", "service_after_death")]
    found = claims.rows(f"""
        SELECT strptime(service, '%Y%m%d') > last_day(strptime(death, '%Y%m%d')) FROM (
            SELECT CLM_ID AS id, CLM_FROM_DT AS service, DESYNPUF_ID FROM syn_carrier
            UNION ALL SELECT PDE_ID, SRVC_DT, DESYNPUF_ID FROM syn_pde)
        JOIN (SELECT DESYNPUF_ID, max(BENE_DEATH_DT) AS death FROM syn_beneficiary GROUP BY 1) USING (DESYNPUF_ID)
        WHERE id IN {listed(tuple(events))}
    """)
    assert found == [(True,)] * len(events)


def test_care_goes_on_in_the_month_of_death_and_nothing_else_happens_after_it(claims: ClaimsLanding) -> None:
    found = claims.one("""
        SELECT {'month': count(*) FILTER (CLM_FROM_DT > death AND strptime(CLM_FROM_DT, '%Y%m%d') <= its_end),
                'late': count(*) FILTER (strptime(CLM_FROM_DT, '%Y%m%d') > its_end),
                'first': count(*) FILTER (death NOT LIKE '%01')}
        FROM syn_carrier JOIN (
            SELECT DESYNPUF_ID, max(BENE_DEATH_DT) AS death, last_day(strptime(max(BENE_DEATH_DT), '%Y%m%d')) AS its_end
            FROM syn_beneficiary WHERE BENE_DEATH_DT <> '' GROUP BY 1) USING (DESYNPUF_ID)
    """)
    assert (found["late"], found["first"]) == (3, 0)
    assert found["month"] > 0


def test_overlapping_stays_share_days_at_two_hospitals(claims: ClaimsLanding) -> None:
    subjects = [item.subject for item in planted(claims, "synpuf", "overlapping_stays")]
    pairs = claims.rows("""
        SELECT DISTINCT a.DESYNPUF_ID FROM syn_inpatient a JOIN syn_inpatient b USING (DESYNPUF_ID)
        WHERE a.PRVDR_NUM < b.PRVDR_NUM AND a.SEGMENT || b.SEGMENT = '11' AND strptime(least(a.NCH_BENE_DSCHRG_DT, b.NCH_BENE_DSCHRG_DT), '%Y%m%d')
              >= strptime(greatest(a.CLM_ADMSN_DT, b.CLM_ADMSN_DT), '%Y%m%d') + INTERVAL 1 DAY
    """)
    assert sorted(person for (person,) in pairs) == sorted(subjects)


def test_an_impossible_day_has_more_than_50_patients_or_24_hours(claims: ClaimsLanding) -> None:
    (public,) = planted(claims, "synpuf", "impossible_day")
    patients = claims.rows(f"""
        SELECT count(DISTINCT DESYNPUF_ID) FROM syn_carrier WHERE PRF_PHYSN_NPI_1 = '{public.subject}' GROUP BY CLM_FROM_DT
    """)
    assert patients == [(55,)]
    crowd, long = planted(claims, "rif", "impossible_day")
    seen = claims.rows(f"SELECT count(DISTINCT BENE_ID) FROM rif_carrier WHERE PRF_PHYSN_NPI = '{crowd.subject}'")
    hours = claims.rows(f"""
        SELECT sum(LINE_SRVC_CNT::INT) * 15 / 60 FROM rif_carrier
        WHERE PRF_PHYSN_NPI = '{long.subject}' AND HCPCS_CD = '97110' AND FINAL_ACTION IS DISTINCT FROM 'N'
    """)
    assert (seen, hours) == ([(55,)], [(28.0,)])  # 14 patients x 8 units x 15 minutes


def test_outliers_have_peers_and_stand_out(claims: ClaimsLanding) -> None:
    paid = slots("LINE_NCH_PMT_AMT_{n}::DOUBLE", 13)
    (dear,) = planted(claims, "synpuf", "payment_outlier")
    means = dict(claims.rows(f"""
        SELECT PRF_PHYSN_NPI_1, avg({paid}) FROM syn_carrier WHERE CLM_FROM_DT LIKE '2009%' GROUP BY 1 HAVING count(*) >= 30
    """))  # fmt: skip
    assert len(means) >= 200 and max(means, key=lambda npi: means[npi]) == dear.subject
    assert means[dear.subject] > 5 * sorted(means.values())[len(means) // 2]
    (coder,) = planted(claims, "rif", "upcoding")
    shares = dict(claims.rows("""
        SELECT PRF_PHYSN_NPI, avg((HCPCS_CD IN ('99205', '99215'))::INT) FROM rif_carrier
        WHERE HCPCS_CD BETWEEN '99201' AND '99215' AND PRVDR_SPCLTY = '11' AND LINE_1ST_EXPNS_DT LIKE '%-2016'
        GROUP BY 1 HAVING count(*) >= 30
    """))  # fmt: skip
    assert len(shares) >= 30
    assert shares[coder.subject] > 0.8 and sorted(shares.values())[-2] < 0.35


def test_refills_are_early_and_shoppers_have_many_sources(claims: ClaimsLanding) -> None:
    for item in planted(claims, "synpuf", "early_refill"):
        days = claims.rows(
            f"SELECT DISTINCT PROD_SRVC_ID, DAYS_SUPLY_NUM FROM syn_pde WHERE PDE_ID IN {listed(item.events)}"
        )
        assert len(days) == 1 and days[0][1] == "30" and len(item.events) == 5
    for item in planted(claims, "rif", "doctor_shopping"):
        found = claims.rows(f"""
            SELECT count(DISTINCT PRSCRBR_ID), count(DISTINCT SRVC_PRVDR_ID), count(DISTINCT PROD_SRVC_ID[:9])
            FROM rif_pde WHERE PDE_ID IN {listed(item.events)}
        """)
        assert found == [(6, 6, 1)]


def test_lines_are_paid_over_what_is_allowed(claims: ClaimsLanding) -> None:
    over = slots("(LINE_NCH_PMT_AMT_{n}::DOUBLE > 1.01 * LINE_ALOWD_CHRG_AMT_{n}::DOUBLE)::INT", 13)
    found = {event for (event,) in claims.rows(f"SELECT CLM_ID FROM syn_carrier WHERE {over} > 0")}
    assert found == {item.events[0] for item in planted(claims, "synpuf", "paid_over_allowed")}


def test_office_visits_stand_inside_a_stay(claims: ClaimsLanding) -> None:
    for item in planted(claims, "rif", "office_during_stay"):
        inside = claims.rows(f"""
            SELECT 1 FROM rif_carrier c JOIN rif_inpatient i USING (BENE_ID)
            WHERE c.CLM_ID IN {listed(item.events)} AND c.LINE_PLACE_OF_SRVC_CD = '11'
              AND strptime(c.CLM_FROM_DT, '%d-%b-%Y') BETWEEN strptime(i.CLM_ADMSN_DT, '%d-%b-%Y') + INTERVAL 1 DAY
                  AND strptime(i.NCH_BENE_DSCHRG_DT, '%d-%b-%Y') - INTERVAL 1 DAY
        """)
        assert inside


def test_equipment_comes_without_a_visit(claims: ClaimsLanding) -> None:
    for item in planted(claims, "rif", "dme_without_visit"):
        (person,) = claims.rows(f"SELECT DISTINCT BENE_ID FROM rif_dme WHERE CLM_ID IN {listed(item.events)}")
        for kind in ("carrier", "outpatient"):
            day = "strptime(CLM_FROM_DT, '%d-%b-%Y') BETWEEN '2015-08-01' AND '2016-02-05'"
            assert claims.one(f"SELECT count(*) FROM rif_{kind} WHERE BENE_ID = '{person[0]}' AND {day}") == 0
        # Day 400 of the years, long after the first claims.
        assert claims.rows(f"SELECT DISTINCT CLM_FROM_DT FROM rif_dme WHERE CLM_ID IN {listed(item.events)}") == [
            ("05-Feb-2016",)
        ]
