"""The organisations of the city as pure functions of their numbers.

Number i is the i-th organisation ever registered: low numbers are old, large and often in the files of departments, so
one power law over numbers gives skewed sizes and repeat offenders without any state. Two hundred numbers in a row hold
each class and industry in its share (``SLOTS``).
"""

from dataclasses import dataclass
from datetime import date
from functools import cached_property

import numpy as np
import pyarrow as pa

from xinyong.operations.synthetic import draw, identifiers, naming, places
from xinyong.operations.synthetic.vocabulary import INDUSTRIES, KEYS


@dataclass(frozen=True, slots=True)
class City:
    """What is asked for. Equal cities are equal byte for byte."""

    seed: int
    subjects: int
    records: int
    today: date


@dataclass(frozen=True, slots=True)
class SubjectClass:
    """A class of subject: head of its codes, letter of its new organisation codes, who registers it, its slots."""

    key: str
    head: str
    series: str
    registrar: str
    slots: int


CLASSES: tuple[SubjectClass, ...] = (
    SubjectClass("enterprise", "91", "A", "market", 115),
    SubjectClass("trader", "92", "A", "market", 70),
    SubjectClass("cooperative", "93", "A", "market", 4),
    SubjectClass("society", "51", "J", "civil", 1),
    SubjectClass("welfare", "52", "J", "civil", 2),
    SubjectClass("institution", "12", "B", "staffing", 2),
    SubjectClass("government", "11", "B", "staffing", 1),
    SubjectClass("village", "54", "J", "civil", 2),
    SubjectClass("collective", "N2", "F", "farming", 2),
    SubjectClass("lawyers", "31", "D", "justice", 1),
)
CLASS_KEYS: tuple[str, ...] = tuple(one.key for one in CLASSES)
ENTERPRISE, TRADER = 0, 1
BLOCK = 200
_STEP = 77  # prime to 200: neighbours are of different classes
_NEW_CODES_FROM = draw.day(date(2015, 10, 1))
_FIRST_DAY = draw.day(date(1985, 3, 1))
STATUSES: tuple[str, ...] = ("active", "ended", "revoked", "moved")


def apportion(weights: list[float], total: int) -> list[int]:
    """Splits a total by weights into whole parts that add up (largest remainders)."""
    whole = float(sum(weights))
    exact = [weight / whole * total for weight in weights]
    parts = [int(share) for share in exact]
    order = sorted(range(len(parts)), key=lambda place: (parts[place] - exact[place], place))
    for place in order[: total - sum(parts)]:
        parts[place] += 1
    return parts


def _slots() -> tuple[draw.Whole, draw.Whole]:
    classes: list[int] = []
    industries: list[int] = []
    for number, one in enumerate(CLASSES):
        shares: list[float] = [1.0]
        if one.key == "enterprise":
            shares = [float(industry.enterprises) for industry in INDUSTRIES]
        elif one.key == "trader":
            shares = [float(industry.traders) for industry in INDUSTRIES]
        for industry, count in enumerate(apportion(shares, one.slots)):
            classes += [number] * count
            industries += [industry if len(shares) > 1 else -1] * count
    return np.array(classes, dtype=np.int64), np.array(industries, dtype=np.int64)


_SLOT_CLASS, _SLOT_INDUSTRY = _slots()


def slots_of(*, classes: tuple[str, ...], industries: tuple[str, ...]) -> draw.Whole:
    """The remainders (number modulo BLOCK) of organisations of these classes; companies and traders only of these
    industries, where any are named."""
    wanted_classes = [CLASS_KEYS.index(key) for key in classes]
    wanted_industries = [-1, *(KEYS.index(key) for key in industries or KEYS)]
    fits = np.isin(_SLOT_CLASS, wanted_classes) & np.isin(_SLOT_INDUSTRY, wanted_industries)
    remainders = np.arange(BLOCK)
    return remainders[fits[remainders * _STEP % BLOCK]].astype(np.int64)


def _curve(city: City) -> tuple[draw.Share, draw.Share]:
    """Days and the share of all organisations registered by then: three in twenty came in the last three years."""
    today = draw.day(city.today)
    days = [
        _FIRST_DAY,
        draw.day(date(2000, 1, 1)),
        draw.day(date(2010, 1, 1)),
        draw.day(date(2016, 1, 1)),
        today - 1096,
        today - 2,
    ]
    return np.array(days, dtype=np.float64), np.array([0.0, 0.08, 0.32, 0.58, 0.85, 1.0])


def registered_by(city: City, days: draw.Whole) -> draw.Whole:
    """How many organisations were registered by each day: numbers below it exist."""
    at, share = _curve(city)
    return np.maximum((np.interp(days.astype(np.float64), at, share) * city.subjects).astype(np.int64) - 1, 1)


