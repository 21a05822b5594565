"""The data dictionary and the lineage pages."""

from __future__ import annotations

import re
from html.parser import HTMLParser
from pathlib import Path

import pytest
from typer.testing import CliRunner

from nh_lakehouse import build_graph, load_contracts, load_tables
from nh_lakehouse.cli.app import app
from nh_lakehouse.errors import ConfigError
from nh_lakehouse.pipeline.dictionary import build_pages, write_pages
from nh_lakehouse.pipeline.dictionary_page import PAGE, build_page
from nh_lakehouse.pipeline.graph import Graph
from nh_lakehouse.pipeline.lineage import edges, find_table, mermaid, tree

DOCS = Path(__file__).parent.parent / "docs" / "dictionary"


@pytest.fixture(scope="module")
def graph() -> Graph:
    return build_graph()


@pytest.fixture(scope="module")
def pages(graph: Graph) -> dict[str, str]:
    return build_pages(graph)


def section(page: str, name: str) -> str:
    """Text of a page from a heading to the next."""
    return page.split(f"\n## {name}\n", 1)[1].split("\n## ", 1)[0]


def test_build_pages_gives_the_same_text_again(graph: Graph, pages: dict[str, str]) -> None:
    assert build_pages(graph) == pages


def test_pages_describe_every_column_of_every_table(pages: dict[str, str]) -> None:
    for table in load_tables().values():
        text = section(pages[f"{table.domain}/{table.name.split('.')[0]}.md"], table.name)
        for column in table.columns:
            assert f"| `{column.name}` | {column.type} |" in text, f"{table.name}.{column.name}"


def test_pages_describe_every_column_of_every_file(pages: dict[str, str]) -> None:
    for data_set in load_contracts().values():
        text = section(pages[f"{data_set.domain}/sources.md"], data_set.name)
        assert all(f"| `{c.name}` | {c.type} |" in text for c in data_set.columns)
        assert all(f"`{pattern}`" in text for pattern in data_set.files)


def test_pages_state_grain_key_source_and_inputs(pages: dict[str, str]) -> None:
    text = section(pages["nursing_home/gold.md"], "gold.nh_state_risk")
    for fact in (
        "- Grain: one row per state",
        "- Key: `state`, `snapshot_month`",
        "- Made from: `gold.nh_facility_metrics`",
        "- Source: ",
    ):
        assert fact in text


def test_pages_hold_the_header_behind_a_silver_column(pages: dict[str, str]) -> None:
    text = section(pages["nursing_home/silver.md"], "silver.nh_facility")
    assert re.search(r"\| `certified_beds` \| int \| [^|]* \| [^|]+ \| Number of Certified Beds \|", text)


def test_tables_of_a_page_have_rows_of_one_length(pages: dict[str, str]) -> None:
    for name, text in pages.items():
        for block in re.findall(r"(?:^\|.*\n)+", text, re.MULTILINE):
            widths = {len(re.split(r"(?<!\\)\|", line)) for line in block.splitlines()}
            assert len(widths) == 1, f"{name}: {block.splitlines()[0]}"


def test_links_lead_to_pages_and_headings(pages: dict[str, str]) -> None:
    for name, text in pages.items():
        anchors = {h.lower().replace(".", "").replace(" ", "-") for h in re.findall(r"^## (.+)$", text, re.MULTILINE)}
        for target in re.findall(r"\]\((?!https?:)([^)]+)\)", text):
            assert target[1:] in anchors if target.startswith("#") else target in pages, f"{name}: {target}"


def test_pages_name_no_place_of_this_machine(pages: dict[str, str]) -> None:
    for text in pages.values():
        assert str(Path.home()) not in text
        assert " at 0x" not in text


def test_write_pages_replaces_what_stood_there(tmp_path: Path, graph: Graph, pages: dict[str, str]) -> None:
    (tmp_path / "README.md").write_text("old")
    written = write_pages(tmp_path, graph)
    assert {p.relative_to(tmp_path).as_posix(): p.read_text(encoding="utf-8") for p in written} == {
        **pages,
        PAGE: build_page(graph),
    }


def test_write_pages_refuses_a_folder_it_cannot_make(tmp_path: Path, graph: Graph) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(ConfigError, match="--out"):
        write_pages(tmp_path / "file", graph)


def test_docs_command_lists_its_pages(tmp_path: Path, pages: dict[str, str]) -> None:
    result = CliRunner().invoke(app, ["docs", "--out", str(tmp_path)])
    assert result.exit_code == 0
    assert result.stdout.splitlines() == [str(tmp_path / name) for name in [*pages, PAGE]]


def test_committed_pages_are_current(pages: dict[str, str]) -> None:
    if not (DOCS / "lineage.md").exists():
        pytest.skip("the pages have not been written yet: make docs")
    stale = [
        n for n, text in pages.items() if not (DOCS / n).exists() or (DOCS / n).read_text(encoding="utf-8") != text
    ]
    assert stale == [], "run make docs"


# --- the page that holds everything ----------------------------------------------------------------------------------


