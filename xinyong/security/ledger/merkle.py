"""The tree of RFC 9162 (RFC 6962's): roots, proofs that a leaf is in, proofs that a later tree holds an earlier one.

Pure. A tree is read through ``Nodes``: the hashes of whole subtrees of 1, 256, 65,536 … leaves, as many as exist. So a
proof in a tree of millions reads a few hundred hashes, whether they lie in a table or in files (C2SP tlog-tiles).
The functions that check a proof take nothing for granted: sizes, index and length must fit exactly (RFC 9162 2.1.3.2 and
2.1.4.2), because a verifier that forgives a wrong size has accepted forged proofs in the field (hash-tree 0.1.1).
"""

import hashlib
from collections.abc import Callable, Sequence
from typing import Final, Protocol

from cryptography.hazmat.primitives import hashes

#: Leaves under one node that is kept, as a power of two: tiles of 256.
TILE_HEIGHT: Final = 8
TILE: Final = 1 << TILE_HEIGHT

Hash = Callable[[bytes], bytes]


def sha256(data: bytes) -> bytes:
    """SHA-256."""
    return hashlib.sha256(data).digest()


def sm3(data: bytes) -> bytes:
    """SM3 (GB/T 32905-2016)."""
    digest = hashes.Hash(hashes.SM3())
    digest.update(data)
    return digest.finalize()


#: Hash functions of a log, by the name that stands in its checkpoints.
HASHES: Final[dict[str, Hash]] = {"sha256": sha256, "sm3": sm3}


class Nodes(Protocol):
    """Where hashes of whole subtrees are read."""

    def __call__(self, level: int, first: int, count: int) -> Sequence[bytes]:
        """Hashes ``first`` … ``first + count`` of the subtrees of ``2 ** (8 * level)`` leaves. Raises KeyError when one
        is not there."""


def leaf_hash(data: bytes, h: Hash = sha256) -> bytes:
    """The hash of a leaf."""
    return h(b"\x00" + data)


def node_hash(left: bytes, right: bytes, h: Hash = sha256) -> bytes:
    """The hash of a node above two."""
    return h(b"\x01" + left + right)


def fold(level: Sequence[bytes], h: Hash = sha256) -> bytes:
    """The root over hashes of leaves, or of whole subtrees of one size; of nothing, the hash of nothing."""
    if not level:
        return h(b"")
    row = list(level)
    while len(row) > 1:
        paired = [h(b"\x01" + row[at] + row[at + 1]) for at in range(0, len(row) - 1, 2)]
        if len(row) % 2:  # the last one has no neighbour: it rises as it is
            paired.append(row[-1])
        row = paired
    return row[0]


def subtree(nodes: Nodes, start: int, height: int, h: Hash = sha256) -> bytes:
    """The hash of the whole subtree over leaves ``start`` … ``start + 2**height`` (``start`` a multiple of that)."""
    level, rest = divmod(height, TILE_HEIGHT)
    return fold(nodes(level, start >> (level * TILE_HEIGHT), 1 << rest), h)


def span(nodes: Nodes, start: int, end: int, h: Hash = sha256) -> bytes:
    """RFC 9162's MTH over leaves ``start`` … ``end``; ``start`` must be where a subtree of that size begins."""
    if start == end:
        return h(b"")
    right: bytes | None = None
    for first, height in reversed(_whole(start, end)):
        left = subtree(nodes, first, height, h)
        right = left if right is None else node_hash(left, right, h)
    assert right is not None
    return right


def root(nodes: Nodes, size: int, h: Hash = sha256) -> bytes:
    """The root of the first ``size`` leaves."""
    return span(nodes, 0, size, h)


def _whole(start: int, end: int) -> list[tuple[int, int]]:
    """The whole subtrees that leaves ``start`` … ``end`` fall into, the largest first: (first leaf, height)."""
    found = []
    while start < end:
        height = (end - start).bit_length() - 1
        found.append((start, height))
        start += 1 << height
    return found


def inclusion(nodes: Nodes, index: int, size: int, h: Hash = sha256) -> list[bytes]:
    """The proof that leaf ``index`` is in the tree of ``size`` leaves: neighbours from the leaf up."""
    if not 0 <= index < size:
        raise ValueError(f"there is no leaf {index} among {size}")
    start, end, path = 0, size, list[bytes]()
    while end - start > 1:
        middle = start + _split(end - start)
        if index < middle:
            path.append(span(nodes, middle, end, h))
            end = middle
        else:
            path.append(span(nodes, start, middle, h))
            start = middle
    return path[::-1]


