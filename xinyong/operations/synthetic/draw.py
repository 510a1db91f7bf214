"""Chance without state: every number is a function of (seed, salt, index), so any row can be made again alone.

The city streams because of this. Row 40,000,000 does not need the rows before it, and an organisation has the same name
in every file, whichever process writes it. The mixing function is splitmix64 (Steele, Lea, Flood 2014).
"""

import zlib
from collections.abc import Sequence
from datetime import date
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

Whole = NDArray[np.int64]
Share = NDArray[np.float64]
Flags = NDArray[np.bool_]
#: A column of text. pyarrow has no usable types of its own.
Texts = Any

_EPOCH = date(1970, 1, 1)


def mix(seed: int, salt: str, index: Whole) -> NDArray[np.uint64]:
    """64 well mixed bits for each index."""
    start = np.uint64((zlib.crc32(salt.encode()) << 32 ^ seed * 0x9E3779B97F4A7C15) & 0xFFFFFFFFFFFFFFFF)
    bits: NDArray[np.uint64] = (index.astype(np.uint64) + np.uint64(1)) * np.uint64(0x9E3779B97F4A7C15) ^ start
    for shift, factor in ((30, 0xBF58476D1CE4E5B9), (27, 0x94D049BB133111EB), (31, 0x9E3779B97F4A7C15)):
        bits = (bits ^ (bits >> np.uint64(shift))) * np.uint64(factor)
    return bits ^ (bits >> np.uint64(32))


def unit(seed: int, salt: str, index: Whole) -> Share:
    """A share in [0, 1) for each index."""
    return (mix(seed, salt, index) >> np.uint64(11)).astype(np.float64) * 2.0**-53


def below(seed: int, salt: str, index: Whole, limit: int) -> Whole:
    """A whole number in [0, limit) for each index."""
    return (unit(seed, salt, index) * limit).astype(np.int64)


def weighted(seed: int, salt: str, index: Whole, weights: Sequence[float]) -> Whole:
    """The position of one of the weights for each index, as often as it weighs."""
    return positions(unit(seed, salt, index), weights)


def positions(shares: Share, weights: Sequence[float]) -> Whole:
    """Where each share falls on the row of weights."""
    bounds = np.cumsum(np.asarray(weights, dtype=np.float64))
    found = np.searchsorted(bounds / bounds[-1], shares, side="right")
    return np.minimum(found, len(weights) - 1).astype(np.int64)


def bell(seed: int, salt: str, index: Whole) -> Share:
    """A standard normal number for each index (Box and Muller 1958)."""
    first = 1.0 - unit(seed, salt, index)
    second = unit(seed, salt + "'", index)
    return np.sqrt(-2.0 * np.log(first)) * np.cos(2.0 * np.pi * second)


def take(pool: Sequence[str | None] | Texts, index: Whole) -> Texts:
    """The texts of the pool at these positions."""
    values = pool if isinstance(pool, pa.Array) else pa.array(pool, pa.string())
    return values.take(pa.array(index))


def join(*parts: Texts | str) -> Texts:
    """Texts side by side; a plain str stands in every row. A missing part counts as nothing."""
    return pc.binary_join_element_wise(*parts, "", null_handling="replace", null_replacement="")


def choose(mask: Flags, yes: Texts | str | None, no: Texts | str | None) -> Texts:
    """``yes`` where the mask is true, ``no`` elsewhere."""
    return pc.if_else(pa.array(mask), _value(yes), _value(no)).cast(pa.string())


def _value(text: Texts | str | None) -> Texts:
    return pa.scalar(text, pa.string()) if text is None or isinstance(text, str) else text


def same(text: str | None, count: int) -> Texts:
    """The same text in every row."""
    return pa.repeat(pa.scalar(text, pa.string()), count)


def digits(numbers: Whole, width: int) -> Texts:
    """Whole numbers as digits, filled with zeros to the width."""
    return characters(radix(numbers, 10, width), "0123456789")


def radix(numbers: Whole, base: int, width: int) -> Whole:
    """The digits of each number in a base, highest first: one row each."""
    powers = np.array([base**place for place in range(width - 1, -1, -1)], dtype=np.int64)
    return numbers[:, None] // powers[None, :] % base


def characters(places: Whole, alphabet: str) -> Texts:
    """One text per row of places in an ASCII alphabet."""
    letters = np.frombuffer(alphabet.encode("ascii"), dtype=np.uint8)
    block = np.ascontiguousarray(letters[places])
    width = block.shape[1]
    offsets = np.arange(0, (len(block) + 1) * width, width, dtype=np.int32)
    return pa.StringArray.from_buffers(len(block), pa.py_buffer(offsets), pa.py_buffer(block))


def plain(numbers: Whole) -> Texts:
    """Whole numbers as they are written."""
    return pa.array(numbers).cast(pa.string())


def in_ten_thousands(fen: Whole) -> Texts:
    """An amount in fen as 万元 with as many decimals as it needs, six at most (data.md §1.2, item 20)."""
    text = join(plain(fen // 1_000_000), ".", digits(fen % 1_000_000, 6))
    return pc.utf8_rtrim(pc.utf8_rtrim(text, characters="0"), characters=".")


def day(value: date) -> int:
    """The day as a count from 1970-01-01."""
    return (value - _EPOCH).days


def iso(days: Whole) -> Texts:
    """Days as 2025-03-05."""
    return pa.array(days.astype(np.int32), pa.date32()).cast(pa.string())


def parts_of(days: Whole) -> tuple[Whole, Whole, Whole]:
    """Year, month and day of month of each day."""
    moments = days.astype("datetime64[D]")
    months = moments.astype("datetime64[M]")
    years = months.astype("datetime64[Y]").astype(np.int64) + 1970
    return years, months.astype(np.int64) % 12 + 1, (moments - months).astype(np.int64) + 1


def in_words(days: Whole) -> Texts:
    """Days as 2025年3月5日."""
    years, months, inside = parts_of(days)
    return join(plain(years), "年", plain(months), "月", plain(inside), "日")


def spread(masks: Sequence[Flags], parts: Sequence[Texts], count: int) -> Texts:
    """Puts parts that were made apart back into their rows: part k holds the rows where mask k is true, in order."""
    rows = np.concatenate([np.flatnonzero(mask) for mask in masks])
    back = np.empty(count, dtype=np.int64)
    back[rows] = np.arange(count)
    return pa.concat_arrays(
        [part.combine_chunks() if isinstance(part, pa.ChunkedArray) else part for part in parts]
    ).take(pa.array(back))
