"""Administrative divisions (行政区划, GB/T 2260) from province to township, with the years in which a code held.

Data, source and licence: ``data/README.md``. Ranges are exact to the year; townships are today's only.
"""

import csv
import gzip
from dataclasses import dataclass
from datetime import date
from functools import cache
from importlib.resources import files


@dataclass(frozen=True, slots=True)
class Division:
    """One name of one code: ``level`` 1 province, 2 city, 3 county, 4 township. Years ``[valid_from, valid_to)``; None is
    open. ``successors``: the codes that followed."""

    code: str
    name: str
    level: int
    parent: str
    valid_from: int | None
    valid_to: int | None
    successors: tuple[str, ...]

    def holds(self, on: date) -> bool:
        """True when this name of this code was in force in the year of ``on``."""
        return (self.valid_from or 0) <= on.year and (self.valid_to is None or on.year < self.valid_to)


class Divisions:
    """Look-up of divisions. Codes may have 2, 4, 6, 9 or 12 digits; zeros at the end are padding."""

    def __init__(self, rows: list[Division]) -> None:
        self._rows: dict[str, list[Division]] = {}
        for row in rows:
            self._rows.setdefault(row.code, []).append(row)
        self._children: dict[str, list[str]] = {}
        for row in rows:
            if row.valid_to is None:
                self._children.setdefault(row.parent, []).append(row.code)

    def of(self, code: str, on: date | None = None) -> Division | None:
        """The division that ``code`` meant on a date; without one today's, else the last. None for an unknown code."""
        rows = self._rows.get(_short(code), [])
        if on is not None:
            return next((row for row in rows if row.holds(on)), None)
        return next((row for row in rows if row.valid_to is None), rows[-1] if rows else None)

    def is_known(self, code: str) -> bool:
        """True for a code that is or was in force."""
        return _short(code) in self._rows

    def name(self, code: str, on: date | None = None) -> str | None:
        """The name that ``code`` bore on a date (without one: bears today, or bore last)."""
        found = self.of(code, on)
        return found.name if found else None

    def path(self, code: str, on: date | None = None) -> tuple[str, ...]:
        """Names from the province down: ``("浙江省", "杭州市", "临安区")``. Empty for an unknown code."""
        found = self.of(code, on)
        if found is None:
            return ()
        return (
            (*(self.path(found.parent, on) or self.path(found.parent)), found.name) if found.parent else (found.name,)
        )

    def resolve(self, code: str, on: date | None = None) -> list[str]:
        """Today's codes for a code, as used ``on`` a date: 330185 → 330112; several when an area was divided.

        A code in force today is itself, unless ``on`` says an earlier use of it was meant. A township whose county was
        recoded resolves to the county of today; an unknown code to nothing.
        """
        short = _short(code)
        if short not in self._rows and len(short) == 9:
            short = short[:6]
        found, seen, front = [], {short}, [(short, on)]
        while front:
            at, when = front.pop(0)
            row = self.of(at, when) or self.of(at)
            if row is None:
                continue
            if row.valid_to is None:
                found.append(at)
                continue
            # A code that follows itself (a new name, an area enlarged) is judged from the year of its change on.
            after = date(row.valid_to, 12, 31)
            front += [(new, after) for new in row.successors if new not in seen or new == at]
            seen.update(row.successors)
        return list(dict.fromkeys(found))

    def children(self, code: str = "") -> list[str]:
        """Codes in force today directly under ``code``; the provinces without one."""
        return list(self._children.get(_short(code) if code else "", []))

    def names(self) -> dict[str, tuple[str, ...]]:
        """Every name of a province, city or county, also former ones, with its codes."""
        return {name: tuple(dict.fromkeys(codes)) for name, codes in self._names().items()}

    def _names(self) -> dict[str, list[str]]:
        by_name: dict[str, list[str]] = {}
        for rows in self._rows.values():
            for row in rows:
                if row.level < 4:
                    by_name.setdefault(row.name, []).append(row.code)
        return by_name


@cache
def builtin() -> Divisions:
    """The divisions that ship with the program, read once."""
    packed = files("xinyong.kernel").joinpath("data", "divisions.csv.gz").read_bytes()
    lines = gzip.decompress(packed).decode("utf-8").splitlines()
    table = csv.reader(line for line in lines if not line.startswith("#"))
    next(table)
    return Divisions([_division(row) for row in table])


def _division(row: list[str]) -> Division:
    code, name, level, parent, valid_from, valid_to, successors = row
    return Division(
        code,
        name,
        int(level),
        parent,
        int(valid_from) if valid_from else None,
        int(valid_to) if valid_to else None,
        tuple(successors.split()),
    )


def _short(code: str) -> str:
    """The shortest form this table keeps: 6 digits down to the county, 9 for townships; villages are their township."""
    if len(code) == 12:
        code = code[:9]
    if len(code) == 9 and code.endswith("000"):
        return code[:6]
    return code.ljust(6, "0") if len(code) in (2, 4) else code
