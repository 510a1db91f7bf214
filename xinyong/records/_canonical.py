"""A row of the archive as bytes that are the same on its way in and whenever it is read again: what its digest is over.

They are COPY's binary form of the row's columns, in the order of ``_stream.COLUMNS``, but for JSON: the server keeps that
in its own form, so the canonical text is compact, members by length of the name, then by name. Of sealed bytes stands only that
there are any: they change when keys are rotated, what they say does not, and that is in the content's own digest (decision 14).
"""

import json
import struct
from collections.abc import Sequence
from typing import Any, Final

import orjson

from xinyong.records._stream import COLUMNS

_COUNT: Final = struct.pack(">h", len(COLUMNS))
_NOTHING: Final = struct.pack(">i", -1)
_JSON: Final = (COLUMNS.index("payload"), COLUMNS.index("extra"))
_SEALED: Final = COLUMNS.index("sealed")
#: What stands for sealed bytes.
SEALED: Final = b"*"


def text(members: dict[str, Any]) -> str:
    """A JSON object in canonical form."""
    ordered = sorted(((name.encode(), name) for name in members), key=lambda one: (len(one[0]), one[0]))
    return json.dumps({name: members[name] for _, name in ordered}, ensure_ascii=False, separators=(",", ":"))


def rows(result: Any) -> list[bytes]:
    """The canonical bytes of each row of a libpq result in binary form whose columns are ``_stream.COLUMNS``."""
    return [
        row([result.get_value(at, column) for column in range(len(COLUMNS))])
        for at in range(result.ntuples if result else 0)
    ]


def row(values: Sequence[bytes | None]) -> bytes:
    """The canonical bytes of a row, from its columns in binary form (None is null)."""
    parts = [_COUNT]
    for place, value in enumerate(values):
        if value is None:
            parts.append(_NOTHING)
            continue
        kept = b"\x01" + _compact(value[1:]) if place in _JSON else SEALED if place == _SEALED else value
        parts += (struct.pack(">i", len(kept)), kept)
    return b"".join(parts)


def split(line: bytes) -> list[bytes | None]:
    """The columns of one row of COPY's binary output."""
    (count,) = struct.unpack_from(">h", line)
    at, values = 2, list[bytes | None]()
    for _ in range(count):
        (size,) = struct.unpack_from(">i", line, at)
        at += 4
        values.append(None if size < 0 else line[at : at + size])
        at += max(0, size)
    return values


def _compact(kept: bytes) -> bytes:
    """The server's text of a JSON object in canonical form. Its members stand in the right order already."""
    found = orjson.loads(kept)
    if all(type(value) is str for value in found.values()):
        return orjson.dumps(found)
    return json.dumps(json.loads(kept), ensure_ascii=False, separators=(",", ":")).encode()
