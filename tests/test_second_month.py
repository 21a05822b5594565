"""The second month of the benchmark: what it changes, and that it changes nothing else."""

import csv
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent
HOMES = 1_000


@pytest.fixture(scope="module")
def months(tmp_path_factory):
    """Folders of a first month of three small files and of the second one."""
    with pytest.MonkeyPatch.context() as patch:
        patch.syspath_prepend(str(ROOT))
        from benchmarks.second_month import write_second_month

        first, second = (tmp_path_factory.mktemp(n) for n in ("first", "second"))
        hours = "Reported Total Nurse Staffing Hours per Resident per Day"
        write(
            first / "NH_ProviderInfo_Oct2024.csv",
            ["CCN", "Number of Certified Beds", hours, "Processing Date"],
            [[f"01{n:04d}", 100, "4.00000", "2024-10-01"] for n in range(HOMES)],
        )
        write(
            first / "NH_QualityMsr_Claims_Oct2024.csv",
            ["CCN", "Adjusted Score", "Processing Date"],
            [[f"01{n:04d}", "20.000000", "2024-10-01"] for n in range(HOMES)],
        )
        write(
            first / "NH_CovidVaxProvider_20241027.csv",
            ["CCN", "Date vaccination data last updated"],
            [["015009", "10/27/2024"]],
        )
        write(first / "FY_2024_SNF_VBP_Facility_Performance.csv", ["CCN", "Rank"], [["015009", 1]])
        write_second_month(first, second)
        return first, second


def write(path: Path, header: list, rows: list) -> None:
    with path.open("w", newline="") as file:
        csv.writer(file, lineterminator="\n").writerows([header, *rows])


def read(path: Path) -> list[list[str]]:
    with path.open(newline="") as file:
        return list(csv.reader(file))[1:]


def test_files_of_a_month_come_again_under_its_name_and_day(months):
    _, second = months
    assert sorted(p.name for p in second.iterdir()) == [
        "NH_CovidVaxProvider_20241124.csv",
        "NH_ProviderInfo_Nov2024.csv",
        "NH_QualityMsr_Claims_Nov2024.csv",
    ]
    assert read(second / "NH_CovidVaxProvider_20241124.csv") == [["015009", "11/24/2024"]]


def test_one_home_in_twenty_changes_some_vanish_and_as_many_are_new(months):
    first, second = months
    before = {row[0]: row[1:3] for row in read(first / "NH_ProviderInfo_Oct2024.csv")}
    after = {row[0]: row[1:3] for row in read(second / "NH_ProviderInfo_Nov2024.csv")}
    changed = [ccn for ccn in before.keys() & after.keys() if before[ccn] != after[ccn]]
    # 1,000 homes: every twentieth is 50; two vanish (one in 500), two are new.
    assert (len(changed), len(before.keys() - after.keys()), len(after.keys() - before.keys())) == (50, 2, 2)
    assert {tuple(after[ccn]) for ccn in changed} == {("101", "4.04000")}


def test_one_score_in_ten_changes(months):
    scores = [
        read(folder / f"NH_QualityMsr_Claims_{m}2024.csv") for folder, m in zip(months, ("Oct", "Nov"), strict=True)
    ]
    assert sum(a[1] != b[1] for a, b in zip(*scores, strict=True)) == 100
    assert {row[2] for row in scores[1]} == {"2024-11-01"}


def test_interrupted_benchmark_keeps_what_it_measured(monkeypatch, tmp_path):
    monkeypatch.syspath_prepend(str(ROOT))
    from benchmarks import cases
    from benchmarks.measure import Measured

    def interrupt() -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(cases.data, "two_months", lambda *a: (tmp_path, tmp_path))
    bench = cases.Bench(cases.Options(pythons={"sail": sys.executable}, work=tmp_path))
    monkeypatch.setattr(
        bench, "_beside_peers", lambda: [lambda: bench.results.add("sail/full", Measured(1.0)), interrupt]
    )
    assert list(bench.execute().runs) == ["sail/full"]
