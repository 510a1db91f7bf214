"""检索领域 The dated data of special reports: domains, kinds of acts, and which record falls where (reports/library/domains.yaml)."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from functools import cache
from pathlib import Path
from typing import Any

from xinyong.kernel import plain_yaml
from xinyong.kernel.errors import NotFound
from xinyong.reports.content import Bilingual

_FILE = Path(__file__).with_name("library") / "domains.yaml"
#: The domain that takes what fits no other.
OTHER = "other"


class UnknownDomain(NotFound):
    """No domain of this id in the edition in force."""

    code = "reports.unknown-domain"


@dataclass(frozen=True, slots=True)
class Kind:
    """A kind of act: its catalogue items. ``is_standing``: entries of before the period that still stand are listed too;
    ``document``: only acts whose document number holds it."""

    id: str
    title: Bilingual
    items: tuple[str, ...]
    is_standing: bool = False
    document: str = ""


@dataclass(frozen=True, slots=True)
class Domain:
    """A domain: words in the names of its authorities, kinds of acts that occur in it."""

    id: str
    title: Bilingual
    units: tuple[str, ...]
    kinds: tuple[str, ...]

    def holds(self, authority: str) -> bool:
        """True when an authority of this name is of the domain."""
        return any(word in authority for word in self.units)


@dataclass(frozen=True, slots=True)
class Edition:
    """The domains and kinds in force from a day on."""

    id: str
    valid_from: date
    is_verified: bool
    basis: Bilingual
    kinds: tuple[Kind, ...]
    domains: tuple[Domain, ...]

    def domain(self, domain_id: str) -> Domain:
        """The domain of this id. Raises UnknownDomain."""
        for one in self.domains:
            if one.id == domain_id:
                return one
        raise UnknownDomain(f"没有“{domain_id}”这个检索领域。", f"There is no domain {domain_id}.")

    def of(self, *authorities: str) -> str:
        """The domain of an act by the first of these names that any domain knows; ``OTHER`` when none does."""
        for name in authorities:
            found = next((one.id for one in self.domains if one.holds(name)), None)
            if found is not None:
                return found
        return OTHER


def on(day: date) -> Edition:
    """The edition in force on a day; the oldest for days before all of them."""
    found = _editions()
    return next((one for one in reversed(found) if one.valid_from <= day), found[0])


@cache
def _editions() -> tuple[Edition, ...]:
    data = plain_yaml.load(_FILE.read_text(encoding="utf-8"))
    return tuple(sorted((_edition(one) for one in data["editions"]), key=lambda one: one.valid_from))


def _edition(data: Mapping[str, Any]) -> Edition:
    kinds = tuple(
        Kind(one["id"], said(one["title"]), tuple(one["items"]), one.get("standing", False), one.get("document", ""))
        for one in data["kinds"]
    )
    domains = tuple(
        Domain(one["id"], said(one["title"]), tuple(one["units"]), tuple(one["kinds"])) for one in data["domains"]
    )
    return Edition(data["id"], data["valid_from"], data["is_verified"], said(data["basis"]), kinds, domains)


def said(pair: Mapping[str, str]) -> Bilingual:
    """A text of the library in both languages."""
    return Bilingual(pair["zh"], pair["en"])
