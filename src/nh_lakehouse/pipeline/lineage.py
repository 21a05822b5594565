"""Where tables come from and what is made from them: as a tree of text and as a Mermaid diagram."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence

from nh_lakehouse.contracts.model import DataSet
from nh_lakehouse.errors import ConfigError
from nh_lakehouse.pipeline.graph import Graph

__all__ = ["edges", "find_table", "mermaid", "tree"]

_LAYERS = ("bronze", "silver", "gold", "ops")
_UNICODE = ("├── ", "└── ", "│   ", "    ")
_ASCII = ("|-- ", "`-- ", "|   ", "    ")


def edges(graph: Graph, names: Iterable[str] | None = None) -> list[tuple[str, str]]:
    """Pairs (input, table that reads it), in the order in which tables are computed.

    Args:
        graph: the tables.
        names: only pairs of which both ends are among these.
    """
    pairs = [(parent, table) for table in graph.order for parent in graph.parents[table]]
    if names is None:
        return pairs
    wanted = set(names)
    return [(a, b) for a, b in pairs if a in wanted and b in wanted]


def find_table(graph: Graph, name: str) -> str:
    """Full name of a table of the graph, bronze tables included, from its full or short name.

    Raises:
        ConfigError: there is no such table; near names are listed.
    """
    known = _all_names(graph)
    fitting = [n for n in known if n == name] or [n for n in known if n.split(".")[1] == name]
    if fitting:
        return fitting[0]
    import difflib

    near = difflib.get_close_matches(name, [*known, *(n.split(".")[1] for n in known)], n=3)
    hint = f"; did you mean {', '.join(near)}?" if near else ""
    raise ConfigError(f"no contract or function makes a table {name!r}{hint}")


def tree(graph: Graph, contracts: Mapping[str, DataSet], name: str | None = None, *, plain: bool = False) -> list[str]:
    """Lineage as lines of text.

    Args:
        graph: the tables.
        contracts: data sets, for the names of their files.
        name: full name of one table: what it is made from, then what is made from it. None: every bronze table with
            all that is made from it.
        plain: ASCII guides.
    """
    guides = _ASCII if plain else _UNICODE

    def label(table: str) -> str:
        if table.startswith("bronze."):
            return f"{table}  <- {_files(table, contracts)}"
        return table if table in graph.parents else f"{table}  (declared, nothing loads it yet)"

    if name is None:
        roots = [n for n in _all_names(graph) if n.startswith("bronze.")]
        lines: list[str] = []
        for root in roots:
            lines += [*_branch(root, graph.children, label, guides), ""]
        return lines[:-1]
    up = _branch(name, lambda n: list(dict.fromkeys(graph.parents.get(n, ()))), label, guides)
    down = _branch(name, graph.children, label, guides)
    made_from = [f"{name} is made from:", *up[1:]]
    if len(up) == 1:
        made_from = [f"{name} is made from files: {_files(name, contracts)}"] if name.startswith("bronze.") else up
    feeds = [f"{name} is read by:", *down[1:]] if len(down) > 1 else [f"no other table reads {name}"]
    return [*made_from, "", *feeds]


def mermaid(graph: Graph, names: Iterable[str] | None = None) -> str:
    """Lineage as a Mermaid flow chart, one box per layer.

    Args:
        graph: the tables.
        names: only these tables; all if None.
    """
    pairs = edges(graph, names)
    tables = sorted({n for pair in pairs for n in pair} | set(names or ()))
    lines = ["flowchart LR"]
    for layer in _LAYERS:
        of_layer = [t for t in tables if t.startswith(f"{layer}.")]
        if of_layer:
            lines.append(f"  subgraph {layer}")
            lines += [f'    {_id(t)}["{t.split(".")[1]}"]' for t in of_layer]
            lines.append("  end")
    lines += [f"  {_id(a)} --> {_id(b)}" for a, b in sorted(set(pairs))]
    return "\n".join(lines) + "\n"


def _branch(
    root: str, below: Callable[[str], Sequence[str]], label: Callable[[str], str], guides: tuple[str, str, str, str]
) -> list[str]:
    """A tree from a root; what was shown in full once is only named again."""
    middle, last, through, gap = guides
    lines = [label(root)]
    shown = {root}

    def descend(name: str, indent: str) -> None:
        children = list(below(name))
        for number, child in enumerate(children):
            is_last = number == len(children) - 1
            again = child in shown and bool(below(child))
            shown.add(child)
            lines.append(f"{indent}{last if is_last else middle}{label(child)}{' (see above)' if again else ''}")
            if not again:
                descend(child, indent + (gap if is_last else through))

    descend(root, "")
    return lines


def _files(bronze: str, contracts: Mapping[str, DataSet]) -> str:
    data_set = contracts.get(bronze.split(".")[1])
    return ", ".join(data_set.files) if data_set else "no contract"


def _all_names(graph: Graph) -> list[str]:
    """Bronze tables, then the tables with a function, in the order of computation."""
    bronze = sorted({p for t in graph.order for p in graph.parents[t] if p.startswith("bronze.")})
    declared = sorted({p for t in graph.order for p in graph.parents[t]} - set(bronze) - set(graph.order))
    return [*bronze, *declared, *graph.order]


def _id(table: str) -> str:
    return table.replace(".", "_")
