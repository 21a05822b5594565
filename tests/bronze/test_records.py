"""Records of a text file: two parsers that agree, exact numbers, damage that costs its own line only."""

from __future__ import annotations

import random
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from support import write

from nh_lakehouse.bronze import records
from nh_lakehouse.bronze.probe import Probe, probe_file, read_header
from nh_lakehouse.bronze.records import CORRUPT, LINE, ROW, Parsed, parse_records

Row = tuple[Any, ...]


def rows_of(parsed: Parsed, columns: Sequence[str]) -> list[Row]:
    """Fields, row number, line number and reason of every staged record, in the order of the file."""
    rows = [(*[r[c] for c in columns], r[ROW], r[LINE], reason(r[CORRUPT])) for r in staged(parsed.paths).to_pylist()]
    assert len(rows) == parsed.rows_n
    assert sum(row[-1] is not None for row in rows) == parsed.corrupt_n
    return rows


def staged(paths: Iterable[Path]) -> pa.Table:
    """The staged files as one table, in the order of the landing file."""
    return pa.concat_tables([pq.read_table(p) for p in paths], promote_options="permissive").sort_by(ROW)


def reason(corrupt: str | None) -> str | None:
    """The short name in front of the details."""
    return None if corrupt is None else corrupt.split(":", 1)[0]


def parse(folder: Path, text: str | bytes, *, delimiter: str = ",") -> list[Row]:
    """Records of a file as a load reads them."""
    probe = probe_file(write(folder / "x.csv", text), folder)
    names = [f"c{i}" for i in range(len(read_header(probe.path, delimiter)))]
    return rows_of(parse_records(probe, names, delimiter, folder / "staged"), names)


def parse_twice(folder: Path, text: str) -> tuple[list[Row] | None, list[Row]]:
    """Records by the fast parser (None where it declines) and by the slow one."""
    probe = probe_file(write(folder / "x.csv", text), folder)
    names = [f"c{i}" for i in range(len(read_header(probe.path, ",")))]
    fast = records._parse_fast(probe, names, ",", folder / "fast") if probe.simple else None
    slow = records._parse_slowly(probe.path, names, ",", folder / "slow")
    return fast and rows_of(fast, names), rows_of(slow, names)


# --- what a record is ----------------------------------------------------------------------------------------------


@pytest.mark.parametrize("end", ["\n", "\r\n"], ids=["lf", "crlf"])
@pytest.mark.parametrize("last", ["", "\n", "\n\n\n"], ids=["no line end", "line end", "blank lines"])
def test_well_formed_records_are_read_as_they_stand(tmp_path, end, last):
    text = 'a,b,c\n1,,x\n"2","",""\n 3 ,"4,5","say ""6"""\nNULL,\\,#'
    assert parse(tmp_path, (text + last).replace("\n", end)) == [
        ("1", None, "x", 1, 2, None),
        ("2", None, None, 2, 3, None),
        (" 3 ", "4,5", 'say "6"', 3, 4, None),
        ("NULL", "\\", "#", 4, 5, None),
    ]


@pytest.mark.parametrize("delimiter", ["|", "\t", ";"])
def test_other_delimiters_divide_and_commas_do_not(tmp_path, delimiter):
    text = 'a|b\n1,5|"x|y"\n2\n'.replace("|", delimiter)
    assert parse(tmp_path, text, delimiter=delimiter) == [
        ("1,5", f"x{delimiter}y", 1, 2, None),
        ("2", None, 2, 3, "short_row"),
    ]


def test_short_and_long_rows_keep_their_fields_place_and_text(tmp_path):
    text = "a,b,c\n1,2,3\n4,5\n6,7,8,9\n10,11,12\n"
    assert parse(tmp_path, text) == [
        ("1", "2", "3", 1, 2, None),
        ("4", "5", None, 2, 3, "short_row"),
        ("6", "7", "8", 3, 4, "long_row"),
        ("10", "11", "12", 4, 5, None),
    ]
    assert staged(tmp_path.glob("staged*.parquet"))[CORRUPT].to_pylist()[1:3] == [
        "short_row: 2 fields, expected 3 | 4,5",
        "long_row: 4 fields, expected 3 | 6,7,8,9",
    ]


def test_unquoted_comma_before_empty_columns_is_a_long_row(tmp_path):
    # All after the comma stands one column too far, and nothing but an empty field is left over.
    text = "ccn,name,state,note\n015009,HOME A,AL,x\n015010,HOME, INC,AL,\n015011,HOME C,AL,\n"
    assert [(row[0], row[2], row[-1]) for row in parse(tmp_path, text)] == [
        ("015009", "AL", None),
        ("015010", " INC", "long_row"),
        ("015011", "AL", None),
    ]


