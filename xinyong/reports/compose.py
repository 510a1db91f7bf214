"""Composing the report of an organisation: what the public may see of it today, in the official order."""

from dataclasses import replace
from datetime import date

from django.conf import settings

from xinyong.kernel import clock
from xinyong.kernel.errors import Forbidden, Invalid
from xinyong.records import dossier, listing
from xinyong.reports import chapters, printable
from xinyong.reports.content import ReportContent
from xinyong.security import scanner
from xinyong.security.access import PUBLIC, Action, Actor, Role, require

#: Records printed of one kind; above it the newest are printed and the report says how many there are.
ENTRIES = 500


class NotToday(Forbidden):
    """The public gets today's report only: what was published once and has ended must not come back by a date."""

    code = "reports.not-today"


class DateInFuture(Invalid):
    """Nobody can report what is not yet known."""

    code = "reports.date-in-future"


class UnknownKind(Invalid):
    """There is no such kind of report."""

    code = "reports.unknown-kind"


def compose(code: str, *, as_of: date, seen_by: Actor, kind: str = "ordinary") -> ReportContent:
    """The ordinary report of the organisation with this unified social credit code: public data only, whoever asks.

    A day other than today is for staff. Raises subjects' UnknownSubject, NotToday, DateInFuture, UnknownKind,
    security's NotAllowed.
    """
    require(seen_by, Action.ISSUE_REPORT)
    if kind != "ordinary":
        raise UnknownKind(f"没有“{kind}”这种报告。", f"There is no report of the kind {kind!r}.")
    today = clock.today()
    if as_of > today:
        raise DateInFuture(
            f"信息截至日期 {as_of} 晚于今天，请改为今天或更早。",
            f"{as_of} lies in the future; choose today or earlier.",
        )
    if as_of != today and seen_by.role is Role.PUBLIC:
        raise NotToday(
            "公众只能查询当日的信用报告：公示期满的信息不再对外提供。",
            "The public can have today's report only: information past its publication period is no longer given out.",
        )
    found = dossier.of(code, as_of=as_of, seen_by=PUBLIC, per_section=ENTRIES)
    content = chapters.content_of(found, collected=listing.collected(seen_by=PUBLIC), issuer=settings.SITE_NAME)
    return without_persons_numbers(content, today=today)


def without_persons_numbers(content: ReportContent, *, today: date) -> ReportContent:
    """The content with every person's number in what the records say starred out (INV-72, security.md T21): also those of
    records that came in before numbers kept a row from publicity, or that somebody confirmed."""
    said = printable.everywhere(content.chapters, lambda text: scanner.masked(text, today=today))
    return replace(content, chapters=said)
