"""Judging a whole column of codes. Same verdicts as ``codes.judge``, a million and more a second on one core.

A column is a matrix of bytes. One table look-up per character gives a packed sum: the weighted sums of both check
characters and counts of characters that do not belong. Rows that this settles are done; the rest (blanks, lower case,
full width, other lengths, other kinds) goes through the scalar rules, so there is one truth.
"""

from collections.abc import Callable, Container
from dataclasses import dataclass
from datetime import date
from typing import Any, Final

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from xinyong.kernel import code_checks as checks
from xinyong.kernel import code_judgement as judgement
from xinyong.kernel import code_tables as tables
from xinyong.kernel.code_tables import Kind, Verdict

#: Verdicts in a column.
VALID, DOUBTFUL, INVALID, EMPTY = 0, 1, 2, -1

_Bytes = npt.NDArray[np.uint8]
_Reasons = npt.NDArray[np.uint8]
_Settle = Callable[[_Bytes, judgement.Terms], _Reasons]

#: A row the table look-up does not settle.
_OPEN: Final = 255
_REASON: Final = {reason: np.uint8(index) for index, reason in enumerate(tables.REASONS)}
_RANK: Final = {Verdict.VALID: VALID, Verdict.DOUBTFUL: DOUBTFUL, Verdict.INVALID: INVALID}
_VERDICT_OF: Final = np.array(
    [EMPTY if reason == "empty" else _RANK[tables.REASON_TABLE[reason][0]] for reason in tables.REASONS], dtype=np.int8
)
#: Rows at a time: the working arrays stay in the processor's cache.
_BLOCK: Final = 16_384

# Packed sums: bits 0–9 and 10–19 the two weighted sums, 20–24 characters outside the alphabet, 25–29 characters outside
# the digits where digits are due (30 is spare: the counts never carry).
_SECOND, _OUTSIDE, _NO_DIGIT = 10, 20, 25


@dataclass(frozen=True, slots=True)
class JudgedColumn:
    """Per row: ``verdict`` 0 valid, 1 doubtful, 2 invalid, −1 empty; ``reason`` index into ``REASONS``; the normalised
    code (null where empty)."""

    verdict: npt.NDArray[np.int8]
    reason: npt.NDArray[np.uint8]
    normalised: Any


def judge_column(
    values: Any,
    *,
    expect: Kind,
    exceptions: Container[str] = frozenset(),
    today: date | None = None,
    placeholder_allowed: bool = False,
) -> JudgedColumn:
    """Judges a string array or chunked array. Equal to ``judge(value, expect=…)`` row by row (a property test says so).

    Raises TypeError for an array that is not text: a code read as a number has already lost digits.
    """
    terms = judgement.Terms(exceptions, today, placeholder_allowed)
    chunks = values.chunks if isinstance(values, pa.ChunkedArray) else [values]
    judged = [_judge_chunk(_as_text(chunk), expect, terms) for chunk in chunks]
    if len(judged) == 1:
        return judged[0]
    return JudgedColumn(
        np.concatenate([np.empty(0, np.int8), *(part.verdict for part in judged)]),
        np.concatenate([np.empty(0, np.uint8), *(part.reason for part in judged)]),
        pa.chunked_array([part.normalised for part in judged], type=pa.string()).combine_chunks(),
    )


def _as_text(chunk: Any) -> Any:
    kind = chunk.type
    if pa.types.is_dictionary(kind):
        chunk, kind = chunk.dictionary_decode(), kind.value_type
    if pa.types.is_null(kind) or pa.types.is_large_string(kind) or pa.types.is_string_view(kind):
        return chunk.cast(pa.string())
    if not pa.types.is_string(kind):
        raise TypeError(f"a column of codes must be text, not {kind}")
    return chunk


def _judge_chunk(array: Any, expect: Kind, terms: judgement.Terms) -> JudgedColumn:
    width, settle = _SETTLE.get(expect, (0, _settle_nothing))
    reasons = np.full(len(array), _OPEN, np.uint8)
    lengths, starts, data = _layout(array)
    rows = np.flatnonzero(lengths == width) if width else np.empty(0, np.int64)
    for first in range(0, len(rows), _BLOCK):
        block = rows[first : first + _BLOCK]
        reasons[block] = settle(_matrix(data, starts, block, width), terms)
    rest = np.flatnonzero(reasons == _OPEN)
    if not len(rest):
        return JudgedColumn(_VERDICT_OF[reasons], reasons, array)
    texts = array.take(pa.array(rest)).to_pylist()
    codes = ["" if text is None else checks.canonical(text) for text in texts]
    reasons[rest] = _judge_rest(texts, codes, expect, terms, width, settle)
    return JudgedColumn(_VERDICT_OF[reasons], reasons, _replaced(array, rest, texts, codes))


