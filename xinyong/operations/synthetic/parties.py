"""Whom a decision strikes: draws organisations for rows, few of them often, and keeps each one's facts once."""

import numpy as np
import pyarrow as pa

from xinyong.operations.synthetic import draw
from xinyong.operations.synthetic.organisations import BLOCK, TRADER, City, Organisations, registered_by

#: How strongly old (low) numbers are preferred: share of rows ~ number^(1/power). 1.0 would be even.
PENALTY_POWER = 1.7
LICENCE_POWER = 1.35
_ATTEMPTS = 40


def choose(
    city: City, salt: str, index: draw.Whole, days: draw.Whole, *, slots: draw.Whole, county: int | None, power: float
) -> draw.Whole:
    """Numbers of organisations for rows: registered and not ended on the row's day, of these slots, in the county if
    one is given. Where nothing fits after some attempts (a very small city), the last one drawn stays."""
    exist = registered_by(city, days)
    found = np.zeros(len(index), dtype=np.int64)
    open_rows = np.arange(len(index))
    for attempt in range(_ATTEMPTS):
        rows = index[open_rows]
        blocks = np.maximum(exist[open_rows] // BLOCK, 1)
        block = (draw.unit(city.seed, f"{salt}/block{attempt}", rows) ** power * blocks).astype(np.int64)
        slot = slots[draw.below(city.seed, f"{salt}/slot{attempt}", rows, len(slots))]
        found[open_rows] = (block * BLOCK + slot) % exist[open_rows]
        drawn = Organisations(city, found[open_rows])
        fits = (drawn.ended < 0) | (drawn.ended > days[open_rows])
        if county is not None:
            fits &= drawn.counties == county
        open_rows = open_rows[~fits]
        if not len(open_rows):
            break
    return found


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
