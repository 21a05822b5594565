"""What the package shows to the outside: exports, a bare import, errors, and the code that its README prints."""

from __future__ import annotations

import ast
import importlib
import inspect
import pkgutil
import re
import subprocess
import sys
import textwrap
from pathlib import Path

import pytest

import nh_lakehouse
from nh_lakehouse import errors

ROOT = Path(__file__).resolve().parents[1]
SOURCE = ROOT / "src" / "nh_lakehouse"
MODULES = sorted(m.name for m in pkgutil.walk_packages(nh_lakehouse.__path__, "nh_lakehouse."))


def in_a_fresh_process(code: str) -> str:
    """Output of a Python process of its own, which imported nothing before."""
    command = [sys.executable, "-W", "error", "-c", textwrap.dedent(code)]
    return subprocess.run(command, capture_output=True, text=True, check=True, timeout=120).stdout.strip()


# --- names ---------------------------------------------------------------------------------------------------------


def test_package_exports_are_sorted_and_all_resolve():
    assert nh_lakehouse.__all__ == sorted(nh_lakehouse.__all__) == dir(nh_lakehouse)
    for name in nh_lakehouse.__all__:
        assert getattr(nh_lakehouse, name) is not None
    with pytest.raises(AttributeError, match="no_such_name"):
        _ = nh_lakehouse.no_such_name


@pytest.mark.parametrize("name", MODULES)
def test_module_exports_what_it_has(name: str):
    module = importlib.import_module(name)
    exported = getattr(module, "__all__", [])
    assert [n for n in exported if not hasattr(module, n)] == []
    assert len(set(exported)) == len(exported)


@pytest.mark.parametrize("name", MODULES)
def test_everything_public_has_a_docstring(name: str):
    module = importlib.import_module(name)
    assert module.__doc__ or not Path(str(module.__file__)).read_text(encoding="utf-8").strip(), (
        f"{name} says nothing about itself"
    )
    for label, value in vars(module).items():
        if label.startswith("_") or getattr(value, "__module__", None) != name:
            continue
        if inspect.isclass(value) or inspect.isfunction(value):
            assert inspect.getdoc(value), f"{name}.{label}"
        if inspect.isclass(value):
            for method, body in vars(value).items():
                if not method.startswith("_") and inspect.isfunction(body) and body.__name__ != "<lambda>":
                    assert inspect.getdoc(getattr(value, method)), f"{name}.{label}.{method}"


# --- imports -------------------------------------------------------------------------------------------------------


def test_bare_import_loads_neither_an_engine_nor_a_data_library():
    loaded = in_a_fresh_process("""
        import sys
        import nh_lakehouse
        heavy = ("pyspark", "pysail", "pandas", "duckdb", "deltalake", "pyarrow", "pydantic", "typer", "rich", "numpy")
        print([name for name in heavy if name in sys.modules])
    """)
    assert loaded == "[]"


def test_reading_a_lakehouse_loads_no_pyspark(tmp_path: Path):
    loaded = in_a_fresh_process(f"""
        import sys
        from nh_lakehouse import Lakehouse, load_contracts, load_tables
        Lakehouse({str(tmp_path)!r}).tables(), load_contracts(), load_tables()
        print([name for name in ("pyspark", "pysail") if name in sys.modules])
    """)
    assert loaded == "[]"


def imports_of(path: Path) -> set[str]:
    """Modules of the package that a module imports, wherever in it."""
    found = set()
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.ImportFrom) and node.module:
            found.add(node.module)
        elif isinstance(node, ast.Import):
            found.update(alias.name for alias in node.names)
    return {name for name in found if name.split(".")[0] in ("nh_lakehouse", "pyspark", "delta", "pysail")}


SHARED_BY_LAYERS = (
    "nh_lakehouse.declare", "nh_lakehouse.contracts", "nh_lakehouse.errors", "nh_lakehouse.quarters",
    "nh_lakehouse.ages", "nh_lakehouse.reference",
)  # fmt: skip
#: What the modules of a folder may import of the package (DESIGN, Layout: arrows point one way).
ARROWS = {
    "silver": ("nh_lakehouse.silver", *SHARED_BY_LAYERS),
    "gold": ("nh_lakehouse.gold", *SHARED_BY_LAYERS),
    "contracts": ("nh_lakehouse.contracts", "nh_lakehouse.errors"),
    "engines": ("nh_lakehouse.engines", "nh_lakehouse.errors"),
    "lakehouse": ("nh_lakehouse.lakehouse", "nh_lakehouse.engines", "nh_lakehouse.contracts", "nh_lakehouse.errors"),
    "sources": ("nh_lakehouse.sources", "nh_lakehouse.errors"),
    "sample": ("nh_lakehouse.sample", "nh_lakehouse.contracts", "nh_lakehouse.errors"),
    "bronze": (
        "nh_lakehouse.bronze", "nh_lakehouse.contracts", "nh_lakehouse.errors", "nh_lakehouse.lakehouse",
        "nh_lakehouse.engines", "nh_lakehouse.sources",
    ),
}  # fmt: skip


