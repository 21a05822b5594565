"""The graph is read from the signatures, and everything wrong with it is told at once, before anything runs."""

from __future__ import annotations

import re
from dataclasses import replace
from pathlib import Path

import pytest
from tables import cyclic, duplicate_name, missing_input, months, visits
from tables.visits import DECLARED

from nh_lakehouse import RunOptions, build_graph, run
from nh_lakehouse.contracts import load_tables
from nh_lakehouse.declare import Reach, silver_table, table
from nh_lakehouse.errors import PlanError
from nh_lakehouse.pipeline.graph import Graph, collect_specs


def graph_of(*modules) -> Graph:
    return build_graph(collect_specs(modules), tables=DECLARED, contracts={})


def problems_of(*modules) -> list[str]:
    with pytest.raises(PlanError) as caught:
        graph_of(*modules)
    assert all(problem in caught.value.message for problem in caught.value.problems)
    return sorted(caught.value.problems)


def test_inputs_come_before_what_reads_them():
    graph = graph_of(visits)
    assert graph.parents["gold.visit_beds"] == ("silver.visits", "silver.homes")
    assert graph.order.index("gold.visit_beds") < graph.order.index("gold.visit_share")
    assert graph.descendants("silver.homes") == {"gold.visit_beds", "gold.visit_share"}
    assert graph.ancestors(["gold.visit_share"]) == {
        "gold.visit_share",
        "gold.visit_beds",
        "silver.visits",
        "silver.homes",
    }


def test_package_graph_is_sound_and_in_order():
    graph = build_graph()
    for name in graph.order:
        assert all(graph.order.index(p) < graph.order.index(name) for p in graph.parents[name] if p in graph.specs)


def test_cycles_are_all_told():
    assert problems_of(cyclic) == ["cycle: gold.echo -> gold.echo", "cycle: gold.egg -> gold.hen -> gold.egg"]


def test_unknown_inputs_are_all_told():
    assert [p.split(",")[0] for p in problems_of(missing_input)] == [
        "gold.lonely reads nobody",
        "gold.lonely reads nothing",
    ]
    assert all("which is no table" in p for p in problems_of(missing_input))


def test_two_tables_of_one_name_are_told_with_their_modules():
    (problem,) = problems_of(duplicate_name)
    assert problem.startswith("two tables share the name twin: ")
    assert "gold.twin in tables.duplicate_name" in problem and "ops.twin in tables.duplicate_name" in problem


def test_problems_of_all_kinds_are_told_together():
    kinds = [p.split(" ")[0] for p in problems_of(cyclic, missing_input, duplicate_name, visits)]
    assert kinds == ["cycle:", "cycle:", "gold.lonely", "gold.lonely", "two"]


def test_undeclared_table_and_undeclared_key_are_told():
    spec = visits.visit_totals.__table__
    bad = [replace(spec, name="gold.nameless"), replace(spec, key=("ccn", "month"), per=("city",))]
    with pytest.raises(PlanError) as caught:
        build_graph(bad, tables=DECLARED, contracts={})
    assert sorted(caught.value.problems) == [
        "gold.nameless has a function and no declaration of its columns",
        "gold.visit_totals: key, per or order name columns that are not declared: month, city",
    ]


@pytest.mark.parametrize(
    ("change", "problem"),
    [
        ({"per": ("ccn",)}, "reach needs a day in per, found ccn"),
        ({"reach": {"scores": Reach("ccn", ("score",))}}, "a day or a year in since .* found ccn (string)"),
        ({"reach": {"owners": Reach("valid_from")}}, "at least one more column, .* 0 columns"),
        (
            {"inputs": ("owners",), "reach": {"owners": Reach("valid_from", ("owner",))}},
            "no input outside reach has the column month",
        ),
    ],
    ids=["per", "since", "nothing read", "no months"],
)
def test_reach_that_could_not_be_told_is_refused(change: dict, problem: str):
    spec = replace(months.stay_bill.__table__, **change)
    with pytest.raises(PlanError) as caught:
        build_graph([spec], tables=months.DECLARED, contracts={})
    assert any(re.search(problem.replace("(", r"\(").replace(")", r"\)"), p) for p in caught.value.problems)


