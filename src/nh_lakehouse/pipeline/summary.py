"""The report of a run as a JSON file, for a scheduler that reads what became of it."""

from __future__ import annotations

import contextlib
import json
import os
from dataclasses import dataclass
from pathlib import Path

from nh_lakehouse.errors import ConfigError
from nh_lakehouse.pipeline.report import RunReport

__all__ = ["SummaryFile"]


@dataclass(frozen=True)
class SummaryFile:
    """Where the report goes; without a path nothing is written.

    The file is replaced whole: who reads it sees the report of the last run or of this one, never part of one.

    Attributes:
        path: the file.
        landing: folder in which it must not lie.
    """

    path: Path | None
    landing: Path | None = None

    def check(self) -> None:
        """Fail before the run where the file could not be written after it.

        Raises:
            ConfigError: it is a folder, its folder is missing, or it lies among the landing files.
        """
        if self.path is None:
            return
        folder = self.path.absolute().parent
        if self.path.is_dir():
            raise ConfigError(f"--summary {self.path} is a folder: name a file", option="--summary")
        if not folder.is_dir():
            raise ConfigError(f"--summary {self.path}: the folder {folder} does not exist: make it", option="--summary")
        if self.landing is not None and folder.resolve().is_relative_to(self.landing.resolve()):
            raise ConfigError(
                f"--summary {self.path} lies in the landing folder, where every file is read: name another folder",
                option="--summary",
            )

    def write(self, report: RunReport, exit_code: int | None = None) -> None:
        """Write the report: beside the file, then in its place."""
        if self.path is None:
            return
        draft = self.path.with_name(f".{self.path.name}.{os.getpid()}")
        text = json.dumps(report.as_dict(exit_code), ensure_ascii=False, indent=1)
        try:
            draft.write_text(f"{text}\n", encoding="utf-8")
            os.replace(draft, self.path)
        except OSError:
            with contextlib.suppress(OSError):
                draft.unlink(missing_ok=True)
            raise

    def write_failure(self, lakehouse: Path, message: str, exit_code: int, run_id: str | None = None) -> None:
        """Write the report of a run that ended in an error, which stays the one that is told."""
        report = RunReport(run_id or "", str(lakehouse.absolute()), status="failed", error=message)
        with contextlib.suppress(OSError, ConfigError):
            self.check()
            self.write(report, exit_code)
