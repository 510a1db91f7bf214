"""年龄 Which ages the law asks for, as dated data (library/ages.yaml), and whether somebody has one.

A birthday is read from a citizen's number in memory, and kept nowhere: nobody can be found by it, and no table says when anybody is
born. Certificates of other kinds do not say it. Source: PIPL 28, 31; 民法典 17, 18, 23, 200–203.
"""

import calendar
from dataclasses import dataclass
from datetime import date
from functools import cache
from importlib.resources import files

import yaml

CONSENTS_ALONE, OF_AGE = "consents-alone", "of-age"
_DAYS = 8


@dataclass(frozen=True, slots=True)
class Age:
    """An age of the law: from which day on the rule holds, and where it stands."""

    id: str
    years: int
    valid_from: date
    basis: tuple[str, str]


@cache
def rules() -> tuple[Age, ...]:
    """Every rule, in the order of the file."""
    text = files("xinyong.security").joinpath("library", "ages.yaml").read_text(encoding="utf-8")
    return tuple(
        Age(one["id"], one["years"], one["from"], (one["basis"]["title"], one["basis"]["article"]))
        for one in yaml.safe_load(text)
    )


def rule(rule_id: str, *, on: date) -> Age:
    """The rule as it is on a day: the latest that has begun. ValueError where none has."""
    begun = [one for one in rules() if one.id == rule_id and one.valid_from <= on]
    if not begun:
        raise ValueError(f"no rule {rule_id} on {on}")
    return max(begun, key=lambda one: one.valid_from)


def born(number: str) -> date:
    """The birthday that a citizen's number of 18 characters says; the number was judged before."""
    return date.fromisoformat(number[6 : 6 + _DAYS])


def reached_on(rule_id: str, born_on: date, *, on: date) -> date:
    """The day with which somebody has the age that the rule of a day asks for. Whoever is born on a leap day has it with the last day
    of February (民法典 202)."""
    year = born_on.year + rule(rule_id, on=on).years
    return date(year, born_on.month, min(born_on.day, calendar.monthrange(year, born_on.month)[1]))


def is_under(rule_id: str, born_on: date, *, on: date) -> bool:
    """True on the days before that birthday."""
    return on < reached_on(rule_id, born_on, on=on)
