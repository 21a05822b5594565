"""The benchmark at its smallest: it runs, its page has its parts, and a peer's answers agree with ours."""

import sys
from decimal import Decimal
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent
DATA_SETS = frozenset({"nh_provider_info", "nh_vbp_facility"})
#: The tables that the seven questions are answered from.
TABLES = (
    "gold.nh_readmission_facility",
    "gold.nh_state_staffing_readmission",
    "gold.nh_state_risk",
    "gold.nh_low_staffing_fines",
)


@pytest.fixture(scope="module")
def bench(tmp_path_factory):
    """One round of the smallest benchmark: the options and the results."""
    pytest.importorskip("pysail")
    with pytest.MonkeyPatch.context() as patch:
        patch.syspath_prepend(str(ROOT))
        from benchmarks.cases import Bench, Options

        options = Options(
            pythons={"sail": sys.executable},
            work=tmp_path_factory.mktemp("bench"),
            homes=53,
            times=1,
            only=frozenset({"duckdb", "full", "nothing"}),
            data_sets=DATA_SETS,
            select=TABLES,
        )
        yield options, Bench(options).execute()


@pytest.mark.slow
@pytest.mark.scenario
def test_bench_measures_every_step_in_a_process_of_its_own(bench):
    _, results = bench
    assert sorted(results.runs) == ["duckdb/first", "duckdb/second", "sail/full", "sail/nothing", "sail/start"]
    assert [run.error for runs in results.runs.values() for run in runs] == [""] * 5
    full = results.get("sail/full")
    assert full.wall_s > 0 and full.kept_mb > 0 and full.facts["rows_n"] > 0


@pytest.mark.slow
@pytest.mark.scenario
def test_answers_of_duckdb_agree_with_ours(bench):
    from benchmarks.questions import COLUMNS, compare

    _, results = bench
    found = compare(results.answers["sail/first"], results.answers["duckdb/first"])
    assert {question: one.is_full for question, one in found.items()} == dict.fromkeys(COLUMNS, True)
    assert found["hours"].ours_n > 0 and found["risk score"].ours_n > 0


@pytest.mark.slow
@pytest.mark.scenario
def test_page_tells_machine_and_goals(bench):
    from benchmarks.report import page

    options, results = bench
    text = page(results, options)
    assert "- Machine: " in text and "duckdb " in text
    assert "| Sail | nothing new | under 1 s |" in text
    assert "7 of 7: all rows agree" in text


def test_compare_counts_rows_that_differ_and_rows_of_one_side(monkeypatch):
    monkeypatch.syspath_prepend(str(ROOT))
    from benchmarks.questions import compare

    mine = {"readmission": [["a", 0.2, 1.0], ["b", 0.3, None], ["c", 0.1, 1.0]]}
    theirs = {"readmission": [["a", 0.2 + 1e-9, 1.0], ["b", 0.25, 1.0]]}
    found = compare(mine, theirs)["readmission"]
    assert (found.ours_n, found.theirs_n, found.agree_n, found.only_one_knows_n) == (3, 2, 1, 1)
    assert found.worst == {"rsrr": pytest.approx(0.05)}
    assert not found.is_full


@pytest.mark.parametrize(
    ("value", "bound", "at_least", "verdict"),
    [
        (1.2, 1.5, False, "met"),
        (3.0, 1.5, False, "missed by a factor of 2.00"),
        (2.0, 4.0, True, "missed by a factor of 2.00"),
        (1.0, 0.0, False, "missed"),
        (None, 1.0, False, ""),
    ],
)
def test_goal_tells_by_how_much_it_is_missed(monkeypatch, value, bound, at_least, verdict):
    monkeypatch.syspath_prepend(str(ROOT))
    from benchmarks.goals import Goal

    assert Goal("Sail", "case", "goal", value, bound, "x", at_least).verdict == verdict


@pytest.mark.parametrize(
    ("name", "kind"),
    [
        ("NH_ProviderInfo_Oct2024.csv", "nh_providerinfo"),
        ("NH_CovidVaxProvider_20241027.csv", "nh_covidvaxprovider"),
        ("PBJ_Daily_Nurse_Staffing_Q2_2024.csv", "pbj_daily_nurse_staffing"),
        ("FY_2024_SNF_VBP_Facility_Performance.csv", "fy_2024_snf_vbp_facility_performance"),
    ],
)
def test_kind_of_a_file_leaves_its_period_out(monkeypatch, name, kind):
    monkeypatch.syspath_prepend(str(ROOT))
    from benchmarks.child import kind_of

    assert kind_of(Path(name)) == kind


