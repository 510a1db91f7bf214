"""The monthly bulletin (通报): composed by the program, frozen when it is issued.

What is frozen is the text of its figures (JSON, members sorted) with its digest; page, PDF and DOCX are made from that text
alone, so the same edition gives the same bytes whenever it is asked for. What was wrong is put right by a next edition.
Basis: seed rule "last places for three months in a row → the main leader is called in" (domain rules §5.2).
"""

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from django.conf import settings
from django.db import IntegrityError, transaction

from xinyong.analytics import _facts, rankings, rates
from xinyong.analytics.definitions import RATES, RULES
from xinyong.analytics.models import Bulletin
from xinyong.analytics.rankings import Place
from xinyong.analytics.rates import By, Figure, Line, Overview
from xinyong.catalogue import publish
from xinyong.kernel import clock
from xinyong.kernel.errors import Conflict, NotFound
from xinyong.kernel.periods import Period, add_months, month_of
from xinyong.records import arrived
from xinyong.security import audit
from xinyong.security.access import Action, Actor, require, system

FORMAT = 1
#: How many months running in the last places lead to an interview.
MONTHS = 3
_WORST = 10
_GROUPS = {
    "city-departments": "市级部门", "county-departments": "县（市、区）部门", "counties": "县（市、区）",
}  # fmt: skip


class UnknownBulletin(NotFound):
    """No such bulletin was issued."""

    code = "analytics.unknown-bulletin"


class MonthNotOver(Conflict):
    """A bulletin is about a month that is over."""

    code = "analytics.month-not-over"


class IssuedMeanwhile(Conflict):
    """Somebody else issued an edition of the same month just now."""

    code = "analytics.issued-meanwhile"


@dataclass(frozen=True, slots=True)
class Issued:
    """One edition. ``content`` is what page, PDF and DOCX are made of."""

    period: date
    edition: int
    as_of: datetime
    issued_at: datetime
    issued_by: str
    digest: str
    content: Mapping[str, Any]


def issue(period: Period, *, by: Actor, at: datetime) -> Issued:
    """Composes the month's bulletin as of now and freezes it as the next edition. Raises NotAllowed, MonthNotOver,
    IssuedMeanwhile."""
    require(by, Action.ISSUE_BULLETIN)
    assert period.end is not None
    if period.end > clock.day(at):
        raise MonthNotOver(
            f"{period.start:%Y-%m} 还没有结束，月末以后才能印发通报。",
            f"{period.start:%Y-%m} is not over: its bulletin is issued afterwards.",
        )
    content = compose(period, as_of=at)
    text = json.dumps(content, ensure_ascii=False, sort_keys=True, separators=(",", ":"))
    digest = hashlib.sha256(text.encode()).hexdigest()
    try:
        with transaction.atomic():
            edition = Bulletin.objects.filter(period=period.start).count() + 1
            made = Bulletin.objects.create(
                period=period.start,
                edition=edition,
                as_of=at,
                issued_at=at,
                issued_by=by.name,
                content=text,
                digest=digest,
            )
            audit.enter(
                audit.Event.BULLETIN_ISSUED, by=by, object_kind="bulletin", object_ref=f"{period.start:%Y-%m}/{edition}",
                digest=digest,
            )  # fmt: skip
    except IntegrityError as error:
        raise IssuedMeanwhile(
            "刚才有人印发了同一个月的通报，请先查看。",
            "An edition of this month was issued just now. Look at it first.",
        ) from error
    return _view(made)


def find(period: Period, *, edition: int | None = None, seen_by: Actor) -> Issued:
    """An edition of a month, the newest without a number; one audit entry. Raises NotAllowed, UnknownBulletin."""
    require(seen_by, Action.VIEW_BULLETIN)
    found = Bulletin.objects.filter(period=period.start).order_by("-edition")
    one = (found.filter(edition=edition) if edition else found).first()
    if one is None:
        raise UnknownBulletin(
            f"没有印发过 {period.start:%Y-%m} 的通报。", f"No bulletin of {period.start:%Y-%m} was issued."
        )
    audit.enter(
        audit.Event.BULLETIN_VIEWED,
        by=seen_by,
        object_kind="bulletin",
        object_ref=f"{period.start:%Y-%m}/{one.edition}",
    )
    return _view(one)


def listing(*, seen_by: Actor) -> list[Issued]:
    """Every edition, the newest month first; one audit entry. Raises NotAllowed."""
    require(seen_by, Action.VIEW_BULLETIN)
    audit.enter(audit.Event.BULLETIN_VIEWED, by=seen_by, object_kind="bulletin", object_ref="all")
    return [_view(one) for one in Bulletin.objects.order_by("-period", "-edition")]


