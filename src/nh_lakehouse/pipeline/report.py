"""What a run did, as data: printed by the command line, written as JSON for schedulers."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from typing import Any, Protocol, runtime_checkable

from nh_lakehouse.errors import RunFailedError

__all__ = ["FileLine", "NamesRun", "Quiet", "Reporter", "RunReport", "TableLine"]


class Reporter(Protocol):
    """Told of the progress of a run."""

    def phase(self, text: str) -> None:
        """A phase begins."""

    def begin(self, task: str, text: str) -> None:
        """A task begins or says what it is doing now."""

    def end(self, task: str, text: str, *, ok: bool = True) -> None:
        """A task ended."""

    def say(self, text: str) -> None:
        """A sentence for the user."""


@runtime_checkable
class NamesRun(Protocol):
    """A reporter that wants to know the run's id."""

    def started(self, run_id: str) -> None:
        """A run begins."""


class Quiet:
    """A reporter that says nothing."""

    def phase(self, text: str) -> None:
        """Say nothing."""

    def begin(self, task: str, text: str) -> None:
        """Say nothing."""

    def end(self, task: str, text: str, *, ok: bool = True) -> None:
        """Say nothing."""

    def say(self, text: str) -> None:
        """Say nothing."""


@dataclass(frozen=True)
class FileLine:
    """One landing file; rows read = accepted + duplicate + superseded + quarantined."""

    file: str
    data_set: str | None
    status: str
    period: str | None = None
    rows_read_n: int | None = None
    accepted_n: int | None = None
    duplicate_n: int | None = None
    superseded_n: int | None = None
    quarantined_n: int | None = None
    warned_n: int | None = None
    error: str | None = None


@dataclass(frozen=True)
class TableLine:
    """One table in the report."""

    table: str
    status: str
    mode: str
    inserted_n: int = 0
    updated_n: int = 0
    deleted_n: int = 0
    unchanged_n: int | None = None
    duration_s: float = 0.0
    error: str | None = None


@dataclass
class RunReport:
    """A whole run.

    Attributes:
        run_id: UTC start time and four random characters.
        engine: engine and version; None where none was started.
        lakehouse: folder of the tables.
        status: ok, partial, failed or nothing_new.
        files: one line per landing file that was looked at.
        tables: one line per table that was written, failed or blocked.
        drift_n: findings of drift.
        duration_s: wall time.
        planned: dry run: what would be done.
        error: why the run as a whole failed, where it could not go on.
    """

    run_id: str
    lakehouse: str
    engine: str | None = None
    status: str = "ok"
    files: list[FileLine] = field(default_factory=list)
    tables: list[TableLine] = field(default_factory=list)
    drift_n: int = 0
    duration_s: float = 0.0
    planned: Mapping[str, list[str]] | None = None
    error: str | None = None

    @property
    def errors(self) -> list[str]:
        """All errors, in order."""
        own = [self.error] if self.error else []
        return (
            own
            + [f.error for f in self.files if f.error]
            + [f"{t.table}: {t.error}" for t in self.tables if t.error and t.status == "failed"]
        )

    @property
    def exit_code(self) -> int:
        """0 done, 1 failed or partly failed."""
        return 0 if self.status in ("ok", "nothing_new") else 1

    def as_dict(self, exit_code: int | None = None) -> dict[str, Any]:
        """The whole report as JSON has it, with all errors and the exit code (that of the status if None)."""
        code = self.exit_code if exit_code is None else exit_code
        return {**asdict(self), "errors": self.errors, "exit_code": code}

    def raise_if_failed(self) -> RunReport:
        """The report itself, for notebooks and schedulers that stop at an error.

        Raises:
            RunFailedError: a table failed, or a landing file is rejected; all errors are listed.
        """
        if self.exit_code:
            told = "\n  ".join(self.errors) or "see the report's tables and files"
            raise RunFailedError(
                f"run {self.run_id} of {self.lakehouse} failed or partly failed:\n  {told}",
                run_id=self.run_id,
                errors=self.errors,
            )
        return self