def test_results_of_a_second_run_are_added_to_those_of_the_first(monkeypatch, tmp_path):
    monkeypatch.syspath_prepend(str(ROOT))
    from benchmarks.cases import Results
    from benchmarks.kept import added, keep, kept
    from benchmarks.measure import Measured

    first = Results(
        {"sail/full": [Measured(2.0)], "spark/full": [Measured(9.0)]},
        {
            "sail/first": {"readmission": [["a", Decimal("1.5"), None]]},
            "duckdb/first": {"readmission": [["a", 1.5, None]]},
        },
    )
    first.compare_answers()
    assert {name: of["readmission"].is_full for name, of in first.agreements.items()} == {"duckdb/first": True}
    first.parts.append("full on sail and spark")
    keep(first, 53, tmp_path / "results.json")
    second = Results({"spark/full": [Measured(8.0)], "sail/claims 10%": [Measured(1.0)]}, parts=["claims on sail"])
    both = added(kept(tmp_path / "results.json", 53), second)
    assert kept(tmp_path / "results.json", 53).agreements == first.agreements != {}
    assert {name: runs[0].wall_s for name, runs in both.runs.items()} == {
        "sail/full": 2.0,
        "spark/full": 8.0,
        "sail/claims 10%": 1.0,
    }
    assert both.answers == {} and both.parts == ["full on sail and spark", "claims on sail"]
    # Measured again without the other side: what was found then says nothing of the new answers.
    for name in ("duckdb/first", "sail/full"):
        assert added(first, Results({name: [Measured(1.0)]})).agreements == {}
    assert added(first, Results({"duckdb/second": [Measured(1.0)]})).agreements == first.agreements
    with pytest.raises(SystemExit, match="another size than 54 homes"):
        kept(tmp_path / "results.json", 54)


def test_cases_beside_peers_run_in_turn_and_the_others_once(monkeypatch, tmp_path):
    monkeypatch.syspath_prepend(str(ROOT))
    from benchmarks import cases
    from benchmarks.cases import Bench, Options, Results
    from benchmarks.measure import Measured
    from benchmarks.report import _rounds

    ran = []
    monkeypatch.setattr(cases.data, "two_months", lambda *_: (tmp_path, tmp_path))
    for name in ("_warm", "_peer", "_months", "_growth", "_correction", "_merge", "_claims"):
        monkeypatch.setattr(Bench, name, lambda self, *told, name=name: ran.append((name, *told)))
    only = frozenset({"duckdb", "full", "growth", "merge"})
    Bench(Options({"sail": sys.executable}, tmp_path, 53, 2, only)).execute()
    beside = [("_warm",), ("_peer", "duckdb"), ("_months", "sail")]
    growth = [("_growth", "sail", quarters) for quarters in cases.GROWTH_QUARTERS]
    assert ran == [*beside, *growth, ("_merge", "sail"), *beside]

    three, once = [Measured(1.0)] * 3, [Measured(1.0)]
    assert _rounds(Results({"duckdb/first": once, "sail/full": once})) == "Every case ran once."
    assert _rounds(Results({"duckdb/first": three, "sail/full": three, "sail/late in 3": once})) == (
        "All contestants ran in turn, 3 times, and the median is told; what has no peer ran once."
    )
    assert "3 times (this library on Spark once), and" in _rounds(Results({"sail/full": three, "spark/full": once}))


@pytest.mark.slow
@pytest.mark.scenario
def test_claims_are_measured_at_two_sizes_each_with_a_late_delivery(monkeypatch, tmp_path):
    pytest.importorskip("pysail")
    monkeypatch.syspath_prepend(str(ROOT))
    from benchmarks.cases import Bench, Options
    from benchmarks.report import page

    tables = ("silver.claim", "gold.fact_claims")
    options = Options(
        {"sail": sys.executable}, tmp_path, 53, 1, frozenset({"claims"}), data_sets=DATA_SETS, select=tables
    )
    results = Bench(options).execute()
    assert [run.error for runs in results.runs.values() for run in runs] == [""] * 5
    few, all_people, late = (results.get(f"sail/claims {step}").facts for step in ("10%", "100%", "late into 100%"))
    assert 0 < few["read_n"] < all_people["read_n"] and 0 < late["rows_n"] < all_people["rows_n"]
    assert "| this library on Sail: late into 10% |" in page(results, options)