class Parts(HTMLParser):
    """What stands in a page: elements by name, anchors, links, and text by section."""

    def __init__(self) -> None:
        super().__init__()
        self.open: list[str] = []
        self.elements: set[str] = set()
        self.anchors: set[str] = set()
        self.links: set[str] = set()
        self.texts: dict[str, list[str]] = {}
        self.section = ""

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = dict(attrs)
        self.elements.add(tag)
        if tag not in ("meta", "input"):
            self.open.append(tag)
        if tag == "details":
            self.section = given["id"] or ""
        self.anchors |= {given["id"] or ""} if "id" in given else set()
        self.links |= {given["href"] or ""} if "href" in given else set()
        assert "src" not in given

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        self.texts.setdefault(self.section, []).append(data)


@pytest.fixture(scope="module")
def parts(graph: Graph) -> Parts:
    found = Parts()
    found.feed(build_page(graph))
    assert found.open == []
    return found


def test_page_describes_every_column_of_every_table_and_file(parts: Parts) -> None:
    described = [*load_tables().values(), *load_contracts().values()]
    for table in described:
        name = table.name if "." in table.name else f"bronze.{table.name}"
        texts = parts.texts[name]
        assert table.grain in texts
        for column in table.columns:
            # A file may have a column that is called Description.
            head = min(texts.index(head) for head in ("Description", "Description and formula") if head in texts)
            at = texts.index(column.name, head)
            cells = [t for t in (column.type, column.unit, column.description) if t]
            assert all(cell in texts[at:] for cell in cells), f"{name}.{column.name}"


def test_page_leads_to_what_a_table_is_made_from_and_what_reads_it(graph: Graph, parts: Parts) -> None:
    inside = {link[1:] for link in parts.links if link.startswith("#")}
    assert {"gold.nh_facility_metrics", "silver.nh_facility", "bronze.nh_provider_info"} <= inside <= parts.anchors
    assert "gold.nh_facility_metrics" in parts.texts["gold.nh_state_risk"]
    assert "gold.nh_state_risk" in parts.texts["gold.nh_facility_metrics"]


def test_page_asks_no_other_host_for_anything(graph: Graph, parts: Parts) -> None:
    page = build_page(graph)
    assert not {"link", "img", "iframe", "object", "embed", "base"} & parts.elements
    assert "default-src 'none'" in page and "@import" not in page and "url(" not in page
    # Addresses are links to click alone.
    assert {link for link in parts.links if not link.startswith("#")} <= {c.page for c in load_contracts().values()}


# --- lineage ---------------------------------------------------------------------------------------------------------


def test_edges_are_those_of_the_graph(graph: Graph) -> None:
    assert ("gold.nh_facility_metrics", "gold.nh_state_risk") in edges(graph)
    assert len(edges(graph)) == sum(len(parents) for parents in graph.parents.values())


def test_edges_among_some_tables(graph: Graph) -> None:
    names = ["silver.nh_facility", "bronze.nh_provider_info"]
    assert edges(graph, names) == [("bronze.nh_provider_info", "silver.nh_facility")]


@pytest.mark.parametrize(
    ("name", "full"),
    [
        ("nh_state_risk", "gold.nh_state_risk"),
        ("gold.nh_state_risk", "gold.nh_state_risk"),
        ("nh_penalties", "bronze.nh_penalties"),
        ("nh_vaccination", "silver.nh_vaccination"),
    ],
)
def test_find_table_by_full_or_short_name(graph: Graph, name: str, full: str) -> None:
    assert find_table(graph, name) == full


def test_find_table_suggests_near_names(graph: Graph) -> None:
    with pytest.raises(ConfigError, match="nh_state_risk"):
        find_table(graph, "nh_state_rsik")


def test_tree_leads_from_a_table_to_its_files_and_on(graph: Graph) -> None:
    lines = tree(graph, load_contracts(), "gold.nh_state_risk", plain=True)
    text = "\n".join(lines)
    assert lines[:2] == ["gold.nh_state_risk is made from:", "`-- gold.nh_facility_metrics"]
    assert "bronze.nh_provider_info  <- NH_ProviderInfo_{Mon}{YYYY}.csv" in text
    assert "bronze.nh_covid_vax_provider  <- NH_CovidVaxProvider_{YYYY}{MM}{DD}.csv" in text
    assert lines[-3:] == [
        "gold.nh_state_risk is read by:",
        "|-- gold.nh_executive_summary",
        "`-- gold.nh_state_scorecard",
    ]


def test_tree_of_a_bronze_table_names_its_files(graph: Graph) -> None:
    lines = tree(graph, load_contracts(), "bronze.nh_penalties")
    assert lines[0] == "bronze.nh_penalties is made from files: NH_Penalties_{Mon}{YYYY}.csv"


def test_tree_of_everything_shows_every_table(graph: Graph) -> None:
    text = "\n".join(tree(graph, load_contracts()))
    assert all(name in text for name in graph.order)


def test_mermaid_has_a_box_and_arrows_for_every_table(graph: Graph) -> None:
    text = mermaid(graph)
    assert text.startswith("flowchart LR\n")
    assert all(f'{name.replace(".", "_")}["{name.split(".")[1]}"]' in text for name in graph.order)
    assert "  gold_nh_facility_metrics --> gold_nh_state_risk\n" in text
