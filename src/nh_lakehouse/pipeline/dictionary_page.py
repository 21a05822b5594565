"""The data dictionary as one HTML page that needs nothing but itself: no server, no network, no other file.

Every table and every file of the publishers is a section that opens; the search box leaves those that hold all of its
words, and of a section found by its columns alone those columns. Without scripts the whole page can still be read.
"""

from __future__ import annotations

import inspect
from collections.abc import Iterable, Mapping, Sequence
from html import escape

from nh_lakehouse.contracts import load_contracts, load_tables
from nh_lakehouse.contracts.model import DataSet, TableDeclaration
from nh_lakehouse.declare import TableSpec
from nh_lakehouse.pipeline.graph import Graph

__all__ = ["PAGE", "build_page", "headers_behind"]

PAGE = "dictionary.html"
"""Name of the page below the output folder."""

_STYLE = """
:root { color-scheme: light dark; --line: #8886; --soft: #8882; }
body { font: 15px/1.5 system-ui, sans-serif; margin: 0 auto; max-width: 76rem; padding: 0 1rem 4rem; }
header { position: sticky; top: 0; background: Canvas; padding: .6rem 0; border-bottom: 1px solid var(--line); }
h1 { font-size: 1.3rem; margin: 0 0 .4rem; } h2 { font-size: 1.05rem; margin: 1.6rem 0 .4rem; }
input { font: inherit; width: min(34rem, 100%); padding: .35rem .6rem; }
details { border-bottom: 1px solid var(--line); padding: .3rem 0; scroll-margin-top: 6rem; }
summary { cursor: pointer; } summary code { font-weight: 600; }
table { border-collapse: collapse; width: 100%; margin: .5rem 0; }
th, td { text-align: left; vertical-align: top; padding: .2rem .6rem .2rem 0; border-top: 1px solid var(--soft); }
dl { display: grid; grid-template-columns: max-content 1fr; gap: .1rem 1rem; margin: .4rem 0; }
dt { opacity: .7; } dd { margin: 0; } pre { white-space: pre-wrap; background: var(--soft); padding: .6rem; }
[hidden] { display: none; }
"""

_SCRIPT = """
const box = document.querySelector('#search'), told = document.querySelector('#told');
const sections = [...document.querySelectorAll('details')].map(s => ({
  node: s, own: s.dataset.words, all: s.textContent.toLowerCase(),
  rows: [...s.querySelectorAll('tbody tr')].map(r => ({node: r, text: r.textContent.toLowerCase()}))
}));
function search() {
  const words = box.value.toLowerCase().split(/\\s+/).filter(Boolean);
  let shown = 0;
  for (const s of sections) {
    const found = words.every(w => s.all.includes(w)), named = words.every(w => s.own.includes(w));
    s.node.hidden = !found; shown += found;
    s.node.open = found && words.length > 0 && !named;
    const hits = s.rows.filter(r => words.every(w => r.text.includes(w)));
    for (const r of s.rows) r.node.hidden = !named && hits.length > 0 && !hits.includes(r);
  }
  told.textContent = words.length ? shown + ' of ' + sections.length : '';
}
function open_target() {
  const node = document.getElementById(decodeURIComponent(location.hash.slice(1)));
  if (!node) return;
  if (node.hidden) { box.value = ''; search(); }
  node.open = true; node.scrollIntoView();
}
box.addEventListener('input', search);
addEventListener('hashchange', open_target); open_target();
"""


def build_page(graph: Graph) -> str:
    """The whole page; the same package gives the same text.

    Args:
        graph: the tables.
    Returns:
        HTML with one section per table, gold first, and per data set: what it is, its columns with type, unit and
        description, where it comes from and goes to, and for a computed table the documentation of its function.
    """
    contracts, tables = load_contracts(), load_tables()
    body: list[str] = []
    for layer, heading in (("gold", "Measures"), ("silver", "Typed and checked rows"), ("ops", "Runs and checks")):
        chosen = sorted((t for t in tables.values() if t.name.startswith(f"{layer}.")), key=lambda t: t.name)
        body += [f"<h2>{heading} ({layer}, {len(chosen)} tables)</h2>"]
        body += [_of_table(t, graph.specs.get(t.name), graph, contracts) for t in chosen]
    body += [f"<h2>Files of the publishers ({len(contracts)} data sets)</h2>"]
    body += [_of_data_set(c, graph) for c in sorted(contracts.values(), key=lambda c: c.name)]
    return _document(body)


