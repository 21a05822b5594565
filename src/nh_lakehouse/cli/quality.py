"""`quality`, `lineage`, `docs`: what is known of the data and where it comes from."""

from __future__ import annotations

import json
from enum import Enum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from nh_lakehouse.cli.options import (
    DEFAULT_LAKEHOUSE,
    EngineName,
    EngineOption,
    Format,
    FormatOption,
    LakehouseOption,
    WaitOption,
    examples,
    open_lakehouse,
)
from nh_lakehouse.cli.output import Sheet, is_terminal, plain_value, print_rows, put, say, title
from nh_lakehouse.errors import ConfigError

if TYPE_CHECKING:
    from nh_lakehouse.lakehouse import Lakehouse

__all__ = ["add_to"]


#: Rows of a part that a table shows unasked.
_SHOWN = 15


class Section(str, Enum):
    """Parts of the quality report."""

    files = "files"
    loads = "loads"
    quarantine = "quarantine"
    flags = "flags"
    drift = "drift"
    referential = "referential"
    reconciliation = "reconciliation"


#: What stands in place of a value that is not shown.
MASK = "***"

_TITLES = {
    Section.files: "Files that were not loaded",
    Section.loads: "Loads: rows read = accepted + duplicate + superseded + quarantined",
    Section.quarantine: "Quarantine by reason (row: left out of silver; cell: the value became null)",
    Section.flags: "Flags on accepted rows",
    Section.drift: "Drift: where files differ from their contracts",
    Section.referential: "Homes and people that the files about them do not hold, and rows that do not fit together",
    Section.reconciliation: "Figures of two files that should agree, the largest differences first",
}
_EMPTY = {
    Section.files: "all files were loaded",
    Section.quarantine: "nothing is in quarantine",
    Section.drift: "no file differs from its contract",
    Section.referential: "all homes, tags and people are known, and everything fits together",
}

#: Column whose text is broken into lines on a narrow terminal.
_SHRINK = {
    Section.files: "error",
    Section.loads: "table",
    Section.quarantine: "reason",
    Section.flags: "flag",
    Section.drift: "what",
    Section.reconciliation: "measure",
}

#: Section -> the table it reads, and its query.
_QUERIES = {
    Section.files: (
        "ops.files",
        """SELECT file, status, error FROM (
             SELECT *, row_number() OVER (PARTITION BY file ORDER BY recorded_at DESC) AS age FROM ops.files)
           WHERE age = 1 AND status NOT IN ('loaded', 'duplicate', 'ignored') ORDER BY status, file""",
    ),
    Section.loads: (
        "ops.loads",
        """SELECT target AS "table", sum(rows_read_n) AS rows_read_n, sum(accepted_n) AS accepted_n,
             sum(duplicate_n) AS duplicate_n, sum(superseded_n) AS superseded_n, sum(quarantined_n) AS quarantined_n,
             sum(warned_n) AS flagged_n, count(*) AS files_n, max(recorded_at) AS last_load_at
           FROM (SELECT *, row_number() OVER (PARTITION BY target, file, source_sha256 ORDER BY recorded_at DESC) AS age
                 FROM ops.loads WHERE target LIKE 'silver.%')
           WHERE age = 1 GROUP BY target ORDER BY target""",
    ),
    Section.quarantine: (
        "ops.quarantine",
        """SELECT data_set, reason, severity, count(*) AS rows_n, count(DISTINCT file) AS files_n,
             arg_min(line, (file, line)) AS line, min(file) AS first_file
           FROM (SELECT *, unnest(reasons) AS reason FROM ops.quarantine)
           GROUP BY data_set, reason, severity ORDER BY rows_n DESC, data_set, reason""",
    ),
    Section.drift: (
        "ops.drift",
        """SELECT data_set, kind, count(DISTINCT file) AS files_n, count(DISTINCT "column") AS columns_n,
             coalesce(string_agg(DISTINCT "column", ', ' ORDER BY "column"), min(found)) AS what
           FROM ops.drift GROUP BY data_set, kind ORDER BY data_set, kind""",
    ),
    Section.referential: (
        "ops.referential",
        # Who a patient is, the table tells alone.
        f"""SELECT "table", rule, period, count(*) AS keys_n, sum(rows_n) AS rows_n,
             CASE WHEN "table" IN ('claim', 'drug_event') THEN '{MASK}' ELSE min("key") END AS first_key
           FROM ops.referential GROUP BY "table", rule, period ORDER BY "table", rule, period""",
    ),
    Section.reconciliation: (
        "ops.reconciliation",
        """SELECT rule, snapshot_month, measure, left_value, right_value, diff, diff_pct, left_table, right_table
           FROM ops.reconciliation ORDER BY abs(diff_pct) DESC NULLS LAST, rule, snapshot_month, measure""",
    ),
}


