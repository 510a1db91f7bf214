"""主体查找 Find an organisation by code, name, former name, trade name, fragment, pinyin or initials; ranked, bounded.

Each way to look brings at most ``DEPTH`` candidates along an index; they are ranked together (subjects/ranking.py). A
common fragment (科技) stands in a seventh of all names: then the first ``DEPTH`` candidates stand for the rest, the total says
so (``is_capped``), and better ways (code, exact name, beginning, trade name) have been asked before. Natural persons
have no names here and are never found.

The public looks somebody up, it does not list who there is (security.md T7): a number must be whole, a name have two
characters, and of many hits the best ``PUBLIC_DEPTH`` are shown, of too many the first page.
"""

from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import partial

from django.db import connection

from xinyong.kernel import sql
from xinyong.kernel.errors import Invalid
from xinyong.security import cursors
from xinyong.security.access import Action, Actor, Role, require
from xinyong.subjects import classes, grams, lexemes, pinyin, ranking
from xinyong.subjects.query import CODE_FRAGMENT, Query, read
from xinyong.subjects.ranking import Hit, MatchedBy, Row

__all__ = ["DEPTH", "PUBLIC_DEPTH", "BadCursor", "Hit", "MatchedBy", "Results", "find"]

_SQL = sql.load(__file__, "search.sql")
#: Most candidates one way of looking brings, most hits that are counted, deepest page.
DEPTH = 500
#: Most hits of one query that the public can page through.
PUBLIC_DEPTH = 50
#: Characters of a name that the public must write.
SHORTEST = 2
_BEYOND = "\U0010ffff"  # sorts after every character, in collation C


class BadCursor(Invalid):
    """``after`` is not what an earlier page gave."""

    code = "subjects.bad-cursor"


@dataclass(frozen=True, slots=True)
class Results:
    """One page of hits. ``total`` counts organisations up to ``DEPTH``; with ``is_capped`` there are more. ``facets``:
    subject_class, region_code, status → value → count among those counted. ``is_cut``: not all that were counted can be
    paged to; ``is_too_short``: nothing was looked for."""

    hits: tuple[Hit, ...]
    total: int
    is_capped: bool
    facets: dict[str, dict[str, int]]
    next_after: str | None
    is_cut: bool = False
    is_too_short: bool = False


_NOBODY = Results((), 0, False, {"subject_class": {}, "region_code": {}, "status": {}}, None)


def find(
    query: str,
    *,
    seen_by: Actor,
    limit: int = 20,
    after: str | None = None,
    subject_class: str | None = None,
    region_code: str | None = None,
) -> Results:
    """Organisations that fit ``query``, best first. ``region_code`` takes in everything below it; a class or region that
    there is not has nobody.

    Public facts only; a caller that looks for another reason than the public's enters its own audit line.
    Raises NotAllowed, BadCursor.
    """
    require(seen_by, Action.VIEW_PUBLIC)
    of = "\x1f".join(["search", query, subject_class or "", region_code or ""])
    start = _offset(after, of)
    if subject_class not in {None, "", *classes.LABELS} or (region_code and not region_code.isdecimal()):
        return _NOBODY
    asked, is_public = read(query), seen_by.role is Role.PUBLIC
    if is_public and 0 < len(asked.key) < SHORTEST:
        return replace(_NOBODY, is_too_short=True)
    hits, is_capped = _Look(
        asked, subject_class=subject_class, region_code=region_code, is_by_whole_code=is_public
    ).gather()
    ranked = ranking.best(hits)
    is_capped = is_capped or len(ranked) > DEPTH
    ranked = ranked[:DEPTH]
    page = max(1, min(limit, 100))
    last = len(ranked) if not is_public else min(len(ranked), page if is_capped else max(page, PUBLIC_DEPTH))
    end = min(start + page, last)
    return Results(
        hits=tuple(ranking.mark(hit, asked) for hit in ranked[start:end]),
        total=len(ranked),
        is_capped=is_capped,
        facets={
            "subject_class": dict(Counter(hit.subject_class for hit in ranked).most_common()),
            "region_code": dict(Counter(hit.region_code for hit in ranked if hit.region_code).most_common()),
            "status": dict(Counter(hit.status for hit in ranked).most_common()),
        },
        next_after=cursors.give([end], of=of) if end < last else None,
        is_cut=last < len(ranked),
    )


class _Look:
    """One search: the ways of looking in the order of their worth, until enough is found."""

    def __init__(
        self, query: Query, *, subject_class: str | None, region_code: str | None, is_by_whole_code: bool
    ) -> None:
        self.query = query
        self.is_by_whole_code = is_by_whole_code
        self.filters = grams.filters(subject_class=subject_class, region_code=region_code)
        self.common: dict[str, str | int] = {
            "class": subject_class or "",
            "region": grams.region_stem(region_code or ""),
            "most": DEPTH,
        }
        self.hits: list[Hit] = []
        self.is_capped = False

    def gather(self) -> tuple[list[Hit], bool]:
        query = self.query
        if len(query.code) >= CODE_FRAGMENT:
            between = {"from": query.code, "to": query.code + " "} if self.is_by_whole_code else _between(query.code)
            self._ask("by_code", lambda row: ranking.by_code(row, query), **between)
        if query.key and not self.is_capped:
            self._by_name()
        if query.letters and not self.is_capped:
            self._by_sound()
        return self.hits, self.is_capped

    def _by_name(self) -> None:
        judge, key = partial(ranking.by_name, query=self.query), self.query.key
        # A filter is applied to what was read along the name keys: read on a little for those it takes away.
        self._ask("by_beginning", judge, **_between(key), read=4 * DEPTH if self.filters else DEPTH)
        words = grams.of_fragments(self.query.parts, rarest=lexemes.rarest())
        # The trade name ranks above fragments: where not all fragments came, it is asked for by itself.
        if words and not self.is_capped and not self._words(words, judge):
            self._words(grams.of_trade_name(key), judge)

    def _by_sound(self) -> None:
        letters, rarest = self.query.letters, lexemes.rarest()
        cuts = pinyin.cuts(letters)
        if cuts:
            words = " | ".join(f"({grams.of_syllables(*cut, rarest=rarest)})" for cut in cuts)
            self._words(words, partial(ranking.by_pinyin, query=self.query, is_sure=grams.is_sure(words)))
        if not self.is_capped:
            words = grams.of_initials(letters, rarest=rarest)
            self._words(words, partial(ranking.by_initials, query=self.query, is_sure=grams.is_sure(words)))

    def _words(self, words: str, judge: Callable[[Row], Hit | None]) -> bool:
        return self._ask("by_words", judge, words=" & ".join([f"({words})", *self.filters]))

    def _ask(self, statement: str, judge: Callable[[Row], Hit | None], **parameters: str | int) -> bool:
        """Adds what one look-up brings; True when that was all there is."""
        with connection.cursor() as cursor:
            cursor.execute(_SQL[statement], self.common | parameters)
            rows = cursor.fetchall()
        is_all = len(rows) < DEPTH
        self.is_capped = self.is_capped or not is_all
        self.hits += [hit for hit in (judge(Row(*row)) for row in rows) if hit is not None]
        return is_all


def _between(beginning: str) -> dict[str, str]:
    return {"from": beginning, "to": beginning + _BEYOND}


def _offset(after: str | None, of: str) -> int:
    if not after:
        return 0
    try:
        (offset,) = cursors.read(after, of=of)
    except cursors.Broken as error:
        raise BadCursor(
            "翻页参数不正确，请从第一页重新查找。", "The page cursor is not valid; search again."
        ) from error
    return int(offset)
