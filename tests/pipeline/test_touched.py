"""Deliveries that accumulate, and versions, cost what they touch, and give what a load of everything gives."""

from __future__ import annotations

import json
import random
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path

import pyarrow.parquet as pq
import pytest
from clinic import CLAIM, LINE, PERSON, arrive, clinic, desk, lab, listed, moves, roll
from support import all_tables, engine_name, rows_of
from thorough import THOROUGH, embedded_unless_thorough

from nh_lakehouse import Lakehouse
from nh_lakehouse.engines import Engine
from nh_lakehouse.lakehouse import placing
from nh_lakehouse.pipeline import reached, touched

SEEDS = range(12 if THOROUGH else 2 if engine_name() == "sail" else 1)
SPELL, SPEND = "silver.cln_spell", "gold.cln_spend"


@pytest.fixture(autouse=True)
def world(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """What changed is looked for however small a table is, and however large the change."""
    monkeypatch.setattr(touched, "SMALL_ROWS", 0)
    monkeypatch.setattr(touched, "LARGE_SHARE", 10.0)
    monkeypatch.setattr(reached, "LARGE_SHARE", 10.0)
    with clinic():
        yield


def compared(lake: Path) -> dict[str, list[dict]]:
    """Silver, gold and the quarantine, which all follow from the files alone."""
    return {**all_tables(lake), "ops.quarantine": rows_of(lake, "ops.quarantine")}


def nameless(tables: dict[str, list[dict]]) -> dict[str, list[str]]:
    """The tables without the names of files."""
    return {
        t: sorted(repr({k: v for k, v in r.items() if k not in ("file", "_row_hash")}) for r in rows)
        for t, rows in tables.items()
    }


def modes(report) -> dict[str, str]:
    return {t.table: t.mode for t in report.tables}


# --- any order, any split ------------------------------------------------------------------------------------------


def claims_files(chance: random.Random, landing: Path) -> list[Callable[[], object]]:
    """Files that share claims: adjusted, sent twice, with two contents for a line, without a number, with a bad cell."""

    def amount() -> str:
        return chance.choice(["1.00", "2.50", "n/a?", "7.25", ""])

    def lines() -> list[tuple]:
        found = []
        for claim in chance.sample(range(12), 6):
            for line in range(1, chance.randint(2, 4)):
                row = (f" {claim}" if chance.random() < 0.3 else claim, line, f"p{claim % 5}", "2024-01-02", amount())
                found += [row, row] if chance.random() < 0.1 else [row]
                found += [(*row[:4], "9.99")] if chance.random() < 0.1 else []
            found += [(claim, "", "p0", "2024-01-02", "1.00")] if chance.random() < 0.2 else []
        return found

    def visits() -> list[tuple]:
        chosen = chance.sample(range(12), 5)
        return [(c, f"p{c % 5}", "2024-02-03", amount(), amount(), amount()) for c in chosen] + [
            (chosen[0], "p1", "2024-02-03", "3.00", "", "")
        ]

    days = [f"2025-03-{chance.randint(1, 28):02d}T{chance.randint(0, 23):02d}:00" for _ in range(6)]
    files = [(lab, lines) if n < 4 else (desk, visits) for n in range(6)]
    contents = [make() for _, make in files]
    return [
        lambda n=n, write=write: write(landing, n, contents[n], modified=days[n])
        for n, (write, _) in enumerate(files)
    ]  # fmt: skip


@pytest.mark.parametrize("seed", SEEDS)
def test_claims_in_any_order_and_split_are_those_of_one_load(tmp_path: Path, engine: Engine, seed: int):
    chance = random.Random(seed)
    for write in (files := claims_files(chance, tmp_path / "whole")):
        write()
    arrive(tmp_path / "lake", tmp_path / "whole", engine)
    expected = compared(tmp_path / "lake")
    assert expected["ops.quarantine"] and len(expected[CLAIM]) > 10

    landing, split = tmp_path / "landing", tmp_path / "split"
    names = sorted(f.name for f in (tmp_path / "whole").iterdir())
    shuffled = chance.sample(names, len(names))
    assert len(files) == len(names)
    landing.mkdir()
    for batch in (shuffled[:2], shuffled[2:4], shuffled[4:]):
        for name in batch:
            (tmp_path / "whole" / name).rename(landing / name)
        report = arrive(split, landing, engine)
    assert compared(split) == expected
    assert "incremental" in {m for t, m in modes(report).items() if t in (CLAIM, LINE)}
    # One file taken back and sent again, which ends where it began.
    gone = landing / chance.choice(names)
    arrive(split, landing, engine, forget=gone.name)
    assert compared(split) != expected
    gone.rename(landing / gone.name.replace("_", "_again"))
    arrive(split, landing, engine)
    assert nameless(compared(split)) == nameless(expected)


def people_files(chance: random.Random, landing: Path) -> list[Callable[[], object]]:
    """Years of people in parts; some are missing or taken back, some moved, some are noted beside."""
    people = [f"p{n}" for n in range(8)]
    made: list[Callable[[], object]] = []
    for year in (2021, 2022, 2023):
        for label in ("1", "2", "3")[: chance.randint(1, 3)]:
            part = [p for p in people if chance.random() < (0.95 if label == "1" else 0.2)]
            towns = [(p, chance.choice("aab"), "2023-04-05" if chance.random() < 0.1 else None) for p in part]
            at = f"2025-03-{chance.randint(1, 28):02d}"
            acts = [(*t, "GONE" if chance.random() < 0.1 else "") for t in towns]
            made.append(lambda y=year, t=acts, n=label, m=at: listed(landing, y, t, label=n, modified=m))
            helped = [(*t, chance.choice("YN"), None) for t in towns if chance.random() < 0.9]
            helped += [("", "a", None, "Y", "Y")] if chance.random() < 0.3 else []
            made.append(lambda y=year, t=helped, n=label, m=at: roll(landing, y, t, label=n, modified=m))
    for number in (1, 2):
        notes = [(p, chance.choice("bcd"), f"202{chance.randint(0, 3)}-06-01") for p in chance.sample(people, 3)]
        made.append(lambda t=notes, n=number: moves(landing, n, t, modified=f"2025-04-0{n}"))
    return made


@embedded_unless_thorough
@pytest.mark.parametrize("seed", SEEDS)
def test_versions_in_any_order_and_split_are_those_of_one_load(tmp_path: Path, engine: Engine, seed: int):
    chance = random.Random(seed)
    files = people_files(chance, tmp_path / "landing")
    shuffled = chance.sample(files, len(files))
    third = len(files) // 3
    for batch in (shuffled[:third], shuffled[third : 2 * third], shuffled[2 * third : -1], shuffled[-1:]):
        for write in batch:
            write()
        arrive(tmp_path / "split", tmp_path / "landing", engine)
    arrive(tmp_path / "whole", tmp_path / "landing", engine)
    expected = compared(tmp_path / "whole")
    assert compared(tmp_path / "split") == expected and len(expected[PERSON]) > 10
    gone = chance.choice(sorted(f.name for f in (tmp_path / "landing").iterdir()))
    for lake in ("split", "whole"):
        arrive(tmp_path / lake, tmp_path / "landing", engine, forget=gone)
    arrive(tmp_path / "whole", tmp_path / "landing", engine, full_refresh=True)
    assert compared(tmp_path / "split") == compared(tmp_path / "whole")


@embedded_unless_thorough
def test_versions_are_rebuilt_for_those_alone_whom_a_change_may_reach(
    tmp_path: Path, engine: Engine, monkeypatch: pytest.MonkeyPatch
):
    seen: list[set[str]] = []
    real = reached.reached

    def watched(spec, columns, sources, store):
        found = real(spec, columns, sources, store)
        seen.append(set(pq.read_table(found.units)["person"].to_pylist()) if found else {"all"})
        return found

    monkeypatch.setattr("nh_lakehouse.pipeline.silver_history.reached", watched)
    landing, lake = tmp_path / "landing", tmp_path / "lake"
    people = [f"p{n}" for n in range(20)]
    for year in (2021, 2022):
        # The second year has 17 of 20 (85 %): nobody is closed.
        listed(landing, year, [(p, "a", None) for p in (people if year == 2021 else people[:17])])
    moves(landing, 1, [("p9", "a", "2021-01-01")])
    arrive(lake, landing, engine)
    # One person moved, in a correction of her row alone.
    listed(landing, 2022, [("p3", "b", None)], label="2", modified="2025-04-01")
    arrive(lake, landing, engine)
    # One more of the second year: 18 of 20 make it complete, and close the two who are missing.
    listed(landing, 2022, [("p17", "a", None)], label="3", modified="2025-04-01")
    arrive(lake, landing, engine)
    moves(landing, 2, [("p5", "c", "2022-07-01")], modified="2025-04-01")
    arrive(lake, landing, engine)
    assert seen[-3:] == [{"p3"}, {"p17", "p18", "p19"}, {"p5"}]
    closed = {r["person"] for r in rows_of(lake, PERSON) if r["closed_reason"]}
    assert closed == {"p18", "p19"}


class Killed(BaseException):
    """Not an Exception: nothing in the product may catch it and go on."""


@embedded_unless_thorough
def test_late_claims_and_a_move_killed_at_every_commit(tmp_path: Path, engine: Engine):
    landing = tmp_path / "landing"
    lab(landing, 1, [(n, 1, f"p{n % 3}", "2024-01-02", "1.00") for n in range(6)])
    listed(landing, 2022, [("p0", "a", None), ("p1", "a", None)])
    arrive(tmp_path / "base", landing, engine)
    lab(landing, 2, [(0, 1, "p0", "2024-01-02", "3.00"), (9, 1, "p9", "2024-01-02", "")], modified="2025-04-01")
    listed(landing, 2022, [("p1", "b", "2022-02-03")], label="2", modified="2025-04-01")
    clean = shutil.copytree(tmp_path / "base", tmp_path / "clean")
    commits: list[str] = []
    arrive(clean, landing, engine, after_commit=commits.append)
    assert {CLAIM, LINE, PERSON, SPELL, SPEND} <= set(commits)
    for number in range(len(commits)) if THOROUGH else (1, 3, 5, len(commits) - 2):
        lake = shutil.copytree(tmp_path / "base", tmp_path / f"killed_{number}")
        left = iter(range(number))

        def die(table: str, left: Iterator[int] = left) -> None:
            if next(left, None) is None:
                raise Killed(table)

        with pytest.raises(Killed):
            arrive(lake, landing, engine, after_commit=die)
        arrive(lake, landing, engine)
        assert compared(lake) == compared(clean), (number, commits)
        assert arrive(lake, landing, engine).status == "nothing_new"


# --- what is written -----------------------------------------------------------------------------------------------


def written(lake: Path, table: str, since: int) -> int:
    """Rows of the data files that commits after a version added, as the Delta log states them."""
    log = Lakehouse(lake).folder(table) / "_delta_log"
    lines = [line for f in sorted(log.glob("*.json")) if int(f.stem) > since for line in f.read_text().splitlines()]
    added = [json.loads(action["add"]["stats"]) for line in lines if "add" in (action := json.loads(line))]
    return sum(stats["numRecords"] for stats in added)


@embedded_unless_thorough
def test_late_claims_write_in_proportion(tmp_path: Path, engine: Engine, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(placing, "FILE_ROWS", 2048)
    landing, lake, chance = tmp_path / "landing", tmp_path / "lake", random.Random(1)
    # 5,000 claims of 5,000 people in no order: files of 2,048, 2,048 and 904 claims.
    people = chance.sample(range(5_000), 5_000)
    lab(landing, 1, [(n, 1, f"p{n:04d}", "2024-01-02", "1.00") for n in people])
    arrive(lake, landing, engine)
    reader = Lakehouse(lake)
    tables = (CLAIM, LINE, SPELL, SPEND)
    assert {t: len(reader.delta(t).file_uris()) for t in tables} == dict.fromkeys(tables, 3)

    def after(number: int, rows: list[tuple], day: str) -> dict[str, int]:
        since = {t: reader.version(t) for t in tables}
        lab(landing, number, rows, modified=day)
        report = arrive(lake, landing, engine)
        assert set(modes(report).values()) == {"incremental"}
        return {t: written(lake, t, since[t]) for t in tables}

    # New claims of a hundred new people (2 %): nothing that stands is written again.
    new = [(n, 1, f"q{n:04d}", "2024-01-02", "1.00") for n in range(5_000, 5_100)]
    assert after(2, new, "2025-04-01") == dict.fromkeys(tables, 100)
    # A hundred claims of people who stand together, adjusted: one file of each table.
    adjusted = [(n, 1, f"p{n:04d}", "2024-01-03", "2.00") for n in range(100, 200)]
    assert after(3, adjusted, "2025-05-01") == dict.fromkeys(tables, 2048)
    spent = {(r["person"], float(r["paid_usd"])) for r in rows_of(lake, SPEND)}
    assert spent == {(f"p{n:04d}", 2.0 if 100 <= n < 200 else 1.0) for n in range(5_000)} | {
        (f"q{n:04d}", 1.0) for n in range(5_000, 5_100)
    }
    told = {r["file"]: r["rows_read_n"] for r in reader.arrow("ops.loads").to_pylist() if r["target"] == CLAIM}
    assert told == {"Lab_1.csv": 5_000, "Lab_2.csv": 100, "Lab_3.csv": 100}


@embedded_unless_thorough
def test_large_change_and_small_table_are_loaded_as_a_whole(
    tmp_path: Path, engine: Engine, monkeypatch: pytest.MonkeyPatch
):
    landing, lake = tmp_path / "landing", tmp_path / "lake"
    lab(landing, 1, [(n, 1, "ann", "2024-01-02", "1.00") for n in range(10)])
    arrive(lake, landing, engine)
    for number, (small, share, mode) in enumerate([(100, 10.0, "full"), (0, 0.05, "full"), (0, 0.5, "incremental")]):
        monkeypatch.setattr(touched, "SMALL_ROWS", small)
        monkeypatch.setattr(touched, "LARGE_SHARE", share)
        lab(landing, number + 2, [(n, 1, "ann", "2024-01-02", f"{number + 2}.00") for n in (0, 50 + number)])
        assert modes(arrive(lake, landing, engine))[CLAIM] == mode
    paid = {r["claim_id"]: float(r["paid_usd"]) for r in rows_of(lake, CLAIM)}
    assert (paid["0"], paid["50"], paid["51"], paid["52"], len(paid)) == (4.0, 2.0, 3.0, 4.0, 13)