def _judge_rest(
    texts: list[str | None], codes: list[str], expect: Kind, terms: judgement.Terms, width: int, settle: _Settle
) -> _Reasons:
    """Rows that normalising made regular go through the tables once more; what is still open is judged one by one."""
    reasons = np.full(len(codes), _OPEN, np.uint8)
    regular = [
        row
        for row, (text, code) in enumerate(zip(texts, codes, strict=True))
        if len(code) == width > 0 and code.isascii() and code != text
    ]
    for first in range(0, len(regular), _BLOCK):
        block = regular[first : first + _BLOCK]
        joined = "".join([codes[row] for row in block]).encode("ascii")
        reasons[block] = settle(np.frombuffer(joined, np.uint8).reshape(-1, width), terms)
    for row in np.flatnonzero(reasons == _OPEN).tolist():
        reasons[row] = _REASON[judgement.assess(codes[row], expect, terms).reason]
    return reasons


def _replaced(array: Any, rows: npt.NDArray[np.int64], texts: list[str | None], codes: list[str]) -> Any:
    """The array with the normalised codes in ``rows``; the array itself when nothing changes."""
    new = [code or None for code in codes]
    if new == texts:
        return array
    mask = np.zeros(len(array), bool)
    mask[rows] = True
    return pa.compute.replace_with_mask(array, pa.array(mask), pa.array(new, type=pa.string()))


def _layout(array: Any) -> tuple[npt.NDArray[np.int32], npt.NDArray[np.int32], _Bytes]:
    """Byte length (−1 for null) and start of every row, and the bytes themselves, without a copy."""
    _, offsets, data = array.buffers()
    if offsets is None or not len(array):
        return np.full(len(array), -1, np.int32), np.zeros(len(array), np.int32), np.empty(0, np.uint8)
    ends = np.frombuffer(offsets, np.int32)[array.offset : array.offset + len(array) + 1]
    lengths = np.diff(ends)
    if array.null_count:
        lengths[array.is_null().to_numpy(zero_copy_only=False)] = -1
    return lengths, ends[:-1], np.frombuffer(data, np.uint8) if data is not None else np.empty(0, np.uint8)


def _matrix(data: _Bytes, starts: npt.NDArray[np.int32], rows: npt.NDArray[np.int64], width: int) -> _Bytes:
    at = starts[rows]
    if int(at[-1]) - int(at[0]) == (len(rows) - 1) * width:
        return data[at[0] : at[0] + len(rows) * width].reshape(-1, width)
    gathered: _Bytes = data[at[:, None].astype(np.int64) + np.arange(width)]
    return gathered


def _table(place: int, alphabet: str, first: int, second: int, modulus: int, *, digits: bool) -> npt.NDArray[np.uint32]:
    """One place's packed contribution for each byte."""
    table = np.full(256, (1 << _OUTSIDE) + (digits << _NO_DIGIT), np.uint32)
    for value, character in enumerate(alphabet):
        org = tables.ORG_ALPHABET.index(character)
        missing = digits and not character.isdigit()
        table[ord(character)] = value * first % modulus + ((org * second % 11) << _SECOND) + (missing << _NO_DIGIT)
    return table


def _uscc_tables() -> list[npt.NDArray[np.uint32]]:
    org_weights = (0,) * 8 + tables.ORG_WEIGHTS + (1, 0)
    built = [
        _table(place, tables.USCC_ALPHABET, weight, org, 31, digits=2 <= place < 8)
        for place, (weight, org) in enumerate(zip((*tables.USCC_WEIGHTS, 1), org_weights, strict=True))
    ]
    _close_org_check(built[16])
    return built


def _org_tables() -> list[npt.NDArray[np.uint32]]:
    built = [
        _table(place, tables.ORG_ALPHABET, 0, weight, 31, digits=False)
        for place, weight in enumerate((*tables.ORG_WEIGHTS, 1))
    ]
    _close_org_check(built[8])
    return built


def _close_org_check(table: npt.NDArray[np.uint32]) -> None:
    """The organisation check is a digit or X = 10. Any other letter adds a hundred: the sum then never closes."""
    for character in tables.ORG_ALPHABET:
        kept = int(table[ord(character)]) & ~(0x3FF << _SECOND)
        second = int(character) if character.isdigit() else 10 if character == "X" else _NEVER
        table[ord(character)] = kept + (second << _SECOND)


def _citizen_tables() -> list[npt.NDArray[np.uint32]]:
    weights = (*tables.CITIZEN_WEIGHTS, 1)
    built = [_table(place, "0123456789", weight, 0, 11, digits=False) for place, weight in enumerate(weights)]
    built[17][ord("X")] = 10
    return built


