"""The month that a page is about: read from its address, offered in its filter."""

from datetime import date

from django.http import Http404

from xinyong.kernel import clock, periods
from xinyong.kernel.periods import Period

#: Months that a filter offers, the newest first.
_OFFERED = 36


def asked(text: str | None) -> Period:
    """The month an address names, the last one that is over without a name. A name that is none leads nowhere (404)."""
    if not text:
        return last()
    try:
        return periods.month(text)
    except ValueError as error:
        raise Http404 from error


def last() -> Period:
    """The last month that is over: the one that is declared and ranked now."""
    return periods.month_of(periods.add_months(clock.today().replace(day=1), -1))


def offered(chosen: Period) -> list[str]:
    """Months to choose from, the present one first; the chosen one is among them."""
    first = clock.today().replace(day=1)
    found = [_key(periods.add_months(first, -back)) for back in range(_OFFERED)]
    return found if _key(chosen.start) in found else [*found, _key(chosen.start)]


def key(period: Period) -> str:
    """As addresses write it: 2026-10."""
    return _key(period.start)


def _key(day: date) -> str:
    return f"{day:%Y-%m}"