def test_run_tells_the_problems_before_it_touches_anything(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr("nh_lakehouse.pipeline.runner.build_graph", lambda: graph_of(cyclic, missing_input))

    def no_engine():
        raise AssertionError("nothing may run")

    with pytest.raises(PlanError) as caught:
        run(RunOptions(lakehouse=tmp_path / "lake", landing=tmp_path), no_engine)
    assert len(caught.value.problems) == 4
    assert not (tmp_path / "lake").exists()


def test_select_takes_names_short_names_and_patterns_with_all_they_need():
    graph = graph_of(visits)
    assert graph.select(["visit_share"]) == graph.ancestors(["gold.visit_share"])
    assert graph.select(["gold.visit_t*", "visit_change"]) == {
        "gold.visit_totals",
        "gold.visit_change",
        "silver.visits",
    }
    with pytest.raises(PlanError, match="no table of that name"):
        graph.select(["gold.visit_x*"])


def bad_name():
    @table("gold.one", key=["id"])
    def other(visits): ...


def bad_layer():
    @table("platinum.one", key=["id"])
    def one(visits): ...


def empty_key():
    @table("gold.one", key=[])
    def one(visits): ...


def text_key():
    @table("gold.one", key="id")
    def one(visits): ...


def bad_optional():
    @table("gold.one", key=["id"], optional=["homes"])
    def one(visits): ...


def bad_lookback():
    @table("gold.one", key=["id"], per=["id"], lookback={"quarter": 1})
    def one(visits): ...


def bad_reach():
    @table("gold.one", key=["id"], per=["id", "month"], reach={"visits": Reach("valid_from", ("id",))})
    def one(visits): ...


def reach_of_no_input():
    @table("gold.one", key=["id"], per=["month"], reach={"homes": Reach("valid_from", ("id",))})
    def one(visits): ...


def bad_taken_back():
    @silver_table("silver.one", of="visits", key=["id"], history="snapshot", taken_back="gone")
    def one(visits): ...


def loose_option():
    @table("gold.one", key=["id"])
    def one(visits, *, limit=5): ...


def bad_history():
    @silver_table("silver.one", of="visits", key=["id"], history="sometimes")
    def one(visits): ...


def bad_source():
    @silver_table("silver.one", of="visits", key=["id"], history="snapshot")
    def one(homes): ...


@pytest.mark.parametrize(
    "declare",
    [
        bad_name,
        bad_layer,
        empty_key,
        text_key,
        bad_optional,
        bad_lookback,
        bad_reach,
        reach_of_no_input,
        bad_taken_back,
        loose_option,
        bad_history,
        bad_source,
    ],
    ids=lambda f: f.__name__,
)
def test_declaration_that_cannot_work_is_refused_where_it_stands(declare):
    with pytest.raises(PlanError, match="one"):
        declare()


def test_decorator_returns_the_function_itself():
    assert visits.visit_totals.__name__ == "visit_totals"
    spec = visits.visit_totals.__table__
    assert (spec.inputs, spec.layer, spec.short_name) == (("visits",), "gold", "visit_totals")
    assert spec.thresholds == {"limits": visits.Limits(busy_from_n=5)}


def test_reach_names_columns_that_there_are():
    """Of the package. The graph does not look: contracts of a few columns, as tests have them, lack some of these."""
    declared = {name.split(".")[1]: table.column_names for name, table in load_tables().items()}
    named = [(p, c) for spec in build_graph().specs.values() for p, r in spec.reach.items() for c in r.all_columns]
    assert len(named) > 20 and [(p, c) for p, c in named if c not in declared[p]] == []