class Organisations:
    """Some of the city's organisations, by number. Columns are made when first asked for."""

    def __init__(self, city: City, index: draw.Whole) -> None:
        self.city = city
        self.index = index
        self.seed = city.seed
        slot = index % BLOCK * _STEP % BLOCK
        self.classes = _SLOT_CLASS[slot]
        self.industries = _SLOT_INDUSTRY[slot]

    def __len__(self) -> int:
        return len(self.index)

    def share(self, salt: str) -> draw.Share:
        """A share in [0, 1) for each, always the same under the same salt."""
        return draw.unit(self.seed, salt, self.index)

    @cached_property
    def established(self) -> draw.Whole:
        """Day of registration."""
        at, share = _curve(self.city)
        rank = (self.index + self.share("established")) / self.city.subjects
        return np.interp(rank, share, at).astype(np.int64)

    @cached_property
    def counties(self) -> draw.Whole:
        """County, as its place in places.COUNTIES."""
        return places.counties_of(self.seed, self.index)

    @cached_property
    def towns(self) -> draw.Whole:
        """Town, as its place in places.TOWNS."""
        return places.towns_of(self.seed, self.index, self.counties)

    @cached_property
    def divisions(self) -> draw.Whole:
        """Division in the code: the county; the city for one in eight and for what only the city registers."""
        county = np.array([int(one.code) for one in places.COUNTIES], dtype=np.int64)[self.counties]
        at_city = (self.share("registered at city") < 0.12) & (self.classes == ENTERPRISE)
        at_city |= np.isin(self.classes, [CLASS_KEYS.index("society"), CLASS_KEYS.index("lawyers")])
        return np.where(at_city, int(places.CITY[0]), county)

    @cached_property
    def _places(self) -> draw.Whole:
        letters = np.array([identifiers.series(one.series) for one in CLASSES], dtype=np.int64)
        return identifiers.organisation_places(
            self.seed, self.index, self.established >= _NEW_CODES_FROM, letters[self.classes]
        )

    @cached_property
    def codes(self) -> draw.Texts:
        """Unified social credit codes."""
        heads = np.array([identifiers.head(one.head) for one in CLASSES], dtype=np.int64)
        return identifiers.credit_codes(heads[self.classes], self.divisions, self._places)

    @cached_property
    def organisation_codes(self) -> draw.Texts:
        """Organisation codes."""
        return identifiers.organisation_codes(self._places)

    @cached_property
    def registration_numbers(self) -> draw.Texts:
        """Old registration numbers; missing for what was registered since October 2015 or never at the market bureau."""
        had = (self.established < _NEW_CODES_FROM) & (self.classes <= CLASS_KEYS.index("cooperative"))
        return draw.choose(had, identifiers.registration_numbers(self.seed, self.index, self.divisions), None)

    @cached_property
    def renamed(self) -> draw.Whole:
        """Day of the change of name, -1 for never."""
        chance = np.where(self.classes == ENTERPRISE, 0.08, 0.02)
        start = self.established + 200
        on = start + (self.share("renamed on") ** 0.7 * np.maximum(draw.day(self.city.today) - start, 0)).astype(
            np.int64
        )
        return np.where((self.share("renamed?") < chance) & (on < draw.day(self.city.today)), on, -1)

    @cached_property
    def statuses(self) -> draw.Whole:
        """Status, as its place in STATUSES."""
        old_enough = self.established + 400 < draw.day(self.city.today)
        found = draw.weighted(self.seed, "status", self.index, (86.5, 9.0, 3.8, 0.7))
        is_business = self.classes <= CLASS_KEYS.index("cooperative")
        return np.where(old_enough & is_business, found, 0)

    @cached_property
    def ended(self) -> draw.Whole:
        """Day on which it was cancelled, revoked or moved away; -1 for those in existence."""
        start = self.established + 380
        on = start + (self.share("ended on") ** 0.6 * np.maximum(draw.day(self.city.today) - 10 - start, 0)).astype(
            np.int64
        )
        return np.where(self.statuses > 0, on, -1)

    @cached_property
    def names(self) -> draw.Texts:
        """Names today."""
        return self._names("name")

    @cached_property
    def former_names(self) -> draw.Texts:
        """Names before the change, missing where there was none."""
        changed = np.flatnonzero(self.renamed >= 0)
        former = Organisations(self.city, self.index[changed])._names("former")
        where = np.full(len(self), -1, dtype=np.int64)
        where[changed] = np.arange(len(changed))
        return former.take(pa.array(where, mask=where < 0))

    def names_on(self, days: draw.Whole | int) -> draw.Texts:
        """Names as they were on the days."""
        return draw.choose((self.renamed >= 0) & (self.renamed > days), self.former_names, self.names)

    @cached_property
    def representatives(self) -> draw.Texts:
        """Invented legal representatives."""
        return naming.persons(self.seed, "representative", self.index)

    @cached_property
    def addresses(self) -> draw.Texts:
        """Addresses."""
        return places.addresses(self.seed, "address", self.index, self.counties, self.towns)

    @cached_property
    def capital(self) -> draw.Whole:
        """Registered capital in 万元; the first registered are the largest."""
        rank = (self.index + 1.0) / self.city.subjects
        scale = np.exp(draw.bell(self.seed, "capital", self.index) * 1.1) * 90 * rank**-0.35
        rounded = np.where(scale > 100, np.round(scale / 50) * 50, np.maximum(np.round(scale / 5) * 5, 3))
        return np.where(self.classes == TRADER, np.clip(np.round(scale / 30), 1, 200), rounded).astype(np.int64)

    def _names(self, salt: str) -> draw.Texts:
        return naming.organisations(
            self.seed, salt, self.index, keys=CLASS_KEYS, classes=self.classes, industries=self.industries,
            counties=self.counties, towns=self.towns,
        )  # fmt: skip
