"""Which partition of the archive a subject's records lie in, computed beforehand.

PostgreSQL's own hash of a bigint key (``hashint8extended`` with the seed of hash partitioning, Bob Jenkins' final mix),
so that a batch can be put in the order of partitions: the server then fills one partition's pages at a time. Rows go to
the right partition whatever is computed here; a test holds both to be the same.
"""

from typing import Final

import numpy as np
import numpy.typing as npt

#: Number of partitions, as the migration made them.
PARTITIONS: Final = 8
_SEED: Final = 0x7A5B22367996DCFD
_START: Final = (0x9E3779B9 + 4 + 3923095) & 0xFFFFFFFF
_COMBINE: Final = np.uint64(0x49A0F4DD15E5A8E3)

_Words = npt.NDArray[np.uint32]


def partition_of(subject_ids: npt.NDArray[np.int64]) -> npt.NDArray[np.int8]:
    """The number of the partition (from 0) of each subject."""
    low = subject_ids.astype(np.uint32)
    high = (subject_ids >> 32).astype(np.uint32)
    key = low ^ np.where(subject_ids >= 0, high, ~high)
    a, b, c = (np.full(len(key), start, np.uint32) for start in _seeded())
    a += key
    for at, rotation in enumerate((14, 11, 25, 16, 4, 14, 24)):
        # c ^= b, a ^= c, b ^= a in turn, each less the rotated other
        if at % 3 == 0:
            c = (c ^ b) - _rotated(b, rotation)
        elif at % 3 == 1:
            a = (a ^ c) - _rotated(c, rotation)
        else:
            b = (b ^ a) - _rotated(a, rotation)
    hashed = (b.astype(np.uint64) << np.uint64(32)) | c.astype(np.uint64)
    partition: npt.NDArray[np.int8] = ((hashed + _COMBINE) % np.uint64(PARTITIONS)).astype(np.int8)
    return partition


def _rotated(words: _Words, by: int) -> _Words:
    rotated: _Words = (words << np.uint32(by)) | (words >> np.uint32(32 - by))
    return rotated


def _seeded() -> tuple[int, int, int]:
    """The three words before the key comes in: one round of Jenkins' mix over the seed."""
    mask = 0xFFFFFFFF
    a, b, c = (_START + (_SEED >> 32)) & mask, (_START + (_SEED & mask)) & mask, _START

    def turned(word: int, by: int) -> int:
        return ((word << by) | (word >> (32 - by))) & mask

    a, c = ((a - c) & mask) ^ turned(c, 4), (c + b) & mask
    b, a = ((b - a) & mask) ^ turned(a, 6), (a + c) & mask
    c, b = ((c - b) & mask) ^ turned(b, 8), (b + a) & mask
    a, c = ((a - c) & mask) ^ turned(c, 16), (c + b) & mask
    b, a = ((b - a) & mask) ^ turned(a, 19), (a + c) & mask
    c, b = ((c - b) & mask) ^ turned(b, 4), (b + a) & mask
    return a, b, c
