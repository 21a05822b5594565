"""Rows of the research beneficiary files of each year, and of the history file."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from nh_lakehouse.sample.claims.era import NEVER, RIF, Flags
from nh_lakehouse.sample.claims.form import Form, Slots
from nh_lakehouse.sample.claims.headers import header_of
from nh_lakehouse.sample.claims.people import People
from nh_lakehouse.sample.claims.places import PLACES, county_code, zip_code
from nh_lakehouse.sample.claims.rif_text import beneficiary_numbers
from nh_lakehouse.sample.claims.synpuf_text import coded
from nh_lakehouse.sample.names import PERSON_NAMES, person_name
from nh_lakehouse.sample.randomness import Ints
from nh_lakehouse.sample.writing import Cells, choice, number, text

__all__ = ["history_rows", "year_rows"]

_FIXED = {
    "BENE_PTA_TRMNTN_CD": "0", "BENE_PTB_TRMNTN_CD": "0", "RDS_MO_CNT": "0", "ENRL_SRC": "CME", "EFIVEPCT": " ",
    "CRNT_BIC": "A",
}  # fmt: skip
_YEAR = Form(header_of("rif_beneficiary"), "|", _FIXED)
_HISTORY = Form(header_of("rif_beneficiary_history"), "|", _FIXED)
#: Codes of SynPUF to those of RIF, and a few that SynPUF does not have.
_RACES = ("0", "1", "2", "3", "4", "5", "6")
_DUAL = ("02", "04", "01", "08")


def year_rows(people: People, year: int) -> tuple[Cells, Flags]:
    """Rows of those who are in Medicare in a year and alive at its beginning, and who these are."""
    begin, end = int(RIF.year_starts[year]), int(RIF.year_starts[year + 1])
    here = people.alive_at(begin) & (people.entry < end)
    rows = np.flatnonzero(here)
    death = np.where(people.death[rows] < end, people.death[rows], NEVER)
    first = np.maximum(RIF.month_of(np.maximum(people.entry[rows], 0)) - 12 * year, 0)
    last = np.where(death == NEVER, 11, RIF.month_of(np.minimum(death, end)) - 12 * year)
    newcomer = np.maximum(people.entry[rows], 0) >= begin
    months = last - first + 1
    has_a, has_b = people.has_a[rows], people.has_b[rows]
    managed = _from_month(people.managed_from[rows], year)
    drugs = _from_month(people.drugs_from[rows], year)
    buy_in = np.where(has_a & has_b, 3, np.where(has_a, 1, np.where(has_b, 2, 0)))
    poor, numbers = people.poor[rows], people.numbers[rows]
    managed_months = np.where(has_a, np.maximum(last - np.maximum(managed, first) + 1, 0), 0)
    drug_months = np.maximum(last - np.maximum(drugs, first) + 1, 0)
    dual = np.where(poor, numbers % 4, np.where(numbers % 50 == 7, 5, 4))
    cells = _YEAR.rows(
        {
            "DML_IND": choice(newcomer | (year == 0), ("UPDATE", "INSERT")),
            **_person(people, rows, year),
            "DEATH_DT": RIF.dates(death),
            "RFRNC_YR": str(RIF.first_year + year),
            "A_MO_CNT": number(np.where(has_a, months, 0)),
            "B_MO_CNT": number(np.where(has_b, months, 0)),
            "BUYIN_MO_CNT": number(np.where(poor, months, 0)),
            "HMO_MO_CNT": number(managed_months),
            "PLAN_CVRG_MO_CNT": number(drug_months),
            "AGE": number(_age(people.birth[rows], np.minimum(death, end - 1))),
            "DUAL_MO_CNT": number(np.where(poor, months, 0)),
            "V_DOD_SW": choice(death < NEVER, ("", "V")),
            "RTI_RACE_CD": choice(people.race[rows], _RACES),
            **_months(first, last, buy_in, poor, managed, drugs, dual, people.state[rows, year], numbers),
        }
    )
    return cells, here


def _from_month(day: Ints, year: int) -> Ints:
    """Month of the year from which something holds: 0 if before, 12 if not in this year."""
    month = np.where(day >= NEVER, 10_000, RIF.month_of(np.clip(day, 0, RIF.days + 300)))
    return np.clip(month - 12 * year, 0, 12)


def _age(birth: Ints, day: Ints) -> Ints:
    """Whole years at the end of a day."""
    zero = np.datetime64(f"{RIF.first_year}-01-01", "D")
    born, now = (zero + birth).astype("datetime64[D]"), (zero + day).astype("datetime64[D]")
    years = now.astype("datetime64[Y]").astype(np.int64) - born.astype("datetime64[Y]").astype(np.int64)
    month_day = [
        (dates.astype("datetime64[M]").astype(np.int64) % 12) * 40
        + (dates - dates.astype("datetime64[M]")).astype(np.int64)
        for dates in (born, now)
    ]
    return years - (month_day[1] < month_day[0])


def _months(
    first: Ints,
    last: Ints,
    buy_in: Ints,
    poor: Flags,
    managed: Ints,
    drugs: Ints,
    dual: Ints,
    state: Ints,
    numbers: Ints,
) -> dict[str, Cells | Slots | str]:
    """The blocks of twelve monthly columns, blank in months without Medicare."""
    every = np.zeros(len(first), dtype=np.int64)
    plan = numbers % 9 + 1
    state_buy = np.where(poor, buy_in + 4, buy_in)
    return {
        "FIPS_STATE_CNTY_JAN_CD": _block(first, last, every, state, lambda _, code: f"{PLACES[code].fips}001"),
        "MDCR_STUS_JAN_CD": _block(first, last, every, every, lambda _, code: "10"),
        "MDCR_ENTLMT_BUYIN_1_IND": _block(first, last, every, state_buy, lambda _, code: "0123?ABC"[code]),
        "HMO_1_IND": _block(
            first, last, managed, numbers % 3, lambda inside, code: "C" if inside else ("", "0", "4")[code]
        ),
        "PTC_CNTRCT_JAN_ID": _block(first, last, managed, plan, lambda inside, code: f"Y000{code}" if inside else ""),
        "PTC_PBP_JAN_ID": _block(first, last, managed, plan, lambda inside, code: "800" if inside else ""),
        "PTD_CNTRCT_JAN_ID": _block(
            first, last, drugs, plan, lambda inside, code: f"Z000{code}" if inside else ("N", "*", "0", "")[code % 4]
        ),
        "PTD_PBP_JAN_ID": _block(first, last, drugs, plan, lambda inside, code: f"80{code % 5}" if inside else ""),
        "PTD_SGMT_JAN_ID": _block(first, last, drugs, plan, lambda inside, code: "000" if inside else ""),
        "RDS_JAN_IND": _block(first, last, every, every, lambda _, code: "N"),
        "META_DUAL_ELGBL_STUS_JAN_CD": _block(first, last, every, dual, lambda _, code: (*_DUAL, "NA", "00")[code]),
        "CST_SHR_GRP_JAN_CD": _block(first, last, every, dual, lambda _, code: "01" if code < 4 else "09"),
    }


def _block(first: Ints, last: Ints, since: Ints, code: Ints, label: Callable[[bool, int], str]) -> Slots:
    """Twelve cells: the label of a code and of whether something holds by then, from the first month to the last."""
    keys = ((first * 12 + last) * 13 + since) * 100 + code

    def cells(key: int) -> str:
        key, value = divmod(key, 100)
        key, holds = divmod(key, 13)
        begin, end = divmod(key, 12)
        return "|".join(label(month >= holds, value) if begin <= month <= end else "" for month in range(12))

    return Slots(coded(keys, cells), 12)


def _person(people: People, rows: Ints, year: int) -> dict[str, Cells]:
    numbers, state, county = people.numbers[rows], people.state[rows, year], people.county[rows, year]
    places = state * 100 + county
    young = people.birth[rows] > -65 * 365
    reason = np.where(people.kidney[rows, 0] & young, 2, young.astype(np.int64))
    names = [person_name(person % PERSON_NAMES).split(", ") for person in numbers.tolist()]
    # A comma is no separator in these files.
    surnames = [f"{last.title()}, Jr" if person % 40 == 3 else last.title()
                for (last, _), person in zip(names, numbers.tolist(), strict=True)]  # fmt: skip
    return {
        "BENE_ID": beneficiary_numbers(numbers),
        "STATE_CODE": choice(state, [place.ssa for place in PLACES]),
        "BENE_COUNTY_CD": coded(places, lambda key: PLACES[key // 100].ssa + county_code(*divmod(key, 100))),
        "BENE_ZIP_CD": _zips(state, county, numbers),
        "BENE_BIRTH_DT": RIF.dates(people.birth[rows]),
        "BENE_SEX_IDENT_CD": choice(people.sex[rows], ("0", "1", "2")),
        "BENE_RACE_CD": choice(np.where(numbers % 23 == 5, (numbers // 23 % 3) * 2, people.race[rows]), (*_RACES, "4")),
        "BENE_ENTLMT_RSN_ORIG": number(reason),
        "BENE_ENTLMT_RSN_CURR": number(np.where(reason == 2, 2, 0) * young + (reason == 1) * young),
        "BENE_ESRD_IND": choice(people.kidney[rows, year], ("0", "Y")),
        "BENE_MDCR_STATUS_CD": choice(young, ("10", "20")),
        "BENE_CRNT_HIC_NUM": text([f"T{1_000_006 + 4 * person:08d}A" for person in numbers.tolist()]),
        "BENE_SRNM_NAME": text(surnames),
        "BENE_GVN_NAME": text([given.title() for _, given in names]),
        "MBI_NUM": text([_medicare_number(person) for person in numbers.tolist()]),
    }  # fmt: skip


def _medicare_number(person: int) -> str:
    return f"1S{person % 100:02d}E{person // 100 % 100:02d}AA{person // 10_000:02d}"


def _zips(state: Ints, county: Ints, numbers: Ints) -> Cells:
    """ZIP codes; some unknown, written 00000 or left blank."""
    keys = (state * 100 + county) * 100 + numbers % 97 % 8
    keys = np.where(numbers % 61 == 9, -1, np.where(numbers % 61 == 10, -2, keys))
    return coded(
        keys, lambda key: ("", "00000")[key] if key < 0 else zip_code(key // 10_000, key // 100 % 100, key % 100)
    )


def history_rows(people: People) -> Cells:
    """One row per person as of the last year; people who moved have one for each place, with the days in between.

    The move is on the 1 July before the year whose file has the new place.
    """
    parts = []
    years = people.state.shape[1] - 1
    place = people.state[:, :years] * 100 + people.county[:, :years]
    for year in range(years):
        leaves = place[:, year] != place[:, min(year + 1, years - 1)]
        rows = np.flatnonzero((people.entry < RIF.days) & (leaves | (year == years - 1)))
        since = _last_change(place, year)[rows]
        begin = np.where(since > 0, RIF.year_starts[since] - 184, NEVER)
        end = np.where(leaves[rows], RIF.year_starts[year + 1] - 185, NEVER)
        cells = {**_person(people, rows, year), "EFCTV_BGN_DT": RIF.dates(begin), "EFCTV_END_DT": RIF.dates(end)}
        parts.append((rows, _HISTORY.rows({"DML_IND": "INSERT", **cells})))
    order = np.argsort(np.concatenate([rows for rows, _ in parts]), kind="stable")
    return pc.take(pa.concat_arrays([cells for _, cells in parts]), pa.array(order))


def _last_change(place: Ints, year: int) -> Ints:
    """The year up to the given one in which the place last changed, 0 if never."""
    last = np.zeros(len(place), dtype=np.int64)
    for earlier in range(1, year + 1):
        last = np.where(place[:, earlier] != place[:, earlier - 1], earlier, last)
    return last