def test_line_with_two_broken_quotes_is_itself_and_not_the_line_before(tmp_path):
    text = 'a,b,c\n1,2,3\n4,"x"y,"x"y\n5,6,7\n'
    assert parse(tmp_path, text) == [
        ("1", "2", "3", 1, 2, None),
        ("4", None, None, 2, 3, "bad_quote"),
        ("5", "6", "7", 3, 4, None),
    ]


def test_line_breaks_inside_quotes_belong_to_the_value_and_lines_are_counted_on(tmp_path):
    text = 'a,b\n1,"x\ny"\n2,z\n"3\n\n\n",w\n4,v\n'
    assert parse(tmp_path, text) == [
        ("1", "x\ny", 1, 2, None),
        ("2", "z", 2, 4, None),
        ("3\n\n\n", "w", 3, 5, None),
        ("4", "v", 4, 9, None),
    ]


@pytest.mark.parametrize("also", ["", '9,"fine\nbreak"\n'], ids=["alone", "beside a real break"])
def test_unclosed_quote_costs_its_own_line_only(tmp_path, also):
    text = f'a,b\n1,x\n2,"open\n3,y\n4,"z"\n{also}5,"open too\n6,w\n'
    found = [row for row in parse(tmp_path, text) if row[0] != "9"]
    assert [(row[0], row[1], row[-1]) for row in found] == [
        ("1", "x", None),
        ("2", None, "unclosed_quote"),
        ("3", "y", None),
        ("4", "z", None),
        ("5", None, "unclosed_quote"),
        ("6", "w", None),
    ]


def test_quote_that_stays_open_over_more_lines_than_a_value_has_was_never_closed(tmp_path):
    def records_of(breaks: int) -> list[Row]:
        return parse(tmp_path, 'a,b\n1,"' + "\n" * breaks + '"\n2,y\n')

    assert records_of(records.MAX_LINES_IN_RECORD) == [
        ("1", "\n" * 50, 1, 2, None),
        ("2", "y", 2, 53, None),
    ]
    assert [(r[0], r[-1]) for r in records_of(51)] == [("1", "unclosed_quote"), (None, "unclosed_quote"), ("2", None)]


@pytest.mark.parametrize(
    ("line", "kept", "why"),
    [
        ('1,"2,3",x,"y', ("1", "2,3", "x", None), "unclosed_quote"),
        ('"1","2 ""b""",x"y,"z"z', ("1", '2 "b"', 'x"y', None), "bad_quote"),
        ('"1,2,3,4', (None, None, None, None), "unclosed_quote"),
        ('1,,"x" y,4', ("1", None, None, None), "bad_quote"),
    ],
)
def test_damaged_line_keeps_the_fields_before_the_damage(tmp_path, line, kept, why):
    assert parse(tmp_path, f"a,b,c,d\n{line}\n5,6,7,8\n") == [(*kept, 1, 2, why), ("5", "6", "7", "8", 2, 3, None)]


@pytest.mark.parametrize("line", ['"x,1" ,"y"', ' "x,1","y"', '"x,1", "y"', '  "x,1"  ,  "y"  '])
def test_blanks_beside_quotes_do_not_belong_to_the_value(tmp_path, line):
    assert parse(tmp_path, f"a,b\n{line}\n") == [("x,1", "y", 1, 2, None)]


def test_quote_inside_an_unquoted_value_is_a_character(tmp_path):
    assert parse(tmp_path, 'a,b\n12" pipe,x\n6\'4",y\n') == [('12" pipe', "x", 1, 2, None), ("6'4\"", "y", 2, 3, None)]


def test_line_with_a_nul_byte_is_set_aside_and_shows_it(tmp_path):
    found = parse(tmp_path, b"a,b\n1,2\n3,\x004\n5,6\n" + b"7,8\n" * 9)
    assert found[:3] == [("1", "2", 1, 2, None), ("3", "4", 2, 3, "nul_byte"), ("5", "6", 3, 4, None)]
    assert pq.read_table(tmp_path / "staged.parquet")[CORRUPT][1].as_py().endswith("| 3,\\04")


def test_blank_lines_are_no_records_and_lines_are_counted_with_them(tmp_path):
    assert parse(tmp_path, "\na,b\n\n1,2\n\n\n3,4\n5\n\n") == [
        ("1", "2", 1, 4, None),
        ("3", "4", 2, 7, None),
        ("5", None, 3, 8, "short_row"),
    ]


def test_header_only_has_no_records(tmp_path):
    assert parse(tmp_path, "a,b\n") == parse(tmp_path, "a,b") == []


def test_value_of_five_million_characters_is_read_whole(tmp_path):
    ((first, second, *_, why),) = parse(tmp_path, "a,b\n1," + "x" * 5_000_000 + "\n")
    assert (first, len(second), why) == ("1", 5_000_000, None)


def test_raw_text_of_a_damaged_line_is_cut(tmp_path):
    parse(tmp_path, "a,b\n" + "x" * 9_000 + "\n")
    assert len(staged(tmp_path.glob("staged*.parquet"))[CORRUPT][0].as_py()) < 2_100