@pytest.mark.parametrize("folder", ARROWS)
def test_arrows_between_folders_point_one_way(folder: str):
    for path in sorted((SOURCE / folder).glob("*.py")):
        ours = {n for n in imports_of(path) if n.startswith("nh_lakehouse")}
        stray = {n for n in ours if not n.startswith(ARROWS[folder])}
        assert not stray, f"{path.name} imports {stray}"


def test_declare_imports_nothing_of_the_package_but_errors():
    assert imports_of(SOURCE / "declare.py") == {"nh_lakehouse.errors"}


def test_what_differs_between_engines_stands_in_engines_alone():
    """No JVM, no RDD, no `sparkContext`, no `DeltaTable` class of Spark outside `engines/` (DESIGN, Engines)."""
    forbidden = re.compile(
        r"\b_jvm\b|\.rdd\b|sparkContext|from delta\b|import delta\b|\budf\(|\.cache\(\)|\.toPandas\("
    )
    for path in SOURCE.rglob("*.py"):
        if path.parent.name == "engines":
            continue
        code = re.sub(r'"""(?:.|\n)*?"""|#.*', "", path.read_text(encoding="utf-8"))
        assert not forbidden.search(code), path


# --- errors --------------------------------------------------------------------------------------------------------


def raised_names() -> set[str]:
    """Names of all classes that some `raise` of the package mentions."""
    found = set()
    for path in SOURCE.rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Raise) and node.exc is not None:
                called = node.exc.func if isinstance(node.exc, ast.Call) else node.exc
                found.add(called.id if isinstance(called, ast.Name) else getattr(called, "attr", ""))
    return found


def error_classes() -> list[type[Exception]]:
    return [c for c in vars(errors).values() if inspect.isclass(c) and issubclass(c, Exception)]


def test_every_error_class_is_raised_or_parent_of_one_that_is():
    raised = raised_names()
    idle = [
        c.__name__
        for c in error_classes()
        if not any(issubclass(other, c) and other.__name__ in raised for other in error_classes())
    ]
    assert idle == []


def test_error_tree_is_drawn_as_it_is():
    drawn = [line for line in (errors.__doc__ or "").splitlines() if re.search(r"\w+Error", line)]
    depth = {re.search(r"\w+Error", line)[0]: re.search(r"\w", line).start() for line in drawn}  # type: ignore[index,union-attr]
    assert set(depth) == {c.__name__ for c in error_classes()}
    for one in error_classes():
        parent = one.__bases__[0].__name__
        assert parent == "Exception" or depth[parent] < depth[one.__name__]


def test_error_carries_its_facts():
    error = errors.SourceError("no rows", code="no_rows", line=3)
    assert (error.message, error.code, error.line, str(error)) == ("no rows", "no_rows", 3, "no rows")
    with pytest.raises(AttributeError):
        _ = error.no_such_fact


def test_engine_error_becomes_one_line():
    trace = "\n  [TABLE_NOT_FOUND] there is no such table\n\tat org.apache.spark.A.b(A.scala:1)\nJVM stacktrace:\nmore"
    assert errors.first_line(ValueError(trace)) == "ValueError: [TABLE_NOT_FOUND] there is no such table"
    assert errors.first_line(KeyError()) == "KeyError: KeyError"


# --- the README ----------------------------------------------------------------------------------------------------


def blocks(language: str) -> list[str]:
    text = (ROOT / "README.md").read_text(encoding="utf-8")
    return re.findall(rf"^```{language}\n(.*?)^```", text, flags=re.MULTILINE | re.DOTALL)


def test_readme_is_short_and_its_python_can_be_parsed():
    assert (ROOT / "README.md").read_text(encoding="utf-8").count("\n") < 200
    for block in blocks("python"):
        ast.parse(block)


def test_readme_imports_names_that_exist():
    for block in blocks("python"):
        for node in ast.walk(ast.parse(block)):
            if isinstance(node, ast.ImportFrom) and str(node.module).startswith("nh_lakehouse"):
                module = importlib.import_module(str(node.module))
                assert [a.name for a in node.names if not hasattr(module, a.name)] == []


def test_readme_names_tables_that_exist():
    text = (ROOT / "README.md").read_text(encoding="utf-8")
    known = set(nh_lakehouse.load_tables())
    named = set(re.findall(r"(?<![\w./])(?:silver|gold|ops)\.[a-z][a-z0-9_]+", text)) - {"silver.py", "gold.py"}
    assert named <= known, named - known
    listed = re.findall(r"`((?:nh|pbj)_[a-z0-9_]+)`", text)
    assert {n for n in listed if not n.startswith("nh_lakehouse")} <= {t.split(".")[1] for t in known}


def test_readme_links_to_files_that_exist():
    for target in re.findall(r"\]\(([^)#]+)\)", (ROOT / "README.md").read_text(encoding="utf-8")):
        if "://" not in target:
            assert (ROOT / target).exists(), target
