"""The data dictionary and the lineage as Markdown, from contracts, table declarations and the graph.

The same package gives the same bytes, so that the committed pages can be held against it.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path

from nh_lakehouse.contracts import load_contracts, load_tables
from nh_lakehouse.contracts.model import Column, DataSet, TableDeclaration
from nh_lakehouse.declare import TableSpec
from nh_lakehouse.errors import ConfigError
from nh_lakehouse.pipeline.dictionary_page import PAGE, build_page, headers_behind
from nh_lakehouse.pipeline.graph import Graph
from nh_lakehouse.pipeline.lineage import mermaid

__all__ = ["build_pages", "write_pages"]

_LAYERS = ("silver", "gold", "ops")
_RHYTHMS = {"M": "monthly", "Q": "quarterly", "Y": "yearly", "C": "claims", "R": "reference"}
_WORDS = {
    "silver": "Typed, checked and merged: one table or two per data set.",
    "gold": "Measures and facts, computed from silver.",
    "ops": "What every run writes about itself, and checks between tables.",
}
_HISTORY = {
    "scd2": "versions (`valid_from` to `valid_to`)",
    "snapshot": "every period is kept",
    "latest": "the newest release of each key",
}
#: Columns that the engine adds to a declared table.
_AUDIT = {
    "silver": "`_source_file`, `_source_row`, `_load_id`, `_loaded_at`, `_row_hash`",
    "gold": "`_row_hash`",
    "ops": "",
}


def build_pages(graph: Graph) -> dict[str, str]:
    """All pages, by their path below the output folder.

    Args:
        graph: the tables.
    Returns:
        `README.md`, `lineage.md`, one page of data sets per domain (`nursing_home/sources.md`) and one page per domain
        and layer (`nursing_home/gold.md`).
    """
    contracts, tables = load_contracts(), load_tables()
    pages: dict[str, str] = {}
    index: list[tuple[str, str, str]] = []
    for domain in sorted({c.domain for c in contracts.values()}):
        sets = sorted((c for c in contracts.values() if c.domain == domain), key=lambda c: c.name)
        path = f"{domain}/sources.md"
        pages[path] = _sources_page(domain, sets, graph)
        index.append((path, f"{_title(domain)}: files of the publisher", f"{len(sets)} data sets"))
    for domain in sorted({t.domain for t in tables.values()}):
        for layer in _LAYERS:
            chosen = sorted(
                (t for t in tables.values() if t.domain == domain and t.name.startswith(f"{layer}.")),
                key=lambda t: t.name,
            )
            if chosen:
                path = f"{domain}/{layer}.md"
                pages[path] = _tables_page(domain, layer, chosen, graph, contracts)
                index.append((path, f"{_title(domain)}: {layer}", f"{len(chosen)} tables"))
    pages["lineage.md"] = _lineage_page(graph)
    pages["README.md"] = _index_page(index)
    return dict(sorted(pages.items()))


def write_pages(out: Path, graph: Graph) -> list[Path]:
    """Write all pages below a folder, and beside them the one HTML page that holds everything.

    Returns:
        The files, in the order of their paths.
    Raises:
        ConfigError: the folder cannot be written to.
    """
    written = []
    for name, text in {**build_pages(graph), PAGE: build_page(graph)}.items():
        path = out / name
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text, encoding="utf-8")
        except OSError as error:
            raise ConfigError(
                f"{path} cannot be written: {error.strerror}; choose another --out", option="--out"
            ) from error
        written.append(path)
    return written


# --- pages -----------------------------------------------------------------------------------------------------------


def _index_page(index: Iterable[tuple[str, str, str]]) -> str:
    lines = [
        "# Data dictionary",
        "",
        "Generated from the contracts and table declarations by `nh-lakehouse docs`; change those, not these pages.",
        "",
        *_table(("Page", "Holds"), [(f"[{title}]({path})", size) for path, title, size in index]),
        "",
        "[Lineage](lineage.md): which table is made from which.",
    ]
    return _page(lines)


def _sources_page(domain: str, sets: Sequence[DataSet], graph: Graph) -> str:
    lines = [
        f"# {_title(domain)}: files of the publisher",
        "",
        "What a landing file looks like, and what its columns are called and how they are typed in the lakehouse.",
        "Bronze holds every column as text, under the name given here.",
        "",
        *_contents([(c.name, c.title) for c in sets]),
    ]
    for data_set in sets:
        lines += ["", *_data_set(data_set, graph)]
    return _page(lines)


def _data_set(data_set: DataSet, graph: Graph) -> list[str]:
    period = data_set.period
    where = f"column `{period.column}`" if period.column else "the file name"
    if data_set.rhythm in ("C", "R"):
        where = "the release"
    facts = [
        ("Publisher", f"[{data_set.publisher}]({data_set.page})" if data_set.page else data_set.publisher),
        ("Files", ", ".join(f"`{f}`" for f in data_set.files)),
        ("Rhythm", _RHYTHMS[data_set.rhythm]),
        ("Grain", data_set.grain),
        ("Period", f"{period.grain}, from {where}" + (", row by row" if period.per_row else "")),
        ("Key", _names(data_set.key) + (f" and `{data_set.occurrence}`" if data_set.occurrence else "")),
        ("Replaced as a whole by a newer release", _names(data_set.unit_columns)),
        ("Without rows", "a delivery without news, not an error" if data_set.may_be_empty else ""),
        ("Becomes", _names(graph.children(f"bronze.{data_set.name}"))),
    ]
    lines = [f"## {data_set.name}", "", f"{data_set.title}. {data_set.description}".strip(), ""]
    lines += [f"- {name}: {text}" for name, text in facts if text]
    lines += [
        "",
        *_table(("Column", "Type", "Unit", "Description", "Header in the file"), map(_source_row, data_set.columns)),
    ]
    if data_set.checks:
        rows = [(f"`{c.reason}`", f"`{' '.join(c.when.split())}`", c.description) for c in data_set.checks]
        lines += ["", "Rows are flagged in `dq_flags` where a rule holds:", "", *_table(("Flag", "Where", "Why"), rows)]
    return lines


def _source_row(column: Column) -> tuple[str, ...]:
    words = [column.description]
    if column.required:
        words.append("Required.")
    if column.optional:
        words.append("Not in every layout.")
    if column.true_when:
        words.append(f"True: {', '.join(column.true_when)}; false: {', '.join(column.false_when)}.")
    if column.range:
        low, high = column.range
        words.append(f"Expected {_range(low, high)}.")
    if column.accepted:
        words.append(f"Known values: {', '.join(column.accepted)}.")
    if column.footnote:
        words.append(f"Footnote in `{column.footnote}`.")
    if column.missing:
        words.append(f"Also missing: {', '.join(repr(m) for m in column.missing)}.")
    if column.keep:
        words.append(f"A value here, not missing: {', '.join(repr(k) for k in column.keep)}.")
    if column.since or column.until:
        words.append(" ".join(f"{w} {v}" for w, v in (("Since", column.since), ("until", column.until)) if v) + ".")
    if column.sensitive:
        words.append("Masked in messages.")
    headers = "; ".join(
        [column.header, *(f"or {a}" for a in column.also), *(f"earlier or other: {a}" for a in column.aliases)]
    )
    return (f"`{column.name}`", column.type, column.unit or "", _sentences(words), headers)


def _tables_page(
    domain: str, layer: str, tables: Sequence[TableDeclaration], graph: Graph, contracts: Mapping[str, DataSet]
) -> str:
    lines = [f"# {_title(domain)}: {layer}", "", _WORDS[layer]]
    if _AUDIT[layer]:
        lines += [f"Every table also has {_AUDIT[layer]}."]
    lines += ["", *_contents([(t.name, t.title) for t in tables])]
    for declared in tables:
        lines += ["", *_declared(declared, graph.specs.get(declared.name), graph, contracts)]
    return _page(lines)


def _declared(
    declared: TableDeclaration, spec: TableSpec | None, graph: Graph, contracts: Mapping[str, DataSet]
) -> list[str]:
    lines = [f"## {declared.name}", "", f"{declared.title}. {' '.join(declared.description.split())}".strip(), ""]
    facts = [("Grain", declared.grain)]
    if spec is not None:
        facts += [
            ("Key", _names(spec.key)),
            ("Made from", _names(graph.parents[declared.name])),
            ("Read by", _names(graph.children(declared.name))),
            ("History", _HISTORY.get(spec.history or "", "")),
            ("Kept current per", _names(spec.per)),
            (
                "Function",
                _names(f"{s.function.__module__}.{s.function.__name__}" for s in spec.makers),
            ),
            ("Thresholds", "; ".join(f"`{value!r}`" for value in spec.thresholds.values())),
        ]
    elif not declared.name.startswith("ops."):
        facts.append(("State", "declared; no data set loads it yet"))
    facts.append(("Source", declared.source))
    lines += [f"- {name}: {text}" for name, text in facts if text]
    headers = headers_behind(spec, contracts)
    rows = [
        (f"`{c.name}`", c.type, c.unit or "", c.description, *([headers.get(c.name, "")] if headers else []))
        for c in declared.columns
    ]
    names = ("Column", "Type", "Unit", "Description", *(["From the file's column"] if headers else []))
    return [*lines, "", *_table(names, rows)]


def _lineage_page(graph: Graph) -> str:
    lines = ["# Lineage", "", "An arrow leads from a table to one that is made from it.", "", "```mermaid"]
    lines += [*mermaid(graph).rstrip().splitlines(), "```", ""]
    rows = [(f"`{t}`", _names(graph.parents[t]), _names(graph.children(t)) or "–") for t in graph.order]
    return _page([*lines, *_table(("Table", "Made from", "Read by"), rows)])


# --- Markdown --------------------------------------------------------------------------------------------------------


def _table(names: Sequence[str], rows: Iterable[Sequence[str]]) -> list[str]:
    def line(cells: Iterable[str]) -> str:
        return "| " + " | ".join(" ".join(c.split()).replace("|", "\\|") for c in cells) + " |"

    return [line(names), "|" + "---|" * len(names), *(line(r) for r in rows)]


def _contents(entries: Iterable[tuple[str, str]]) -> list[str]:
    return [f"- [{name}](#{name.replace('.', '')}): {title}" for name, title in entries]


def _names(names: Iterable[str]) -> str:
    return ", ".join(f"`{n}`" for n in dict.fromkeys(names))


def _range(low: float | None, high: float | None) -> str:
    if low is not None and high is not None:
        return f"from {low:g} to {high:g}"
    return f"{low:g} or more" if low is not None else f"{high:g} or less"


def _sentences(parts: Sequence[str]) -> str:
    ended = [p if p.endswith(".") or n == len(parts) - 1 else f"{p}." for n, p in enumerate(parts)]
    return " ".join(ended)


def _title(domain: str) -> str:
    return {"ops": "Operations"}.get(domain, domain.replace("_", " ").capitalize())


def _page(lines: Sequence[str]) -> str:
    return "\n".join(lines).rstrip() + "\n"