@pytest.mark.parametrize("name", ["x_[1].csv", "x_?.csv", "x_*.csv", 'o\'neil "q".csv', "x{a,b}.csv", "Größe 日本.csv"])
def test_name_that_looks_like_a_pattern_reads_its_own_file(tmp_path, name):
    write(tmp_path / "x_1.csv", "a,b\n1,wrong\n")
    write(tmp_path / "x_22.csv", "a,b\n1,wrong\n")
    probe = probe_file(write(tmp_path / name, "a,b\n1,right\n"), tmp_path)
    fast = records._parse_fast(probe, ["a", "b"], ",", tmp_path / "fast")
    assert fast is not None
    assert rows_of(fast, ["a", "b"]) == [("1", "right", 1, 2, None)]


# --- two parsers, one answer ---------------------------------------------------------------------------------------

TIDY = ["a", "1", "", " ", "é", '"x"', '"x,y"', '"x""y"']
WILD = [
    *TIDY,
    '"x\ny"',
    '"x\n\ny"',
    '"x',
    'x"y',
    'x"',
    '"x"y',
    ' "x"',
    '"x" ',
    '""',
    '"""',
    "\t",
    "'",
    "NULL",
    "\\",
    "#",
]


def random_text(seed: int) -> str:
    """A small file: mostly tidy or mostly wild values, short and long rows, blank lines, any line end."""
    chance = random.Random(seed)
    width, wildness = chance.choice([2, 3]), chance.choice([0, 0, 0.05, 0.5])
    lines = [",".join("abc"[:width])]
    for _ in range(chance.randint(1, 9)):
        fields = width if chance.random() < 0.85 else chance.randint(1, 5)
        values = [chance.choice(WILD if chance.random() < wildness else TIDY) for _ in range(fields)]
        lines.append(",".join(values))
        if chance.random() < 0.04:
            lines.append(chance.choice(["", " ", ","]))
    text = "\n".join(lines) + "\n" * chance.choice([0, 1, 1, 2, 3])
    return text if chance.random() < 0.7 else text.replace("\n", "\r\n")


def test_fast_and_slow_parser_agree_over_random_files(tmp_path):
    compared = 0
    for seed in range(120):
        fast, slow = parse_twice(tmp_path, random_text(seed))
        if fast is not None:
            compared += 1
            assert fast == slow, (seed, random_text(seed))
    assert compared > 50


def test_no_text_is_lost_whatever_the_damage(tmp_path):
    # Every line that is not blank is the beginning of a record or a part of one: line numbers rise, rows have no gap.
    for seed in range(1000, 1150):
        text = random_text(seed)
        probe = probe_file(write(tmp_path / "x.csv", text), tmp_path)
        names = [f"c{i}" for i in range(len(read_header(probe.path, ",")))]
        rows = rows_of(records._parse_slowly(probe.path, names, ",", tmp_path / "slow"), names)
        assert [row[-3] for row in rows] == list(range(1, len(rows) + 1))
        lines = [row[-2] for row in rows]
        assert lines == sorted(set(lines))
        starts = [n for n, line in enumerate(text.splitlines(), start=1) if line and n > 1]
        assert set(lines) <= set(starts)


def large_file(path: Path, rows: int, damaged: dict[int, str]) -> Probe:
    """A file whose first column is the row number, some rows damaged."""
    filler = "x" * 30
    lines = [damaged.get(n, f"{n},{filler},{n % 7}") for n in range(1, rows + 1)]
    return probe_file(write(path, "a,b,c\n" + "\n".join(lines) + "\n"), path.parent)


@pytest.mark.parametrize("damaged_n", [0, 1, 60, 250], ids=lambda n: f"{n} damaged")
def test_row_numbers_are_exact_over_megabytes_and_many_threads(tmp_path, damaged_n):
    rows = 250_000
    chosen = {1, rows, *random.Random(damaged_n).sample(range(1, rows + 1), damaged_n)} if damaged_n else set()
    damaged = {n: f"{n},short" if n % 2 else f"{n},long,1,2" for n in chosen}
    probe = large_file(tmp_path / "x.csv", rows, damaged)
    assert probe.size_bytes > 9_000_000
    parsed = parse_records(probe, ["a", "b", "c"], ",", tmp_path / "staged")
    assert (parsed.rows_n, parsed.corrupt_n) == (rows, len(damaged))
    found = staged(parsed.paths)
    numbers = list(range(1, rows + 1))
    assert found[ROW].to_pylist() == found["a"].cast(pa.int32()).to_pylist() == numbers
    assert found[LINE].to_pylist() == [n + 1 for n in numbers]
    reasons = {n: reason(text) for n, text in enumerate(found[CORRUPT].to_pylist(), start=1) if text}
    assert reasons == {n: "short_row" if n % 2 else "long_row" for n in damaged}