_NEVER: Final = 200  # above any sum of eight values below 11
_USCC_TABLES: Final = _uscc_tables()
_ORG_TABLES: Final = _org_tables()
_CITIZEN_TABLES: Final = _citizen_tables()
_KNOWN_HEADS: Final = np.zeros((256, 256), bool)
for _head in tables.CATEGORIES:
    _KNOWN_HEADS[ord(_head[0]), ord(_head[1])] = True
_KNOWN_PROVINCES: Final = np.zeros(100, bool)
_KNOWN_PROVINCES[[int(_province) for _province in tables.PROVINCES]] = True
_MONTH_DAYS: Final = np.array([0, 31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31])


def _packed(matrix: _Bytes, look_up: list[npt.NDArray[np.uint32]]) -> npt.NDArray[np.uint32]:
    columns = np.ascontiguousarray(matrix.T)
    total: npt.NDArray[np.uint32] = look_up[0][columns[0]]
    for place in range(1, len(look_up)):
        total += look_up[place][columns[place]]
    return total


def _settle_uscc(matrix: _Bytes, terms: judgement.Terms) -> _Reasons:
    """Settles what cannot be a person's number; the scalar rules see to whatever has a century at characters 7 to 10."""
    packed = _packed(matrix, _USCC_TABLES)
    seven, eight = matrix[:, 6], matrix[:, 7]
    has_century = ((seven == 49) & (eight == 57)) | ((seven == 50) & (eight == 48))
    is_plain = (packed >> _OUTSIDE == 0) & _KNOWN_HEADS[matrix[:, 0], matrix[:, 1]] & ~has_century
    is_right = is_plain & ((packed & 0x3FF) % 31 == 0)
    second = (packed >> _SECOND) & 0x3FF
    org_holds = (second % 11 == 0) & (second < _NEVER)
    reasons = np.full(len(matrix), _OPEN, np.uint8)
    reasons[is_right & org_holds] = _REASON[""]
    reasons[is_right & ~org_holds] = _REASON["organisation-check-failed"]
    if terms.exceptions == frozenset():
        is_cut = (matrix[:, 15:] == 48).all(axis=1)
        reasons[is_plain & ~is_right & ~is_cut] = _REASON["wrong-check-character"]
    return reasons


def _settle_org_code(matrix: _Bytes, _terms: judgement.Terms) -> _Reasons:
    packed = _packed(matrix, _ORG_TABLES)
    second = (packed >> _SECOND) & 0x3FF
    reasons = np.full(len(matrix), _OPEN, np.uint8)
    is_plain = packed >> _OUTSIDE == 0
    holds = (second % 11 == 0) & (second < _NEVER)
    reasons[is_plain & holds] = _REASON[""]
    reasons[is_plain & ~holds] = _REASON["wrong-check-character"]
    return reasons


def _settle_citizen(matrix: _Bytes, terms: judgement.Terms) -> _Reasons:
    """Settles ordinary numbers: a known province, a real date, no 9-series, no whole-province head, no lost digits."""
    packed = _packed(matrix, _CITIZEN_TABLES)
    is_plain = packed >> _OUTSIDE == 0
    digit = np.where(is_plain[:, None], matrix[:, :14], 48).astype(np.int32) - 48
    year = digit[:, 6:10] @ np.array([1000, 100, 10, 1], np.int32)
    month = digit[:, 10] * 10 + digit[:, 11]
    day = digit[:, 12] * 10 + digit[:, 13]
    is_leap = (year % 4 == 0) & ((year % 100 != 0) | (year % 400 == 0))
    last = _MONTH_DAYS[np.where(month <= 12, month, 0)] + (is_leap & (month == 2))
    newest = terms.today or date(2099, 12, 31)
    is_past = year * 10_000 + month * 100 + day <= newest.year * 10_000 + newest.month * 100 + newest.day
    is_plain &= (day >= 1) & (day <= last) & (year >= tables.FIRST_BIRTH_YEAR) & is_past
    is_plain &= _KNOWN_PROVINCES[digit[:, 0] * 10 + digit[:, 1]] & (digit[:, 0] < 8) & digit[:, 2:6].any(axis=1)
    is_right = (packed & 0x3FF) % 11 == 1
    is_cut = (matrix[:, 15:] == 48).all(axis=1)
    reasons = np.full(len(matrix), _OPEN, np.uint8)
    reasons[is_plain & is_right] = _REASON[""]
    reasons[is_plain & ~is_right & ~is_cut] = _REASON["wrong-check-character"]
    return reasons


def _settle_nothing(matrix: _Bytes, _terms: judgement.Terms) -> _Reasons:
    return np.full(len(matrix), _OPEN, np.uint8)


_SETTLE: Final[dict[Kind, tuple[int, _Settle]]] = {
    Kind.USCC: (18, _settle_uscc),
    Kind.ORG_CODE: (9, _settle_org_code),
    Kind.CITIZEN_ID: (18, _settle_citizen),
}
