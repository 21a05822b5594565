"""How the names of files and the headers of columns are compared with what a contract says."""

from __future__ import annotations

import re
from functools import cache

__all__ = ["file_pattern", "header_matches", "header_pattern", "normalize_header", "snake_case"]

_TOKENS = {
    "Mon": r"(?P<mon>jan|feb|mar|apr|may|jun|jul|aug|sept?|oct|nov|dec)[a-z]*",
    "YYYY": r"(?P<yyyy>(?:19|20)\d{2})",
    "MM": r"(?P<mm>0[1-9]|1[0-2])",
    "DD": r"(?P<dd>0[1-9]|[12]\d|3[01])",
    "q": r"(?P<q>[1-4])",
}


def normalize_header(text: str) -> str:
    """A header as it is compared: byte-order mark removed, trimmed, blanks collapsed, case folded."""
    return re.sub(r"\s+", " ", text.replace("\ufeff", "")).strip().casefold()


def snake_case(text: str) -> str:
    """Bronze name of a column that no contract knows: `Hrs_RNDON.1` -> `hrs_rndon_1`."""
    name = re.sub(r"[^a-z0-9]+", "_", normalize_header(text)).strip("_")
    return f"c_{name}" if name[:1].isdigit() else name


@cache
def header_pattern(normal: str) -> re.Pattern[str]:
    """Pattern of a normalised header in which `{yyyy}` stands for any year."""
    return re.compile(re.escape(normal).replace(r"\{yyyy\}", r"(?:19|20)\d{2}") + r"\Z")


def header_matches(header: str, normal: str) -> bool:
    """Whether a contract's header is that of a file, which is normalised."""
    expected = normalize_header(header)
    return expected == normal or ("{yyyy}" in expected and header_pattern(expected).match(normal) is not None)


@cache
def file_pattern(pattern: str) -> re.Pattern[str]:
    """Pattern of file names: `{Mon}`, `{YYYY}`, `{q}` and their like are named groups, any other name is any text."""
    stem, _, extension = pattern.rpartition(".")
    parts = []
    seen: set[str] = set()
    for piece in re.split(r"(\{\w+\})", stem):
        token = piece[1:-1] if piece.startswith("{") else None
        if token is None:
            parts.append(re.escape(piece).replace(r"\*", ".*"))
        elif token in _TOKENS and token not in seen:
            parts.append(_TOKENS[token])
            seen.add(token)
        else:
            parts.append(r".+?")
    # A browser or a file manager that has the name already adds " (1)" or " - Copy".
    return re.compile("".join(parts) + r"(?:_.*| ?\(\d+\)| - Copy)?\." + re.escape(extension) + r"\Z", re.IGNORECASE)
