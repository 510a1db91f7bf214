"""Rows of the archive as COPY's binary form has them: what the server reads with the least work.

Against the text form the server is spared looking for line ends, tabs and backslashes, and parsing dates and digits, about
a fifth of its time for a row. Layout of a row: number of columns (int16), then each column as its length (int32, −1 for
null) and its bytes, all big-endian. Source: PostgreSQL's documentation of COPY, "Binary Format".
"""

import struct
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from typing import Any, Final

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

#: Columns in the order of the stream: those with a value in every row, the clocks, the contents.
FIXED: Final = (
    "subject_id", "key_digest", "version", "content_digest", "row_no", "state", "item_id", "item_version", "source_id",
    "submission_id", "disclosure", "known_from",
)  # fmt: skip
CLOCKS: Final = (
    "severity", "rule_set", "decided_on", "valid_from", "valid_to", "publish_from", "publish_until", "repair_from",
    "retain_until", "is_late",
)  # fmt: skip
CONTENTS: Final = ("payload", "sealed", "extra")
COLUMNS: Final = (*FIXED, *CLOCKS, *CONTENTS)

HEADER: Final = b"PGCOPY\n\xff\r\n\x00" + bytes(8)
TRAILER: Final = b"\xff\xff"
DIGEST: Final = 16

_NOTHING: Final = struct.pack(">i", -1)
_EPOCH: Final = date(2000, 1, 1)
_EPOCH_TIME: Final = datetime(2000, 1, 1, tzinfo=UTC)
_JSONB_VERSION: Final = 1


@dataclass(frozen=True, slots=True)
class Common:
    """What all rows of a deposit have in common."""

    item_id: str
    item_version: int
    source_id: int
    submission_id: int
    disclosure: str
    known_from: datetime


@dataclass(frozen=True, slots=True)
class Rows:
    """Rows on their way into the archive, in columns of one length. ``keys`` and ``contents`` are digests of 16 bytes
    (fixed-size binary), ``clocks`` come from ``clock``, ``payloads`` and ``extras`` are JSON texts, ``sealed`` bytes;
    the last two may be null."""

    subject_ids: pa.Array
    keys: pa.Array
    contents: pa.Array
    row_nos: pa.Array
    clocks: pa.Array
    payloads: pa.Array
    sealed: pa.Array
    extras: pa.Array

    def __len__(self) -> int:
        return len(self.subject_ids)

    def slice(self, start: int, count: int) -> "Rows":
        """Some rows that follow each other, not copied."""
        return Rows(*(getattr(self, name).slice(start, count) for name in self.__slots__))

    def take(self, places: pa.Array) -> "Rows":
        """The rows at these places."""
        return Rows(*(getattr(self, name).take(places) for name in self.__slots__))


def clock(*, severity: str | None, rule_set: str | None, days: dict[str, date | None], is_late: bool) -> bytes:
    """The clock columns of a row; rows by the thousand share them. ``days`` has the seven dates by column name."""
    texts = [_NOTHING if text is None else _field(text.encode()) for text in (severity, rule_set)]
    dates = [
        _NOTHING if (day := days[name]) is None else struct.pack(">ii", 4, (day - _EPOCH).days) for name in CLOCKS[2:-1]
    ]
    return b"".join([*texts, *dates, _field(b"\x01" if is_late else b"\x00")])


def encode(
    rows: Rows, versions: npt.NDArray[np.int16] | int, common: Common
) -> tuple[memoryview, npt.NDArray[np.int32]]:
    """The rows without header and trailer, and where each ends."""
    joined = pc.binary_join_element_wise(
        _fixed(rows, versions, common),
        rows.clocks.cast(pa.binary()),
        _json_heads(rows.payloads),
        rows.payloads.cast(pa.binary()),
        _nullable(rows.sealed, is_json=False),
        _nullable(rows.extras, is_json=True),
        pa.scalar(b"", pa.binary()),
    )
    offsets = np.frombuffer(joined.buffers()[1], np.int32)[: len(joined) + 1]
    return memoryview(joined.buffers()[2] or b"")[: int(offsets[-1])], offsets[1:]


def _fixed(rows: Rows, versions: npt.NDArray[np.int16] | int, common: Common) -> pa.Array:
    item_id, disclosure = common.item_id.encode(), common.disclosure.encode()
    known_from = (common.known_from - _EPOCH_TIME) // timedelta(microseconds=1)
    by_row: dict[str, tuple[str, Any]] = {
        "subject_id": (">i8", rows.subject_ids.to_numpy()),
        "key_digest": (f"V{DIGEST}", _digests(rows.keys)),
        "version": (">i2", versions),
        "content_digest": (f"V{DIGEST}", _digests(rows.contents)),
        "row_no": (">i4", rows.row_nos.to_numpy()),
        "state": (">i2", 1),
        "item_id": (f"S{len(item_id)}", item_id),
        "item_version": (">i2", common.item_version),
        "source_id": (">i8", common.source_id),
        "submission_id": (">i8", common.submission_id),
        "disclosure": (f"S{len(disclosure)}", disclosure),
        "known_from": (">i8", known_from),
    }
    layout: list[tuple[str, str]] = [("columns", ">i2")]
    for name in FIXED:
        layout += [(f"{name} length", ">i4"), (name, by_row[name][0])]
    made = np.zeros(len(rows), dtype=np.dtype(layout))
    made["columns"] = len(COLUMNS)
    for name in FIXED:
        made[f"{name} length"] = made.dtype[name].itemsize
        made[name] = by_row[name][1]
    return _binary(made)


def _digests(column: pa.Array) -> npt.NDArray[np.void]:
    start = column.offset * DIGEST
    return np.frombuffer(column.buffers()[1], np.dtype(f"V{DIGEST}"), count=len(column), offset=start)


def _json_heads(texts: pa.Array) -> pa.Array:
    """Length and version number before each JSON text."""
    made = np.zeros(len(texts), dtype=np.dtype([("length", ">i4"), ("version", "u1")]))
    made["length"] = pc.binary_length(texts).to_numpy() + 1
    made["version"] = _JSONB_VERSION
    return _binary(made)


def _binary(rows: npt.NDArray[np.void]) -> pa.Array:
    """Each row's bytes as a binary value."""
    offsets = np.arange(0, (len(rows) + 1) * rows.itemsize, rows.itemsize, dtype=np.int32)[: len(rows) + 1]
    return pa.Array.from_buffers(pa.binary(), len(rows), [None, pa.py_buffer(offsets), pa.py_buffer(rows.tobytes())])


def _nullable(column: pa.Array, *, is_json: bool) -> pa.Array | pa.Scalar:
    """A column that is empty in most deposits, and where it is not, was made row by row anyway."""
    if column.null_count == len(column):
        return pa.scalar(_NOTHING, pa.binary())
    before = bytes([_JSONB_VERSION]) if is_json else b""
    values = column.cast(pa.binary()).to_pylist()
    return pa.array([_NOTHING if one is None else _field(before + one) for one in values], pa.binary())


def _field(value: bytes) -> bytes:
    return struct.pack(">i", len(value)) + value