def _document(body: Iterable[str]) -> str:
    lines = [
        '<!doctype html><html lang="en"><head><meta charset="utf-8">',
        # The browser itself refuses every request.
        "<meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; style-src 'unsafe-inline'; "
        "script-src 'unsafe-inline'\">",
        '<meta name="viewport" content="width=device-width"><title>nh_lakehouse: data dictionary</title>',
        f"<style>{_STYLE}</style></head><body><header><h1>nh_lakehouse: data dictionary</h1>",
        '<input id="search" type="search" placeholder="Search tables, columns, descriptions" '
        'aria-label="Search" autofocus> <span id="told" role="status"></span></header>',
        *body,
        f"<script>{_SCRIPT}</script></body></html>",
    ]
    return "\n".join(lines) + "\n"


def _of_table(table: TableDeclaration, spec: TableSpec | None, graph: Graph, contracts: Mapping[str, DataSet]) -> str:
    facts = [("Grain", escape(table.grain))]
    functions: list[TableSpec] = []
    if spec is not None:
        functions = list(spec.makers)
        facts += [
            ("Key", _codes(spec.key)),
            ("Comes from", _links(graph.parents[table.name])),
            ("Goes to", _links(graph.children(table.name))),
            ("Thresholds", "; ".join(f"<code>{escape(repr(v))}</code>" for v in spec.thresholds.values())),
        ]
    facts.append(("Source", escape(table.source)))
    headers = headers_behind(spec, contracts)
    rows = [(c.name, c.type, c.unit or "", c.description, headers.get(c.name, "")) for c in table.columns]
    names = ("Column", "Type", "Unit", "Description and formula", "From the file's column")
    shown = rows if headers else [row[:-1] for row in rows]
    documents = [
        f"<pre>{escape(s.function.__module__)}.{escape(s.function.__name__)}\n\n{escape(_documentation(s))}</pre>"
        for s in functions
    ]
    return _section(
        table.name,
        f"{table.title}. {table.description}",
        facts,
        _table(names if headers else names[:-1], shown) + "".join(documents),
        table.title,
    )


def _of_data_set(data_set: DataSet, graph: Graph) -> str:
    page = data_set.page or ""
    publisher = escape(data_set.publisher)
    facts = [
        ("Publisher", f'<a href="{escape(page)}" rel="noreferrer">{publisher}</a>' if page else publisher),
        ("Files", _codes(data_set.files)),
        ("Grain", escape(data_set.grain)),
        ("Key", _codes(data_set.key)),
        ("Goes to", _links(graph.children(f"bronze.{data_set.name}"))),
    ]
    rows = [(c.name, c.type, c.unit or "", c.description, "; ".join(c.headers)) for c in data_set.columns]
    names = ("Column", "Type", "Unit", "Description", "Header in the file, and earlier ones")
    name = f"bronze.{data_set.name}"
    return _section(name, f"{data_set.title}. {data_set.description}", facts, _table(names, rows), data_set.title)


def _section(name: str, text: str, facts: Sequence[tuple[str, str]], rest: str, title: str) -> str:
    listed = "".join(f"<dt>{label}</dt><dd>{value}</dd>" for label, value in facts if value)
    words = escape(f"{name} {title}".lower())
    return (
        f'<details id="{escape(name)}" data-words="{words}"><summary><code>{escape(name)}</code> {escape(title)}'
        f"</summary><p>{escape(' '.join(text.split()))}</p><dl>{listed}</dl>{rest}</details>"
    )


def _table(names: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    head = "".join(f"<th>{escape(n)}</th>" for n in names)
    lines = [
        f"<tr><td><code>{escape(row[0])}</code></td>{''.join(f'<td>{escape(cell)}</td>' for cell in row[1:])}</tr>"
        for row in rows
    ]
    return f"<table><thead><tr>{head}</tr></thead><tbody>{''.join(lines)}</tbody></table>"


def headers_behind(spec: TableSpec | None, contracts: Mapping[str, DataSet]) -> dict[str, str]:
    """For silver: the header behind each column that comes from the file under its own name."""
    if spec is None or spec.is_derived:
        return {}
    found: dict[str, dict[str, None]] = {}
    for data_set in (contracts[i] for i in spec.inputs if i in contracts):
        for column in data_set.columns:
            found.setdefault(column.name, {})[column.header] = None
    return {name: "; ".join(headers) for name, headers in found.items()}


def _documentation(spec: TableSpec) -> str:
    return inspect.getdoc(spec.function) or ""


def _codes(names: Iterable[str]) -> str:
    return ", ".join(f"<code>{escape(n)}</code>" for n in names)


def _links(names: Iterable[str]) -> str:
    return ", ".join(f'<a href="#{escape(n)}"><code>{escape(n)}</code></a>' for n in dict.fromkeys(names))