def consistency(nodes: Nodes, first: int, second: int, h: Hash = sha256) -> list[bytes]:
    """The proof that the tree of ``second`` leaves begins with the tree of ``first``."""
    if not 0 < first <= second:
        raise ValueError(f"no proof leads from {first} to {second} leaves")
    start, end, path, is_whole = 0, second, list[bytes](), True
    while end != first:
        middle = start + _split(end - start)
        if first <= middle:
            path.append(span(nodes, middle, end, h))
            end = middle
        else:
            path.append(span(nodes, start, middle, h))
            start, is_whole = middle, False
    if not is_whole:
        path.append(span(nodes, start, end, h))
    return path[::-1]


def _split(size: int) -> int:
    """The largest power of two below ``size``."""
    return 1 << (size - 1).bit_length() - 1


def is_included(leaf: bytes, index: int, size: int, proof: Sequence[bytes], expected: bytes, h: Hash = sha256) -> bool:
    """True when ``proof`` shows that the leaf with this hash stands at ``index`` in the tree of ``size`` with the root
    ``expected``. Anything that does not fit exactly is False."""
    if not (_is_count(index) and _is_count(size) and index < size and _are_hashes([leaf, expected, *proof])):
        return False
    place, last, found = index, size - 1, leaf
    for neighbour in proof:
        if last == 0:
            return False  # longer than the tree is high
        if place % 2 or place == last:
            found = node_hash(neighbour, found, h)
            while place % 2 == 0 and place:
                place, last = place >> 1, last >> 1
        else:
            found = node_hash(found, neighbour, h)
        place, last = place >> 1, last >> 1
    return last == 0 and found == expected


def is_consistent(
    first: int, second: int, proof: Sequence[bytes], first_root: bytes, second_root: bytes, h: Hash = sha256
) -> bool:
    """True when ``proof`` shows that the tree of ``second`` leaves begins with the tree of ``first``, each with its root.
    Anything that does not fit exactly is False."""
    if not (_is_count(first) and _is_count(second) and 0 < first <= second):
        return False
    if not _are_hashes([first_root, second_root, *proof]):
        return False
    if first == second:
        return not proof and first_root == second_root
    path = list(proof)
    if first & (first - 1) == 0:
        path.insert(0, first_root)  # a whole subtree of its own: its root is where the way begins
    if not path:
        return False
    place, last = first - 1, second - 1
    while place % 2:
        place, last = place >> 1, last >> 1
    old = new = path[0]
    for neighbour in path[1:]:
        if last == 0:
            return False
        if place % 2 or place == last:
            old, new = node_hash(neighbour, old, h), node_hash(neighbour, new, h)
            while place % 2 == 0 and place:
                place, last = place >> 1, last >> 1
        else:
            new = node_hash(new, neighbour, h)
        place, last = place >> 1, last >> 1
    return last == 0 and old == first_root and new == second_root


def _is_count(number: object) -> bool:
    return isinstance(number, int) and not isinstance(number, bool) and 0 <= number < 1 << 63


def _are_hashes(found: Sequence[object]) -> bool:
    return len(found) < 200 and all(isinstance(one, bytes) and len(one) == 32 for one in found)


def raised(nodes: Nodes, before: int, after: int, h: Hash = sha256) -> list[tuple[int, int, bytes]]:
    """The nodes above level 0 that became whole when a log grew from ``before`` to ``after`` leaves: (level, number,
    hash), from below up. ``nodes`` must know the new leaves, and is asked for the new nodes of each level below."""
    made: dict[tuple[int, int], bytes] = {}

    def known(level: int, first: int, count: int) -> Sequence[bytes]:
        fresh = [made.get((level, first + at)) for at in range(count)]
        return [one for one in fresh if one] if all(fresh) else _mixed(nodes, made, level, first, count)

    level = 1
    while end := after >> (level * TILE_HEIGHT):
        for number in range(before >> (level * TILE_HEIGHT), end):
            made[level, number] = fold(known(level - 1, number * TILE, TILE), h)
        level += 1
    return [(level, number, digest) for (level, number), digest in made.items()]


def _mixed(nodes: Nodes, made: dict[tuple[int, int], bytes], level: int, first: int, count: int) -> Sequence[bytes]:
    kept = next((at for at in range(count) if (level, first + at) in made), count)
    return [*nodes(level, first, kept), *(made[level, first + at] for at in range(kept, count))]
