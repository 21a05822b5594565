"""Every error the package raises on purpose.

    NhLakehouseError
    ├── ConfigError            a setting, option, path or name is not usable
    │   ├── EngineUnavailableError   the chosen engine cannot start on this machine
    │   └── ExtraMissingError        a library is not installed that only some commands need
    ├── ContractError          a contract or table declaration (YAML) is wrong
    ├── SourceError            one landing file cannot be loaded; the others go on
    │   ├── MissingColumnError       a required column is absent (of a file, or of a function's input)
    │   └── UnreadableFileError      not a table of text: empty, binary, HTML, no permission, still growing
    ├── LoadError              a table was not written
    │   ├── RowAccountingError       rows read are not accepted + duplicate + superseded + quarantined
    │   ├── ConflictError            another run holds the lakehouse
    │   └── LostConnectionError      the connection to a database ended
    ├── PlanError              the graph of tables has a cycle, an unknown input or a name twice
    └── RunFailedError         a run ended with failed tables or files

Each message says what is wrong, where, what was found against what was expected, and what to do next.
Only `cli.py` and the jobs turn them into exit codes.
"""

from __future__ import annotations

from typing import Any

__all__ = [
    "ConfigError",
    "ConflictError",
    "ContractError",
    "EngineUnavailableError",
    "ExtraMissingError",
    "LoadError",
    "LostConnectionError",
    "MissingColumnError",
    "NhLakehouseError",
    "PlanError",
    "RowAccountingError",
    "RunFailedError",
    "SourceError",
    "UnreadableFileError",
    "first_line",
]


class NhLakehouseError(Exception):
    """Base of all errors of the package; `facts` carries what the message was made of (file, line, column, ...)."""

    def __init__(self, message: str, **facts: Any) -> None:
        super().__init__(message)
        self.message = message
        self.facts = facts

    def __getattr__(self, name: str) -> Any:
        facts = self.__dict__.get("facts", {})
        if name in facts:
            return facts[name]
        raise AttributeError(name)


class ConfigError(NhLakehouseError):
    """A setting, option, path or name cannot be used."""


class EngineUnavailableError(ConfigError):
    """The chosen engine cannot start on this machine; the message names the remedy."""


class ExtraMissingError(ConfigError):
    """A library of an extra is not installed; the message names the pip command."""


class ContractError(NhLakehouseError):
    """A contract or a table declaration is wrong; the message names file, line and field."""


class SourceError(NhLakehouseError):
    """One landing file cannot be loaded; `code` is a short name of the reason, the other files go on."""


class MissingColumnError(SourceError):
    """A required column is absent."""


class UnreadableFileError(SourceError):
    """The file is not a readable table of text."""


class LoadError(NhLakehouseError):
    """A table could not be written; it is as it was before."""


class RowAccountingError(LoadError):
    """Rows read are not the sum of accepted, duplicate, superseded and quarantined rows."""


class ConflictError(LoadError):
    """Another run writes this lakehouse; the message says who and since when."""


class LostConnectionError(LoadError):
    """The connection to a database ended; where tables were being exchanged, the message says which ones stand."""


class PlanError(NhLakehouseError):
    """The graph of tables cannot run; all its problems are listed together in `problems`."""


class RunFailedError(NhLakehouseError):
    """A run ended with failed tables or rejected files."""


#: Remedy for a file that may not be read; the file is tried again once it may.
NO_PERMISSION = "give this user permission to read it"


#: What the operating system says through every engine, and what to do about it.
_PLAIN = {
    "No space left on device": "the disk is full: free some space and run again; what was written stays as it was",
    "Permission denied": "this user may not write there: give it permission to write to the lakehouse and run again",
    "Read-only file system": "the lakehouse lies on a read-only file system: choose another --lakehouse",
}


def first_line(error: BaseException, limit: int = 400) -> str:
    """An engine's error in one line: no stack trace of the engine's own language."""
    text = str(error).strip().split("\n\tat ")[0].split("JVM stacktrace")[0]
    for sign, sentence in _PLAIN.items():
        if sign in text:
            return sentence
    line = next((part.strip() for part in text.splitlines() if part.strip()), type(error).__name__)
    return f"{type(error).__name__}: {line[:limit]}"
