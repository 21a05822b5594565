"""Texts that were utf-8 and were once read as MacRoman: `Ad√°n` is Adán.

The repair is the way back: every character to its MacRoman byte, the bytes read as utf-8. It is certain where it
succeeds for the whole text and changes it: a name that holds a real `√` or `é` does not make valid utf-8 and stays.
SQL text of functions that both engines have; neither knows the encoding by name.
"""

from __future__ import annotations

__all__ = ["is_damaged", "repaired"]

_HIGH = bytes(range(128, 256)).decode("mac_roman")
"""The characters of the bytes 128 to 255 (Apple, MacRoman code page)."""


def is_damaged(name: str) -> str:
    """SQL: the column's text is utf-8 read as MacRoman, by the table of well-formed byte sequences.

    Source: The Unicode Standard, table 3-7.
    """
    rest = _bytes(0x80, 0xBF)
    sequences = (
        "[ -~]",
        f"[{_bytes(0xC2, 0xDF)}][{rest}]",
        f"{_bytes(0xE0, 0xE0)}[{_bytes(0xA0, 0xBF)}][{rest}]",
        f"[{_bytes(0xE1, 0xEC)}{_bytes(0xEE, 0xEF)}][{rest}]{{2}}",
        f"{_bytes(0xED, 0xED)}[{_bytes(0x80, 0x9F)}][{rest}]",
        f"{_bytes(0xF0, 0xF0)}[{_bytes(0x90, 0xBF)}][{rest}]{{2}}",
        f"[{_bytes(0xF1, 0xF3)}][{rest}]{{3}}",
        f"{_bytes(0xF4, 0xF4)}[{_bytes(0x80, 0x8F)}][{rest}]{{2}}",
    )
    return f"coalesce({name} RLIKE '[^ -~]' AND {name} RLIKE '^(?:{'|'.join(sequences)})*\\\\z', false)"


def repaired(name: str) -> str:
    """SQL: the column's text, repaired where it is damaged."""
    damaged = f"CASE WHEN {is_damaged(name)} THEN {name} END"
    byte = f"CASE WHEN c = '' THEN '' WHEN instr('{_HIGH}', c) > 0 THEN hex(127 + instr('{_HIGH}', c)) ELSE hex(c) END"
    text = f"CAST(unhex(concat_ws('', transform(split({damaged}, ''), c -> {byte}))) AS string)"
    return f"CASE WHEN {is_damaged(name)} THEN {text} ELSE {name} END"


def _bytes(first: int, last: int) -> str:
    return _HIGH[first - 128 : last - 127]