def add_to(app: typer.Typer) -> None:
    """Add the commands of this module."""
    app.command(
        epilog=examples(
            "quality",
            "quality --section quarantine --limit 50",
            "quality --section drift --format csv",
            "quality --profile",
            "quality --profile nh_facility_metrics pbj_day --format json",
        )
    )(quality)
    app.command(epilog=examples("lineage", "lineage nh_state_risk", "lineage nh_state_risk --mermaid"))(lineage)
    app.command(epilog=examples("docs --out docs/dictionary"))(docs)


def quality(
    tables: Annotated[
        list[str] | None,
        typer.Argument(metavar="[TABLE]...", help="With --profile, only these; else all silver and gold tables."),
    ] = None,
    lakehouse: LakehouseOption = DEFAULT_LAKEHOUSE,
    section: Annotated[list[Section] | None, typer.Option("--section", help="Only these parts.")] = None,
    limit: Annotated[
        int | None,
        typer.Option(
            "--limit", metavar="N", min=0, help="Rows per part of a table, 0 for all; 15, of a profile's TABLE all."
        ),
    ] = None,
    profile: Annotated[
        bool,
        typer.Option("--profile", help="Look into the columns instead; what is found is kept in ops.column_profile."),
    ] = False,
    engine: EngineOption = None,
    wait: WaitOption = 0.0,
    form: FormatOption = Format.table,
) -> None:
    """Say what happened to the rows.

    Loads, quarantine by reason, flags, drift of files against their contracts, and checks between tables. With
    --profile: nulls, distinct values, quartiles and outliers of every column, and correlations of facility measures.
    """
    from nh_lakehouse.cli.sql import sql_errors

    lake = open_lakehouse(lakehouse)
    if profile:
        if section:
            raise ConfigError("--profile prints no sections: leave one of the two out", option="--section")
        _profile(lake, tables or [], engine, wait, limit, form)
        return
    if tables:
        raise ConfigError(f"{tables[0]}: tables are named with --profile alone", option="TABLE")
    limit = _SHOWN if limit is None else limit
    chosen = section or list(Section)
    if form is Format.csv and len(chosen) != 1:
        names = "|".join(s.value for s in Section)
        raise ConfigError(f"--format csv prints one part: add --section {names}", option="--section")
    with sql_errors(lake):
        parts = {part: _part(lake, part) for part in chosen}
    if form is Format.json:
        whole = {p.value: [dict(zip(s.names, row, strict=True)) for row in s.rows] for p, s in parts.items() if s}
        put(json.dumps(plain_value(whole), ensure_ascii=False, indent=1))
        return
    for part, sheet in parts.items():
        _print_part(part, sheet, limit, form)


def _print_part(part: Section, sheet: Sheet | None, limit: int, form: Format) -> None:
    if form is Format.csv:
        print_rows(sheet or Sheet([], []), form)
        return
    title(_TITLES[part])
    if sheet is None:
        # These two are written when there is something to write.
        say(_EMPTY[part] if part in (Section.quarantine, Section.drift) else "not recorded yet")
        return
    rows = list(sheet.rows)
    shown = rows if not limit else rows[:limit]
    hidden = len(rows) - len(shown)
    more = f"{hidden:,} more: use --section {part.value} --limit 0" if hidden else ""
    headers = {n: n.removesuffix("_n") for n in sheet.names} | {"rows_read_n": "read"}
    print_rows(Sheet(sheet.names, shown, _SHRINK.get(part), headers), form, more=more, empty=_EMPTY.get(part, "none"))


