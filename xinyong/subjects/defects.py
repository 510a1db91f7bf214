"""重错码 Duplicate and wrong codes in the base: the rate that is to be zero (M07), and the cases behind it.

Rate = (duplicate codes + wrong codes) ÷ existing codes (data.md §1.5). Wrong: fails GB 32100. Duplicate: one organisation
with several unified codes; seen as one organisation code inside several unified codes. Several codes under one name in one
region are told for a look as well, but counted in no rate: sole traders may share a name.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from decimal import Decimal

import pyarrow as pa
from django.db import connection

from xinyong.kernel import codes, sql
from xinyong.security.access import Action, Actor, require

_SQL = sql.load(__file__, "defects.sql")
_CHUNK = 100_000


@dataclass(frozen=True, slots=True)
class Duplicate:
    """Organisations that may be one: they share ``value``. ``kind`` is same-name or same-org-code."""

    kind: str
    value: str
    region_code: str
    codes: tuple[str, ...]
    subject_ids: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class CodeDefects:
    """Codes held and what is wrong with them; ``rate`` is (duplicate + wrong) ÷ existing, None with no codes."""

    existing: int
    duplicate: int
    wrong: int
    rate: Decimal | None


def duplicates(*, seen_by: Actor, kind: str | None = None, after: str = "", limit: int = 100) -> list[Duplicate]:
    """Groups of organisations that may be one, by kind and value; ``after`` is the last value of the page before.

    ``kind``: same-org-code, same-name, or None for both (same-org-code first). Raises NotAllowed.
    """
    require(seen_by, Action.REVIEW_LINKS)
    found: list[Duplicate] = []
    with connection.cursor() as cursor:
        for each in ("same-org-code", "same-name") if kind is None else (kind,):
            cursor.execute(_SQL[each.replace("-", "_")], {"after": after, "most": limit - len(found)})
            found += [
                Duplicate(each, value, region, tuple(codes_), tuple(ids))
                for value, region, codes_, ids in cursor.fetchall()
            ]
    return found


def rates(*, seen_by: Actor, exceptions: frozenset[str] = frozenset()) -> CodeDefects:
    """The duplicate-and-wrong-code rate over all organisations. ``exceptions``: codes legally issued with a wrong check
    character, which count as right. Raises NotAllowed."""
    require(seen_by, Action.REVIEW_LINKS)
    existing = wrong = 0
    for chunk in _all_codes():
        judged = codes.judge_column(chunk, expect=codes.Kind.USCC, exceptions=exceptions)
        existing += len(chunk)
        wrong += int((judged.verdict == 2).sum())
    with connection.cursor() as cursor:
        cursor.execute(_SQL["duplicate_count"])
        duplicate = int(cursor.fetchone()[0])
    rate = (Decimal(duplicate + wrong) / existing).quantize(Decimal("0.000001")) if existing else None
    return CodeDefects(existing, duplicate, wrong, rate)


def _all_codes() -> Iterable[pa.Array]:
    last = ""
    while True:
        with connection.cursor() as cursor:
            cursor.execute(_SQL["codes_after"], {"last": last, "most": _CHUNK})
            found = [code for (code,) in cursor.fetchall()]
        if not found:
            return
        yield pa.array(found, pa.string())
        last = found[-1]
