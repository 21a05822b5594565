"""The page that holds the figures printed in the nursing-home pipeline document against those computed here.

    python scripts/printed_figures.py                   # generates files of true size, loads them, writes the page
    python scripts/printed_figures.py --lakehouse DIR   # of a lakehouse that is there
    python scripts/printed_figures.py --check           # is the page that of the declarations? (without computing)

The figures, their queries and the reasons are declared in `printed_figures.yaml`.
"""

from __future__ import annotations

import argparse
import re
import shutil
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import yaml

from nh_lakehouse import Lakehouse, RunOptions, generate_sample, open_engine, run

ROOT = Path(__file__).resolve().parent.parent
DECLARED = Path(__file__).with_suffix(".yaml")
PAGE = ROOT / "docs" / "printed_figures.md"
BUILD = ROOT / "build" / "printed_figures"
#: Nursing homes in Provider Information, October 2024.
HOMES = 14_814
DATA_SETS = ("nh_provider_info", "nh_penalties", "nh_vbp_facility", "nh_vbp_aggregate")
NOT_PUBLISHED = "not published"

INTRO = """# The printed figures

The nursing-home pipeline document prints figures on the nation's homes in October 2024. Here each stands beside the
publisher's total, where there is one, and beside what this library computes with the formulas of its tables.

**Computed here means: on generated files of true size.** Their homes are made up. Means, quartiles and missing values
of the generated columns follow the official distributions, hours and turnover of a state the published ones; how
columns hang together (correlations, differences between kinds of homes) is the generator's choice. So the column shows
what a formula gives on input of that kind, not the nation's figure: for that, load the official files and run the same
queries.

Written by `make printed` from `scripts/printed_figures.yaml`; section numbers are those of the document.
"""

STATE_SQL = (
    "SELECT max(printf('%.1f h, %.1f %%, %+.2f', total_hprd_mean, 100 * rsrr_mean, correlation)) "
    "FROM gold.nh_state_staffing_readmission WHERE state = '{state}' AND snapshot_month = DATE '2024-10-01'"
)
STATE_WHY = (
    "The printed hours disagree with the publisher's state averages; the printed rates scatter around the printed mean "
    "of 16.8 %, those of the file around 20.2 %."
)
BAND_SQL = (
    "SELECT max(printf('%,d homes, a %.2f, b %.2f, c %.2f %%, index %,.2f', facility_n, "
    "penalty_pct_mean, penalty_pct_mean_penalized, -payment_change_pct_mean, penalty_index_pct_doc)) "
    "FROM gold.nh_penalty_by_staffing_band WHERE staffing_band = '{band}' AND snapshot_month = DATE '2024-10-01'"
)
BAND_WHY = (
    "The printed row is consistent in itself (index = homes x mean). The index adds up percentages of different homes "
    "and has no meaning; it is kept for this comparison alone."
)
KIND_SQL = (
    "SELECT max(printf('%.1f h, %,d homes', total_hprd_mean, facility_n)) FROM gold.nh_staffing_by_state_type "
    "WHERE state = '{state}' AND hospital_based = '{hospital}' AND provider_type = 'all' AND ownership_class = 'all' "
    "AND is_chain = 'all' AND snapshot_month = DATE '2024-10-01'"
)
KIND_WHY = (
    "The document takes the provider type for the place; that column tells the programme (Medicare, Medicaid, both). "
    "Homes in hospitals are those of `Provider Resides in Hospital`. The printed numbers of the nation add up to "
    "15,468, more than there are."
)


@dataclass(frozen=True)
class Figure:
    """One printed figure.

    Attributes:
        number: place on the page, from 1.
        figure: what it is.
        printed: as the document prints it, with the sections.
        official: the publisher's total, or that there is none.
        sql: DuckDB query of one value.
        form: Python format of a number; a text stays as it is.
        why: the reason for the difference.
    """

    number: int
    figure: str
    printed: str
    official: str
    sql: str
    form: str
    why: str

    @property
    def tables(self) -> list[str]:
        """The tables that the query reads."""
        return sorted(set(re.findall(r"\bgold\.\w+", self.sql)))


@dataclass(frozen=True)
class Group:
    """Figures under one heading."""

    title: str
    intro: str
    figures: tuple[Figure, ...]


def declared(path: Path = DECLARED) -> list[Group]:
    """The declared figures, numbered in their order."""
    groups, number = [], 0
    for entry in yaml.safe_load(path.read_text(encoding="utf-8"))["groups"]:
        figures = []
        for figure in entry["figures"]:
            number += 1
            figures.append(_figure(number, figure))
        groups.append(Group(entry["title"], entry.get("intro", ""), tuple(figures)))
    return groups


