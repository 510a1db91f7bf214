"""The log as static files (C2SP tlog-tiles): ``checkpoint`` and tiles of 256 hashes, for anybody to copy and to verify.

The hashes are salted (store.leaf_data): files give away how much was done, and when, not what. Entries are not published.
"""

import os
import secrets
from collections.abc import Callable, Sequence
from pathlib import Path

from xinyong.security.ledger import merkle
from xinyong.security.ledger.merkle import TILE, Nodes

CHECKPOINT = "checkpoint"
_LONGEST = 1 << 20


def path_of(level: int, number: int, width: int = TILE) -> str:
    """A tile's place: numbers in threes, all but the last with an x; a tile that is not full says how wide it is."""
    parts = [f"{number % 1000:03d}"]
    while number >= 1000:
        number //= 1000
        parts.insert(0, f"x{number % 1000:03d}")
    return f"tile/{level}/{'/'.join(parts)}" + ("" if width == TILE else f".p/{width}")


def write(folder: Path, nodes: Nodes, before: int, after: int) -> None:
    """Writes the tiles that changed while the log grew from ``before`` to ``after`` leaves. Full ones stay for ever."""
    level = 0
    while (count := after >> (level * merkle.TILE_HEIGHT)) or level == 0:
        first = (before >> (level * merkle.TILE_HEIGHT)) // TILE
        for number in range(first, -(-count // TILE)):
            width = min(TILE, count - number * TILE)
            put(folder / path_of(level, number, width), b"".join(nodes(level, number * TILE, width)))
            for old in (folder / f"{path_of(level, number)}.p").glob("*"):
                if old.name.isdecimal() and int(old.name) < width:
                    old.unlink(missing_ok=True)
        level += 1


def put(path: Path, content: bytes) -> None:
    """A file that is whole or not there, on disk when this returns."""
    path.parent.mkdir(parents=True, exist_ok=True)
    fresh = path.with_name(f"{path.name}.{secrets.token_hex(8)}")
    with fresh.open("wb") as file:
        file.write(content)
        file.flush()
        os.fsync(file.fileno())
    fresh.replace(path)


class Files:
    """The nodes of a tree of ``size`` leaves, read from its tiles: in a folder, or by ``read`` (level, number, width).
    They are believed by nobody before their root is the checkpoint's."""

    def __init__(self, folder: Path, size: int, *, read: Callable[[int, int, int], bytes] | None = None) -> None:
        self.folder, self.size = folder, size
        self._read = read or self._file
        self._kept: dict[tuple[int, int], bytes] = {}

    def __call__(self, level: int, first: int, count: int) -> Sequence[bytes]:
        found: list[bytes] = []
        while count > 0:
            number, start = divmod(first, TILE)
            tile = self._tile(level, number)
            taken = [tile[at * 32 : at * 32 + 32] for at in range(start, min(TILE, start + count))]
            if not all(len(one) == 32 for one in taken):
                raise KeyError(f"tile {level}/{number} is too short")
            found += taken
            first, count = first + len(taken), count - len(taken)
        return found

    def _tile(self, level: int, number: int) -> bytes:
        if (level, number) not in self._kept:
            here = self.size >> (level * merkle.TILE_HEIGHT)
            width = min(TILE, here - number * TILE)
            if width <= 0:
                raise KeyError(f"tile {level}/{number} lies beyond the tree")
            content = self._read(level, number, width)
            if len(self._kept) > 4096:
                self._kept.clear()
            self._kept[level, number] = content
        return self._kept[level, number]

    def _file(self, level: int, number: int, width: int) -> bytes:
        return read(self.folder, level, number, width)


def read(folder: Path, level: int, number: int, width: int) -> bytes:
    """A tile at this width; a wider one, published since, begins with it. Raises KeyError."""
    full = folder / path_of(level, number)
    wider = sorted(
        (int(one.name), one) for one in Path(f"{full}.p").glob("*") if one.name.isdecimal() and int(one.name) >= width
    )
    for place in (full, *(one for _, one in wider)):
        if place.is_file() and place.stat().st_size <= _LONGEST:
            return place.read_bytes()[: width * 32]
    raise KeyError(f"tile {level}/{number} is missing")
