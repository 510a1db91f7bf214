"""Whom a decision strikes: draws organisations for rows, few of them often, and keeps each one's facts once."""

from collections.abc import Sequence

import numpy as np
import pyarrow as pa

from xinyong.operations.synthetic import draw
from xinyong.operations.synthetic.organisations import BLOCK, TRADER, City, Organisations, registered_by

#: How strongly old (low) numbers are preferred: share of rows ~ number^(1/power). 1.0 would be even.
PENALTY_POWER = 1.7
LICENCE_POWER = 1.35
_CANDIDATES = 40
#: Rooms for candidates in the numbering of draws: more than _CANDIDATES.
_STRIDE = 64


def choose(
    city: City, salt: str, index: draw.Whole, days: draw.Whole, *, slots: Sequence[draw.Whole], which: draw.Whole,
    county: int | None, power: float,
) -> draw.Whole:  # fmt: skip
    """Numbers of organisations for rows: registered and not ended on the row's day, of one of the slots of the row's
    kind (``which`` is a place in ``slots``), in the county if one is given. Each row has a series of candidates, and
    the first that fits is taken; where none does (a very small city), the last."""
    exist = registered_by(city, days)
    pool, start = np.concatenate(slots), np.cumsum([0, *(len(one) for one in slots)])
    sizes = np.array([len(one) for one in slots])
    found = np.zeros(len(index), dtype=np.int64)
    left, first = np.arange(len(index)), 0
    while len(left) and first < _CANDIDATES:
        width = 1 if first == 0 and county is None else 8
        shape = (len(left), width)
        draws = (index[left, None] * _STRIDE + np.arange(first, first + width)).reshape(-1)
        rows = np.repeat(left, width)
        blocks = np.maximum(exist[rows] // BLOCK, 1)
        block = (draw.unit(city.seed, salt + "/block", draws) ** power * blocks).astype(np.int64)
        slot = pool[
            start[which[rows]] + (draw.unit(city.seed, salt + "/slot", draws) * sizes[which[rows]]).astype(np.int64)
        ]
        numbers = (block * BLOCK + slot) % exist[rows]
        fits = _fit(city, numbers, days[rows], county).reshape(shape)
        best = np.where(fits.any(axis=1), fits.argmax(axis=1), width - 1)
        found[left] = numbers.reshape(shape)[np.arange(len(left)), best]
        left = left[~fits.any(axis=1)]
        first += width
    return found


def _fit(city: City, numbers: draw.Whole, days: draw.Whole, county: int | None) -> draw.Flags:
    fits = np.ones(len(numbers), dtype=np.bool_)
    if county is not None:
        fits = Organisations(city, numbers).counties == county
    inside = np.flatnonzero(fits)
    ended = Organisations(city, numbers[inside]).ended
    fits[inside] = (ended < 0) | (ended > days[inside])
    return fits


class Parties:
    """The organisations of some rows; each one's columns are made once and handed out by row."""

    def __init__(self, city: City, numbers: draw.Whole) -> None:
        unique, back = np.unique(numbers, return_inverse=True)
        self.each = Organisations(city, unique)
        self.back = back.reshape(-1)
        self._back = pa.array(self.back)

    def __len__(self) -> int:
        return len(self.back)

    def by_row(self, column: draw.Texts) -> draw.Texts:
        """A column of the organisations, one value per row."""
        return column.take(self._back)

    def names(self, days: draw.Whole) -> draw.Texts:
        """Names as they were on each row's day."""
        renamed = self.each.renamed[self.back]
        return draw.choose(
            (renamed >= 0) & (renamed > days), self.by_row(self.each.former_names), self.by_row(self.each.names)
        )

    def were_renamed(self, days: draw.Whole, within: int) -> draw.Flags:
        """True where the organisation changed its name in the last so many days before the row's day."""
        renamed = self.each.renamed[self.back]
        return (renamed >= 0) & (renamed <= days) & (days - renamed < within)

    @property
    def are_traders(self) -> draw.Flags:
        """True for sole traders."""
        flags: draw.Flags = (self.each.classes == TRADER)[self.back]
        return flags
