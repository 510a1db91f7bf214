"""Columns as the reader hands them over: distinct values and, for each row, which of them.

Whoever checks a value checks it once, however many rows hold it. A column whose values do not come again is held row for
row, with no indices.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

Rows = npt.NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class Coded:
    """A column: ``values`` and, where they come again, ``indices`` (int32 by row, null: empty). Without indices the
    values stand row for row. Two values may be equal, and some may be in no row."""

    values: pa.Array
    indices: pa.Array | None = None

    def __len__(self) -> int:
        return len(self.values if self.indices is None else self.indices)

    @property
    def null_count(self) -> int:
        """Rows without a value."""
        empty: int = self.values.null_count if self.indices is None else self.indices.null_count
        return empty

    def plain(self) -> pa.Array:
        """The column row for row."""
        return self.values if self.indices is None else self.values.take(self.indices)

    def spread(self, of_values: pa.Array) -> pa.Array:
        """What was made of each value, row for row."""
        return of_values if self.indices is None else of_values.take(self.indices)

    def over(self, work: Callable[[pa.Array], pa.Array]) -> "Coded":
        """The column with ``work`` done on its values; a value that becomes null empties its rows."""
        return coded(work(self.values), self.indices)

    def take(self, rows: Any) -> pa.Array:
        """The cells of these rows."""
        places = pa.array(rows, pa.int64()) if not isinstance(rows, pa.Array) else rows
        return self.values.take(places if self.indices is None else self.indices.take(places))

    def rows(self, holds: Any) -> Rows:
        """The rows whose value ``holds``: a mask of the values, Arrow's (null: no) or NumPy's."""
        mask = holds
        if not isinstance(holds, np.ndarray):
            mask = pc.fill_null(holds, False).to_numpy(zero_copy_only=False)
        if not mask.any():
            return np.empty(0, np.int64)
        if self.indices is None:
            return np.flatnonzero(mask)
        return np.flatnonzero(np.append(mask, False)[self.numbers()])

    def numbers(self) -> npt.NDArray[np.int64]:
        """A number for each row, equal only where the values are; −1 where there is none."""
        indices = self.values.dictionary_encode().indices if self.indices is None else self.indices
        numbers: npt.NDArray[np.int64] = pc.fill_null(indices, -1).to_numpy().astype(np.int64)
        return numbers

    def dictionary(self) -> pa.Array:
        """For engines that know dictionaries; row for row where there is none."""
        return self.values if self.indices is None else pa.DictionaryArray.from_arrays(self.indices, self.values)


def coded(values: pa.Array, indices: pa.Array | None = None) -> Coded:
    """A column whose empty cells are empty in the indices, not among the values."""
    if indices is None or not values.null_count:
        return Coded(values, indices)
    is_empty = pc.is_null(values).take(indices)
    return Coded(values, pc.if_else(pc.fill_null(is_empty, True), pa.scalar(None, indices.type), indices))


def of_raw(raw: pa.Array) -> Coded:
    """A column of a chunk file."""
    if pa.types.is_dictionary(raw.type):
        return coded(raw.dictionary, raw.indices)
    return Coded(raw)


def encoded(column: pa.Array) -> Coded:
    """A column row for row, coded where values come again."""
    found = column.dictionary_encode()
    return Coded(found.dictionary, found.indices) if len(found.dictionary) * 2 <= len(column) else Coded(column)


def empty(kind: pa.DataType, rows: int) -> Coded:
    """A column without a value."""
    return Coded(pa.nulls(rows, kind))


def combinations(columns: Iterable[Coded]) -> tuple[Rows, Rows]:
    """The first row of each combination of values, and for each row which combination it has."""
    combined = np.zeros(0, np.int64)
    for column in columns:
        if len(combined) and column.null_count == len(column):
            continue
        numbers = column.numbers() + 1
        if len(combined):
            # Numbered anew before each column: the product of many would overflow.
            combined = np.unique(combined, return_inverse=True)[1].astype(np.int64)
            numbers += combined * (int(numbers.max()) + 1)
        combined = numbers
    _, first, back = np.unique(combined, return_index=True, return_inverse=True)
    return first, back


class Columns(Mapping[str, pa.Array]):
    """Typed columns by field code, row for row; ``coded`` gives one as distinct values, which is quicker."""

    def __init__(self, columns: Mapping[str, Coded]) -> None:
        self._coded = dict(columns)
        self._plain: dict[str, pa.Array] = {}

    def __getitem__(self, code: str) -> pa.Array:
        if code not in self._plain:
            self._plain[code] = self._coded[code].plain()
        return self._plain[code]

    def __iter__(self) -> Iterator[str]:
        return iter(self._coded)

    def __len__(self) -> int:
        return len(self._coded)

    def coded(self, code: str) -> Coded:
        """The column as values and indices."""
        return self._coded[code]
