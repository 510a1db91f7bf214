"""Which files come, from whom, when, with how many rows: the shape of three years in few files.

Most decisions come through the city's data bureau, which takes them from the departments' systems and hands in one
working week of every month for each item; the weeks stand for their months, so months, seasons and departments have
their share. Some departments also upload files of their own, each in its own layout. A week's decisions come on the
next working day: almost all rows are in time, some in every file are older, and two departments are a quarter late.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from datetime import date, timedelta
from functools import lru_cache
from itertools import pairwise

import numpy as np

from xinyong.kernel.calendar import Calendar
from xinyong.operations.synthetic import draw
from xinyong.operations.synthetic.agencies import AGENCIES, Agency, agency, quirk
from xinyong.operations.synthetic.lists import HONOURS, SERIOUS
from xinyong.operations.synthetic.organisations import City, apportion

SPAN_DAYS = 1_096
MONTHS = 36
PENALTY, LICENCE = "admin-penalty-org", "admin-licence-org"
#: Item → its share of the city's records.
SHARES = {PENALTY: 0.37, LICENCE: 0.595, "abnormal-operation": 0.018, "serious-dishonesty": 0.003, "honour": 0.014}
#: January to December: little is decided around the Spring Festival, much before the year ends.
_SEASON = (0.9, 0.55, 1.0, 1.02, 0.98, 1.05, 1.02, 1.0, 1.05, 0.9, 1.2, 1.35)
_LATE_SHARE = 0.03
_WINDOW = 5
#: Below so many records a file more is dearer than its rows are worth.
_SMALL = 10_000
#: A department with fewer decisions a month hands in every second month, or third, up to once a year.
_FEWEST = 25
_UPLOAD_SHARE = 0.15
#: Departments that upload files themselves, with the place of the file in the three years; taken from the start.
_UPLOADS: tuple[tuple[str, str, float], ...] = (
    ("market", PENALTY, 0.975), ("approval", LICENCE, 0.985), ("transport", PENALTY, 0.96), ("market-990102", LICENCE, 0.94),
    ("market", LICENCE, 0.91), ("land", LICENCE, 0.7), ("transport", LICENCE, 0.88), ("urban-990122", PENALTY, 0.64),
    ("approval", LICENCE, 0.86), ("market", PENALTY, 0.82), ("fire", PENALTY, 0.78), ("tax", PENALTY, 0.74),
    ("transport", PENALTY, 0.6), ("health", LICENCE, 0.56), ("construction", LICENCE, 0.5), ("environment", PENALTY, 0.45),
    ("approval-990103", LICENCE, 0.4), ("market-990103", PENALTY, 0.3), ("tobacco", LICENCE, 0.2), ("urban", PENALTY, 0.1),
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Part:
    """Decisions of one department in a file: so many, numbered from ``first`` on."""

    agency: Agency
    rows: int
    first: int


@dataclass(frozen=True, slots=True)
class FilePlan:
    """One file to write. ``before``: the sender's last file of the item, whose first rows come again. For the register
    ``window`` holds the day it was drawn up, ``since`` the day of the one before."""

    item_id: str
    sender: Agency
    parts: tuple[Part, ...]
    window: tuple[int, ...]
    received_on: int
    since: int | None = None
    before: "FilePlan | None" = field(default=None, repr=False, compare=False)

    @property
    def rows(self) -> int:
        """Decisions in the file (without those that come again)."""
        return sum(part.rows for part in self.parts)


def days_of(city: City, plan: FilePlan, part: Part) -> draw.Whole:
    """The day of each decision of the part, in order."""
    index = np.arange(part.first, part.first + part.rows, dtype=np.int64)
    salt = f"{plan.item_id}/{part.agency.code}"
    window = np.array(plan.window, dtype=np.int64)
    days = window[draw.below(city.seed, salt + "/day", index, len(window))]
    if plan.item_id.startswith("admin-"):
        late = draw.unit(city.seed, salt + "/late?", index) < _LATE_SHARE
        lag = 12 + (draw.unit(city.seed, salt + "/lag", index) ** 2 * 110).astype(np.int64)
        days = np.where(late, days - lag, days)
    return np.sort(days)


def files(city: City) -> list[FilePlan]:
    """Every file of the city in the order in which they are received."""
    made = [*_registers(city), *_decisions(city, PENALTY), *_decisions(city, LICENCE)]
    made += [*_abnormal(city), *_serious(city), *_honours(city), *_people(city)]
    order = {"organisation-register": 0}
    return sorted(made, key=lambda plan: (plan.received_on, order.get(plan.item_id, 1), plan.item_id, plan.sender.code))


@lru_cache(maxsize=4)
def _working_days(today: date) -> draw.Whole:
    calendar = Calendar.builtin()
    all_days = (today - timedelta(days=past) for past in range(SPAN_DAYS + 20, 0, -1))
    return np.array([draw.day(one) for one in all_days if calendar.is_working(one)], dtype=np.int64)


def _start(city: City) -> int:
    return draw.day(city.today) - SPAN_DAYS


def _week(city: City, place: float) -> tuple[tuple[int, ...], int]:
    """A working week at this share of the three years, and the working day after it."""
    days = _working_days(city.today)
    end = int(_WINDOW + place * (len(days) - _WINDOW - 1))
    return tuple(int(one) for one in days[end - _WINDOW : end]), int(days[end])


def _decisions(city: City, item_id: str) -> Iterable[FilePlan]:
    total = round(city.records * SHARES[item_id])
    uploads = [(key, place) for key, item, place in _UPLOADS[: 2 + city.records // 10_000] if item == item_id]
    own = round(total * _UPLOAD_SHARE) if uploads else 0
    rows = apportion([_weight(agency(key), item_id) for key, _ in uploads], own) if uploads else []
    events = [(place, agency(key), {agency(key): count}) for (key, place), count in zip(uploads, rows, strict=True)]
    events += _collected(city, item_id, total - own)
    numbered: dict[Agency, int] = {}
    last: dict[Agency, FilePlan] = {}
    for place, sender, counts in sorted(events, key=lambda event: event[0]):
        parts = []
        for one, count in counts.items():
            if count:
                parts.append(Part(one, count, numbered.get(one, 0)))
                numbered[one] = numbered.get(one, 0) + count
        if parts:
            window, received = _week(city, place)
            if sender.is_tardy:
                received = min(received + 90, int(_working_days(city.today)[-1]))
            last[sender] = FilePlan(item_id, sender, tuple(parts), window, received, before=last.get(sender))
            yield last[sender]


def _weight(one: Agency, item_id: str) -> float:
    return one.penalties if item_id == PENALTY else one.licences


def _collected(city: City, item_id: str, total: int) -> Iterator[tuple[float, Agency, dict[Agency, int]]]:
    """What the data bureau collects: for each period its place in time and the rows of each department."""
    hub = agency("data")
    senders = [one for one in AGENCIES if _weight(one, item_id) > 0]
    whole = sum(_weight(one, item_id) for one in senders)
    periods = min(MONTHS, 2 + city.records // 1_200)
    months = _month_weights(city)
    edges = np.linspace(0, MONTHS, periods + 1).round().astype(int).tolist()
    in_periods = apportion([sum(months[since:until]) for since, until in pairwise(edges)], total)
    for number, ((since, until), rows) in enumerate(zip(pairwise(edges), in_periods, strict=True)):
        weights = {}
        for one in senders:
            monthly = _weight(one, item_id) / whole * total / periods
            every = int(np.clip(np.ceil(_FEWEST / max(monthly, 1e-9)), 1, 12))
            if (number + int(quirk(one, item_id) * every)) % every == 0:
                weights[one] = _weight(one, item_id) * every
        if not weights:
            weights = {max(senders, key=lambda one: _weight(one, item_id)): 1.0}
        inside = 0.35 if item_id == PENALTY else 0.75
        place = (since + (until - since) * inside) / MONTHS if number + 1 < periods else 0.99
        yield place, hub, dict(zip(weights, apportion(list(weights.values()), rows), strict=True))


def _month_weights(city: City) -> list[float]:
    start = np.datetime64(city.today.isoformat()) - np.timedelta64(SPAN_DAYS, "D")
    months = (start.astype("datetime64[M]").astype(int) + 1 + np.arange(MONTHS)) % 12
    return [_SEASON[int(month)] * (1 + 0.005 * number) for number, month in enumerate(months)]


def _registers(city: City) -> Iterable[FilePlan]:
    """Everything that exists when the platform starts; after that, twice or once a year, what changed."""
    start, end = _start(city) - 8, int(_working_days(city.today)[-1])
    for key, usual in (("market", 6), ("civil", 1), ("staffing", 1), ("farming", 1), ("justice", 1)):
        updates = int(key == "market") if city.records < _SMALL else usual
        bounds = np.linspace(start, end, updates + 1).astype(int).tolist()
        yield FilePlan("organisation-register", agency(key), (), (start,), start + 1)
        for since, until in pairwise(bounds):
            yield FilePlan("organisation-register", agency(key), (), (until,), until, since=since)


def _series(city: City, item_id: str, one: Agency, total: int, places: list[float]) -> Iterable[FilePlan]:
    before, first = None, 0
    if city.records < _SMALL:
        places = places[-1:]
    for place, rows in zip(places, apportion([1.0] * len(places), total), strict=True):
        if rows:
            window, received = _week(city, place)
            before = FilePlan(item_id, one, (Part(one, rows, first),), window, received, before=before)
            first += rows
            yield before


def _abnormal(city: City) -> Iterable[FilePlan]:
    total = round(city.records * SHARES["abnormal-operation"])
    yield from _series(city, "abnormal-operation", agency("market"), total, [0.2, 0.45, 0.62, 0.8, 0.97])


def _serious(city: City) -> Iterable[FilePlan]:
    total = round(city.records * SHARES["serious-dishonesty"])
    for number, (key, rows) in enumerate(zip(SERIOUS, apportion([5, 2, 2, 1.5, 0.5], total), strict=True)):
        yield from _series(city, "serious-dishonesty", agency(key), rows, [0.3 + 0.04 * number, 0.72 + 0.05 * number])


def _honours(city: City) -> Iterable[FilePlan]:
    total = round(city.records * SHARES["honour"])
    for number, (key, rows) in enumerate(zip(HONOURS, apportion([7, 2, 1, 1], total), strict=True)):
        places = [0.16, 0.5, 0.83] if key == "tax" else [0.4 + 0.03 * number, 0.9 + 0.02 * number]
        yield from _series(city, "honour", agency(key), rows, places)


def _people(city: City) -> Iterable[FilePlan]:
    yield from _series(city, "admin-licence-person", agency("transport"), 12, [0.9])
    yield from _series(city, "admin-penalty-person", agency("transport"), 12, [0.93])