def _profile(
    lake: Lakehouse, tables: list[str], engine: EngineName | None, wait: float, limit: int | None, form: Format
) -> None:
    from nh_lakehouse.cli.engine import engine_opener
    from nh_lakehouse.cli.profiled import print_profile
    from nh_lakehouse.pipeline.graph import build_graph
    from nh_lakehouse.pipeline.profile import make_profile
    from nh_lakehouse.pipeline.progress import PlainReporter

    names = list(dict.fromkeys(lake.find(t) for t in tables))
    # What a program reads is the answer alone.
    reporter = PlainReporter(lambda line: typer.echo(line, err=form is not Format.table))
    with engine_opener(engine, None, reporter) as open_engine:
        found = make_profile(lake, build_graph(), open_engine, tables=names, wait_s=wait, on_wait=reporter.say)
    if form is Format.csv:
        print_profile(found, form)
        return
    beside = _part(lake, Section.reconciliation)
    if form is Format.json:
        print_profile(found, form, reconciliation=beside)
        return
    print_profile(found, form, limit=limit if limit is not None else None if tables else _SHOWN)
    _print_part(Section.reconciliation, beside, _SHOWN if limit is None else limit, form)


def _part(lake: Lakehouse, part: Section) -> Sheet | None:
    """Rows of a part, None where nothing was recorded."""
    from nh_lakehouse.cli.sql import answer

    if part is Section.flags:
        table, sql = "", _flags_query(lake)
    else:
        table, sql = _QUERIES[part]
    if not sql or (table and not lake.exists(table)):
        return None
    with answer(lake, sql) as (names, rows):
        return Sheet(names, list(rows))


def _flags_query(lake: Lakehouse) -> str:
    """Flags of all silver tables that have them."""
    flagged = [
        name
        for name in lake.tables()
        if name.startswith("silver.") and any(f.name == "dq_flags" for f in lake.snapshot(name).schema().fields)
    ]
    parts = [f"SELECT '{name}' AS \"table\", unnest(dq_flags) AS flag FROM {name}" for name in flagged]
    if not parts:
        return ""
    flags = " UNION ALL ".join(parts)
    return f'SELECT "table", flag, count(*) AS rows_n FROM ({flags}) GROUP BY ALL ORDER BY rows_n DESC, 1, 2'


# --- lineage and documents -------------------------------------------------------------------------------------------


def lineage(
    table: Annotated[str | None, typer.Argument(help="Full or short name; all tables if left out.")] = None,
    as_mermaid: Annotated[bool, typer.Option("--mermaid", help="A Mermaid flow chart for a page of Markdown.")] = False,
    form: FormatOption = Format.table,
) -> None:
    """Show what a table is made from, and what from it."""
    from nh_lakehouse.contracts import load_contracts
    from nh_lakehouse.pipeline.graph import build_graph
    from nh_lakehouse.pipeline.lineage import edges, find_table, mermaid, tree

    graph = build_graph()
    name = find_table(graph, table) if table else None
    around = None if name is None else graph.ancestors([name]) | graph.descendants(name)
    if as_mermaid:
        put(mermaid(graph, around).rstrip())
    elif form is Format.table:
        for line in tree(graph, load_contracts(), name, plain=not is_terminal()):
            put(line)
    else:
        rows: list[tuple[Any, ...]] = list(edges(graph, around))
        print_rows(Sheet(["from", "to"], rows), form)


def docs(
    out: Annotated[Path, typer.Option("--out", metavar="DIR", help="Folder to write to; made if it is missing.")],
) -> None:
    """Write the data dictionary and the lineage, as Markdown and as one HTML page that needs no network."""
    from nh_lakehouse.pipeline.dictionary import write_pages
    from nh_lakehouse.pipeline.graph import build_graph

    for path in write_pages(out.expanduser(), build_graph()):
        say(str(path))
