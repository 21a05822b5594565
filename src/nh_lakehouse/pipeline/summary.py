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

    The file appears whole at the end of the run, also where it is a link. A run that was killed leaves none: the
    report of the run before it is taken away at the start.

    Attributes:
        path: the file.
        landing: folder in which it must not lie.
    """

    path: Path | None
    landing: Path | None = None

    def check(self) -> None:
        """Take away the report of the run before; fail where none could be written after this one.

        Raises:
            ConfigError: it is a folder or a device, its folder is missing, or it lies among the landing files.
        """
        if self.path is None:
            return
        folder = self.path.absolute().parent
        if self.path.is_dir():
            raise ConfigError(f"--summary {self.path} is a folder: name a file", option="--summary")
        if self.path.exists() and not self.path.is_file():
            raise ConfigError(f"--summary {self.path} is no file that could be replaced: name one", option="--summary")
        if not folder.is_dir():
            raise ConfigError(f"--summary {self.path}: the folder {folder} does not exist: make it", option="--summary")
        if self.landing is not None and folder.resolve().is_relative_to(self.landing.resolve()):
            raise ConfigError(
                f"--summary {self.path} lies in the landing folder, where every file is read: name another folder",
                option="--summary",
            )
        self.path.resolve().unlink(missing_ok=True)

    def write(self, report: RunReport, exit_code: int | None = None) -> None:
        """Write the report: beside the file, then in its place."""
        if self.path is None:
            return
        target = self.path.resolve()
        draft = target.with_name(f".{target.name}.{os.getpid()}")
        text = json.dumps(report.as_dict(exit_code), ensure_ascii=False, indent=1)
        try:
            draft.write_text(f"{text}\n", encoding="utf-8")
            os.replace(draft, target)
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
