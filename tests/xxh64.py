"""xxHash64 in plain Python, as its specification spells it out: a second opinion on what the engines compute.

Source: https://github.com/Cyan4973/xxHash/blob/dev/doc/xxhash_spec.md, XXH64 algorithm description.
"""

from __future__ import annotations

import hashlib
import struct
from typing import Any

_P1, _P2, _P3 = 0x9E3779B185EBCA87, 0xC2B2AE3D27D4EB4F, 0x165667B19E3779F9
_P4, _P5 = 0x85EBCA77C2B2AE63, 0x27D4EB2F165667C5
_MASK = (1 << 64) - 1


def _rotated(value: int, bits: int) -> int:
    return ((value << bits) | (value >> (64 - bits))) & _MASK


def _round(lane: int, value: int) -> int:
    return _rotated((lane + value * _P2) & _MASK, 31) * _P1 & _MASK


def xxh64(data: bytes, seed: int = 0) -> int:
    """The hash as an unsigned number."""
    position, size = 0, len(data)
    if size >= 32:
        lanes = [(seed + _P1 + _P2) & _MASK, (seed + _P2) & _MASK, seed & _MASK, (seed - _P1) & _MASK]
        while position <= size - 32:
            for i, value in enumerate(struct.unpack_from("<4Q", data, position)):
                lanes[i] = _round(lanes[i], value)
            position += 32
        result = sum(_rotated(lane, bits) for lane, bits in zip(lanes, (1, 7, 12, 18), strict=True)) & _MASK
        for lane in lanes:
            result = ((result ^ _round(0, lane)) * _P1 + _P4) & _MASK
    else:
        result = (seed + _P5) & _MASK
    result = (result + size) & _MASK
    while position <= size - 8:
        (value,) = struct.unpack_from("<Q", data, position)
        result = (_rotated(result ^ _round(0, value), 27) * _P1 + _P4) & _MASK
        position += 8
    if position <= size - 4:
        (value,) = struct.unpack_from("<I", data, position)
        result = (_rotated(result ^ (value * _P1 & _MASK), 23) * _P2 + _P3) & _MASK
        position += 4
    for byte in data[position:]:
        result = _rotated(result ^ (byte * _P5 & _MASK), 11) * _P1 & _MASK
    result = (result ^ (result >> 33)) * _P2 & _MASK
    result = (result ^ (result >> 29)) * _P3 & _MASK
    return result ^ (result >> 32)


def chained(*parts: bytes) -> int:
    """xxHash64 of several values, each with the hash of those before it as seed, the first with 42; signed."""
    number = 42
    for part in parts:
        number = xxh64(part, seed=number)
    return number - (1 << 64) if number >> 63 else number


def row_hash_of(**values: Any) -> int:
    """The row hash: number of the name and value of what is not null, by name. Bytes stand for a value as they are."""
    parts: list[bytes] = []
    for name, value in sorted(values.items()):
        if value is not None:
            number = int.from_bytes(hashlib.sha256(name.encode()).digest()[:7], "big")
            content = value if isinstance(value, list) else [value.encode() if isinstance(value, str) else value]
            parts += [struct.pack("<q", number), *content]
    return chained(*parts)
