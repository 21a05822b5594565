"""What was measured, as a file: a part can be measured by itself and stand on one page with the rest."""

from __future__ import annotations

import json
from dataclasses import asdict
from pathlib import Path

from .cases import Results
from .measure import Measured
from .questions import Agreement

__all__ = ["added", "keep", "kept"]


def added(before: Results, new: Results) -> Results:
    """The results of two runs: a step that both measured is the second's.

    How answers agree is told as long as neither side was measured again without the other.
    """
    again = {name.replace("/full", "/first") for name in new.runs}
    ours = {name.split("/")[1] for name in again if name.startswith(("sail/", "spark/"))}
    agreements = {
        name: found for name, found in before.agreements.items() if name not in again and name.split("/")[1] not in ours
    }
    return Results(
        {**before.runs, **new.runs},
        {**before.answers, **new.answers},
        new.csv_mb,
        [*before.parts, *new.parts],
        {**agreements, **new.agreements},
    )


def keep(results: Results, homes: int, file: Path) -> None:
    """Write all results of files of one size but the answers themselves."""
    found = {name: value for name, value in asdict(results).items() if name != "answers"}
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(json.dumps({"homes": homes, **found}, indent=1) + "\n", encoding="utf-8")


def kept(file: Path, homes: int) -> Results:
    """The results of an earlier run.

    Raises:
        SystemExit: there are none, or they are of files of another size.
    """
    if not file.is_file():
        raise SystemExit(f"{file} is not there: nothing was measured before that could be added to")
    found = json.loads(file.read_text(encoding="utf-8"))
    if found.pop("homes") != homes:
        raise SystemExit(f"{file} holds results of files of another size than {homes:,} homes")
    found["runs"] = {name: [Measured(**run) for run in runs] for name, runs in found["runs"].items()}
    found["agreements"] = {
        name: {question: Agreement(**one) for question, one in of.items()} for name, of in found["agreements"].items()
    }
    return Results(**found)