def compose(period: Period, *, as_of: datetime) -> dict[str, Any]:
    """What a bulletin of the month says, as of an instant: plain values for JSON. Counts are the platform's own."""
    weighed = rankings.weights(settings.RANKING)
    now, before = _month(period, as_of, with_areas=True), _month(_earlier(period, 1), as_of)
    places = _places(now, weighed)
    last = _keys(rankings.last(places, settings.LAST_PLACES))
    total, earlier = now[By.DEPARTMENT].total, before[By.DEPARTMENT].total
    return {
        "format": FORMAT,
        "issuer": settings.SITE_NAME,
        "period": f"{period.start:%Y-%m}",
        "as_of": as_of.astimezone(clock.ZONE).isoformat(timespec="seconds"),
        "rates": [_rate(one.id, total, earlier) for one in RATES if one.id in total.figures],
        "items": [_line(one) for one in now[By.ITEM].lines],
        "departments": [_line(one) for one in now[By.DEPARTMENT].lines],
        "weights": [[name, weight] for name, weight in weighed.items()],
        "last_places": settings.LAST_PLACES,
        "places": [_place(one, last) for one in places],
        "moved": _moved(places, _places(before, weighed)),
        "findings": _findings(period, as_of),
        "interviews": _interviews(period, places, last, weighed, as_of),
    }


def _month(period: Period, as_of: datetime, *, with_areas: bool = False) -> dict[By, Overview]:
    return rates.every(period, as_of=as_of, seen_by=system("bulletin"), with_areas=with_areas)


def _places(month: Mapping[By, Overview], weighed: Mapping[str, int]) -> list[Place]:
    counties = [
        Line(one.key, one.zh, one.en, one.figures, "counties")
        for one in month[By.DIVISION].lines
        if rates.group_of(one.key) == "county-departments"
    ]
    return rankings.rank([*month[By.DEPARTMENT].lines, *counties], weighed)


def _interviews(
    period: Period, places: list[Place], last: set[tuple[str, str]], weighed: Mapping[str, int], as_of: datetime
) -> list[dict[str, Any]]:
    """Who was in the last places of its group in this month and the two before: as those months' bulletins said, or, where
    none was issued, as their figures are now."""
    running = set(last)
    for back in range(1, MONTHS):
        running &= _last_of(_earlier(period, back), weighed, as_of)
    named = {(one.group, one.key): one for one in places}
    return [{"group": group, "key": key, "name": named[group, key].name} for group, key in sorted(running)]


def _last_of(period: Period, weighed: Mapping[str, int], as_of: datetime) -> set[tuple[str, str]]:
    frozen = Bulletin.objects.filter(period=period.start, issued_at__lte=as_of).order_by("-edition").first()
    if frozen is not None:
        return {(one["group"], one["key"]) for one in json.loads(frozen.content)["places"] if one["is_last"]}
    return _keys(rankings.last(_places(_month(period, as_of), weighed), settings.LAST_PLACES))


def _keys(last: Mapping[str, set[str]]) -> set[tuple[str, str]]:
    return {(group, key) for group, keys in last.items() for key in keys}


def _moved(now: list[Place], before: list[Place]) -> dict[str, int]:
    """Places won (or lost, below nought) since the month before, by group and key."""
    then = {(one.group, one.key): one.rank for one in before if one.rank}
    return {
        f"{one.group}/{one.key}": earlier - one.rank
        for one in now
        if one.rank and (earlier := then.get((one.group, one.key)))
    }


def _place(one: Place, last: set[tuple[str, str]]) -> dict[str, Any]:
    return {
        "group": one.group, "key": one.key, "name": one.name, "score": None if one.score is None else str(one.score),
        "rank": one.rank, "size": one.size, "rates": list(one.rates), "is_last": (one.group, one.key) in last,
    }  # fmt: skip


def _rate(rate_id: str, now: Line, before: Line) -> dict[str, Any]:
    figure, earlier = now.figures[rate_id], before.figures.get(rate_id)
    is_same_kind = earlier is not None and figure.value is not None and earlier.value is not None
    change = str(figure.value - earlier.value) if is_same_kind else None  # type: ignore[union-attr, operator]
    return _figure(figure) | {"id": rate_id, "before": earlier.percent if earlier else "—", "change": change}


def _line(one: Line) -> dict[str, Any]:
    return {
        "key": one.key, "name": one.zh, "group": one.group,
        "rates": {name: _figure(figure) for name, figure in one.figures.items()},
    }  # fmt: skip


def _figure(one: Figure) -> dict[str, Any]:
    numerator, denominator = one.parts
    return {
        "percent": one.percent, "numerator": str(numerator), "denominator": None if denominator is None else str(denominator),
        "excluded": dict(one.excluded),
    }  # fmt: skip


def _findings(period: Period, as_of: datetime) -> list[dict[str, Any]]:
    values = _facts.parameters(period, as_of=as_of) | {"limit": _WORST}
    words = {rule.id: rule.message for item in publish.items() for rule in item.rules}
    return [
        {
            "rule": rule, "text": words.get(rule) or RULES.get(rule, (rule, rule))[0], "severity": severity, "count": count,
            "units": units, "closed": closed,
        }
        for rule, severity, count, units, closed in arrived.read(_facts.SQL["findings"], values)
    ]  # fmt: skip


def _earlier(period: Period, months: int) -> Period:
    return month_of(add_months(period.start, -months))


def _view(one: Bulletin) -> Issued:
    return Issued(one.period, one.edition, one.as_of, one.issued_at, one.issued_by, one.digest, json.loads(one.content))


def group_name(group: str) -> str:
    """What a group is called."""
    return _GROUPS.get(group, group)
