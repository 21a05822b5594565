"""Which claims files a sample has, that they are the same every time, and what a later delivery brings."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from claims_landing import ClaimsLanding

from nh_lakehouse.errors import ConfigError
from nh_lakehouse.sample import generate_claims_delivery, generate_claims_sample

NAMES = [
    "DE1_0_2008_Beneficiary_Summary_File_Sample_1.csv",
    "DE1_0_2008_to_2010_Carrier_Claims_Sample_1A.csv",
    "DE1_0_2008_to_2010_Carrier_Claims_Sample_1B.csv",
    "DE1_0_2008_to_2010_Inpatient_Claims_Sample_1.csv",
    "DE1_0_2008_to_2010_Outpatient_Claims_Sample_1.csv",
    "DE1_0_2008_to_2010_Prescription_Drug_Events_Sample_1.csv",
    "DE1_0_2009_Beneficiary_Summary_File_Sample_1.csv",
    "DE1_0_2010_Beneficiary_Summary_File_Sample_1.csv",
    "beneficiary_2015.csv",
    "beneficiary_2016.csv",
    "beneficiary_2017.csv",
    "beneficiary_history.csv",
    "carrier.csv",
    "dme.csv",
    "export_summary.csv",
    "hha.csv",
    "hospice.csv",
    "inpatient.csv",
    "outpatient.csv",
    "pde.csv",
    "snf.csv",
]


def contents(folder: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in folder.iterdir()}


def lines(path: Path) -> list[str]:
    return path.read_text(encoding="utf-8").splitlines()


def test_sample_writes_the_same_bytes_for_the_same_seed_and_others_for_another(tmp_path: Path) -> None:
    for name, seed in (("one", 1), ("two", 1), ("other", 2)):
        generate_claims_sample(tmp_path / name, people=60, seed=seed)
    assert contents(tmp_path / "one") == contents(tmp_path / "two")
    one, other = contents(tmp_path / "one"), contents(tmp_path / "other")
    # These hold no data.
    empty = {"DE1_0_2008_to_2010_Carrier_Claims_Sample_2B.csv", "readme.txt", f"._{NAMES[0]}"}
    assert {name for name in one if one[name] == other.get(name)} == empty


def test_people_are_the_same_in_a_larger_sample(tmp_path: Path) -> None:
    for people in (40, 120):
        generate_claims_sample(tmp_path / str(people), people=people, dirt=False)
    for year in (2008, 2009, 2010):
        name = f"DE1_0_{year}_Beneficiary_Summary_File_Sample_1.csv"
        small, large = (lines(tmp_path / str(people) / name) for people in (40, 120))
        # Outliers are other people's in a larger sample; they may change amounts, not who somebody is.
        assert [line.split(",")[:23] for line in small] == [line.split(",")[:23] for line in large[: len(small)]]


def test_files_are_named_as_published_and_their_rows_reported(claims: ClaimsLanding) -> None:
    assert [file.name for file in claims.report.files] == NAMES
    found = {name: len(lines(claims.folder / name)) - 1 for name in NAMES}
    assert found == {file.name: file.rows for file in claims.report.files}


def test_density_is_that_of_the_published_sample(claims: ClaimsLanding) -> None:
    rows = claims.report.rows_of
    # 66,773 inpatient, 790,790 outpatient, 4,741,335 carrier rows and 5,552,421 fills of 116,352 people.
    assert rows(NAMES[3]) / 2_000 == pytest.approx(66_773 / 116_352, rel=0.12)
    assert rows(NAMES[4]) / 2_000 == pytest.approx(790_790 / 116_352, rel=0.12)
    assert (rows(NAMES[1]) + rows(NAMES[2])) / 2_000 == pytest.approx(4_741_335 / 116_352, rel=0.12)
    assert rows(NAMES[5]) / 2_000 == pytest.approx(5_552_421 / 116_352, rel=0.12)


def test_sources_and_years_can_be_left_out(tmp_path: Path) -> None:
    one = generate_claims_sample(tmp_path / "one", people=20, sources=["synpuf"], years=2, dirt=False)
    assert [file.name for file in one.files] == NAMES[:7]
    two = generate_claims_sample(tmp_path / "two", people=20, sources=["rif"], years=1, dirt=False)
    assert [file.name for file in two.files] == [NAMES[8], *NAMES[11:]]
    assert two.truth.people == {"rif": 20}


def test_later_delivery_has_the_next_year_and_new_claims_of_few_people(tmp_path: Path) -> None:
    generate_claims_sample(tmp_path / "first", people=300, dirt=False)
    report = generate_claims_delivery(tmp_path / "later", people=300, late_share=0.05)
    names = [file.name for file in report.files]
    assert {"DE1_0_2011_Beneficiary_Summary_File_Sample_1.csv", "beneficiary_2018.csv", "carrier_late.csv"} <= set(
        names
    )
    first = lines(tmp_path / "first" / NAMES[1]) + lines(tmp_path / "first" / NAMES[2])
    later = lines(tmp_path / "later" / "DE1_0_2008_to_2010_Carrier_Claims_Sample_1A_late.csv")[1:]
    people, known = {line.split(",")[0] for line in later}, {line.split(",")[0] for line in first}
    assert 0 < len(people) <= 30
    # Nearly all of them had claims before.
    assert len(people & known) >= len(people) - 2
    assert not {line.split(",")[1] for line in later} & {line.split(",")[1] for line in first}


def test_people_who_died_are_missing_in_the_next_year(tmp_path: Path) -> None:
    sample = generate_claims_sample(tmp_path, people=400, sources=["synpuf"], dirt=False)
    later = generate_claims_delivery(tmp_path, people=400, sources=["synpuf"], late_share=0)
    counts = {**sample.truth.beneficiaries, **later.truth.beneficiaries}
    assert counts["synpuf/2008"] - counts["synpuf/2011"] == sample.truth.deaths["synpuf"]


@pytest.mark.parametrize(
    "options",
    [{"people": 19}, {"people": 200_001}, {"years": 0}, {"years": 4}, {"sources": ["medicaid"]}],
    ids=["too few people", "too many people", "no year", "too many years", "no such source"],
)
def test_sample_refuses_arguments_out_of_range(tmp_path: Path, options: dict[str, Any]) -> None:
    with pytest.raises(ConfigError) as caught:
        generate_claims_sample(tmp_path / "out", **options)
    assert caught.value.option in options
    assert not (tmp_path / "out").exists()


def test_delivery_refuses_a_share_out_of_range(tmp_path: Path) -> None:
    with pytest.raises(ConfigError) as caught:
        generate_claims_delivery(tmp_path / "out", people=50, late_share=1.5)
    assert caught.value.option == "late_share"