def _figure(number: int, entry: Mapping[str, object]) -> Figure:
    made: dict[str, object] = {"official": NOT_PUBLISHED, "form": "{}", **entry}
    if "state" in entry:
        made.update(sql=STATE_SQL.format(state=made.pop("state")), why=STATE_WHY)
    elif "band" in entry:
        made.update(sql=BAND_SQL.format(band=made.pop("band")), why=BAND_WHY)
    elif "kind" in entry:
        kind = made.pop("kind")
        assert isinstance(kind, list)
        made.update(sql=KIND_SQL.format(state=kind[0], hospital=kind[1]), why=KIND_WHY)
    return Figure(number=number, **{name: str(value) for name, value in made.items()})


def compute(lake: Lakehouse, groups: Sequence[Group]) -> dict[int, str]:
    """The value of every figure as text, by its number."""
    values = {}
    with lake.duckdb(tables_of(groups)) as connection:
        for figure in (f for group in groups for f in group.figures):
            rows = connection.execute(figure.sql).fetchall()
            if len(rows) != 1 or len(rows[0]) != 1:
                raise ValueError(f"{figure.figure}: the query has to give one value, and gave {rows}")
            value = rows[0][0]
            text = isinstance(value, str)
            values[figure.number] = "null" if value is None else value if text else figure.form.format(float(value))
    return values


def tables_of(groups: Sequence[Group]) -> list[str]:
    """The tables that the queries read."""
    return sorted({table for group in groups for figure in group.figures for table in figure.tables})


def page_of(groups: Sequence[Group], values: Mapping[int, str]) -> str:
    """The page, with these computed values."""
    return "\n".join([INTRO, *(_section(group, values) for group in groups)])


def _section(group: Group, values: Mapping[int, str]) -> str:
    lines = [f"## {group.title}", ""]
    if group.intro:
        lines += [group.intro, ""]
    lines += ["| No | Figure | Printed (section) | Official | Computed here | From | Why they differ |"]
    lines += ["|---|---|---|---|---|---|---|"]
    for f in group.figures:
        tables = ", ".join(f"`{table}`" for table in f.tables) or "a formula"
        cells = [str(f.number), f.figure, f.printed, f.official, values[f.number], tables, f.why]
        lines.append("| " + " | ".join(cell.replace("|", "\\|") for cell in cells) + " |")
    lines += ["", "<details><summary>Queries</summary>", "", "```sql"]
    lines += [f"{f.sql.strip()}; -- {f.number}" for f in group.figures]
    return "\n".join([*lines, "```", "", "</details>", ""])


def values_in(page: str) -> dict[int, str]:
    """The computed values of a page, by the figure's number."""
    rows = re.findall(r"^\| (\d+) \| (.*) \|$", page, re.MULTILINE)
    cells = {int(number): re.split(r" (?<!\\)\| ", rest) for number, rest in rows}
    return {number: cell[3].replace("\\|", "|") for number, cell in cells.items() if len(cell) == 6}


def is_current(page: str, groups: Sequence[Group]) -> bool:
    """Whether everything but the computed values is what the declarations say."""
    values = values_in(page)
    numbers = [f.number for group in groups for f in group.figures]
    return list(values) == numbers and page == page_of(groups, values)


def load_true_size(folder: Path, tables: Sequence[str]) -> Lakehouse:
    """A lakehouse of generated files of true size, made anew."""
    shutil.rmtree(folder, ignore_errors=True)
    generate_sample(folder / "landing", homes=HOMES, months=1, quarters=0, data_sets=DATA_SETS)
    engine = open_engine("sail")
    options = RunOptions(lakehouse=folder / "lakehouse", landing=folder / "landing", select=tuple(tables))
    try:
        report = run(options, lambda: engine)
    finally:
        engine.stop()
    if report.exit_code != 0:
        raise SystemExit("the load failed: " + "; ".join(report.errors))
    return Lakehouse(folder / "lakehouse")


def main(arguments: Sequence[str] | None = None) -> int:
    """Write the page, or tell whether it is current."""
    parser = argparse.ArgumentParser(description="The figures printed in the nursing-home pipeline document.")
    parser.add_argument("--lakehouse", type=Path, help="a lakehouse that is there; default: made in build/")
    parser.add_argument("--out", type=Path, default=PAGE)
    parser.add_argument("--check", action="store_true", help="write nothing; fail if the page is not current")
    options = parser.parse_args(arguments)
    groups = declared()
    if options.check:
        if options.out.is_file() and is_current(options.out.read_text(encoding="utf-8"), groups):
            return 0
        print(f"{options.out} is not what scripts/{DECLARED.name} says: make printed", file=sys.stderr)
        return 1
    lake = Lakehouse(options.lakehouse) if options.lakehouse else load_true_size(BUILD, tables_of(groups))
    options.out.write_text(page_of(groups, compute(lake, groups)), encoding="utf-8")
    print(f"{options.out} is written.")
    return 0


if __name__ == "__main__":
    sys.exit(main())
