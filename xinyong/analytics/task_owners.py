"""Whose a task is (责任单位): the words of a plan, and the departments of this node that they mean.

A plan names departments by their short names and by groups. A name is a department's when it is its name or its short name,
or an abbreviation that only one department's name can be shortened to; whoever imports sees how it was taken. What nobody
here is stays as words: the credit centre reports for it, or says later whose it is.
"""

import re
import unicodedata
from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass
from typing import Any

from xinyong.security import identity
from xinyong.security.access import significant
from xinyong.security.identity import SourceUnit

ALL, COUNTIES = "all", "counties"
#: Groups as they are written when they are chosen here.
GROUPS = {ALL: "各成员单位", COUNTIES: "各县（市、区）"}
_ALL = re.compile(
    r"各(?:级)?(?:有关|相关|责任|成员|市直|市级|行业(?:主管|监管|管理))?(?:各)?(?:部门|单位|成员单位)(?:和单位)?"
)
_COUNTIES = re.compile(r"各(?:有关)?(?=.*[区县])(?:[区县市()、])+(?:人民政府|政府|信用办)?")
_PLACE = re.compile(r"^.{2,6}?(?:自治州|地区|市)(?=.{2})")
_BRACKETS = re.compile(r"\([^)]*\)")


@dataclass(frozen=True, slots=True)
class Owner:
    """An owner: as written, and the department (``code``, ``name``) or the group (``all``, ``counties``) it is; neither: only
    words. ``is_abbreviated``: taken for the department because no other can be meant."""

    words: str
    is_lead: bool
    code: str = ""
    name: str = ""
    group: str = ""
    is_abbreviated: bool = False

    @property
    def shown(self) -> str:
        """What a list prints."""
        return self.name or self.words

    @property
    def is_known(self) -> bool:
        """True when somebody here can answer for it."""
        return bool(self.code or self.group)


def resolve(leads: Sequence[str], helpers: Sequence[str] = (), *, units: Iterable[SourceUnit]) -> tuple[Owner, ...]:
    """Who is meant. Without a column of helpers the first named leads, as plans are written; with one, all of ``leads`` do."""
    known = list(units)
    found = [_owner(one, bool(helpers) or place == 0, known) for place, one in enumerate(leads)]
    found += [_owner(one, False, known) for one in helpers if one not in leads]
    return tuple(found)


def given(lead: Sequence[str], helpers: Sequence[str]) -> tuple[Owner, ...]:
    """Owners by the codes of departments, or by a group of ``GROUPS``. Raises UnknownDepartment."""
    return tuple(_given(one, one in lead) for one in dict.fromkeys([*lead, *helpers]))


def _given(code: str, is_lead: bool) -> Owner:
    if code in GROUPS:
        return Owner(GROUPS[code], is_lead, group=code)
    unit = identity.source_unit(code)
    return Owner(unit.name, is_lead, unit.code, unit.name)


def columns(owners: Sequence[Owner]) -> dict[str, Any]:
    """What a task keeps of its owners."""
    ids = {one.code: one.id for one in identity.source_units()}
    return {
        "owners": [asdict(one) for one in owners],
        "unit_ids": sorted({ids[one.code] for one in owners if one.code}),
        "is_for_all": any(one.group == ALL for one in owners),
        "is_for_counties": any(one.group == COUNTIES for one in owners),
    }


def is_of_a_county(unit: SourceUnit) -> bool:
    """True for a department of a county, district or county-level city."""
    return bool(unit.region_code) and len(significant(unit.region_code)) > 4


def said(owners: Sequence[Owner]) -> str:
    """Everybody in one line, those who lead first."""
    lead = "、".join(one.shown for one in owners if one.is_lead)
    others = "、".join(one.shown for one in owners if not one.is_lead)
    return f"{lead}；{others}" if lead and others else lead or others


def _owner(words: str, is_lead: bool, units: Sequence[SourceUnit]) -> Owner:
    text = _BRACKETS.sub("", unicodedata.normalize("NFKC", words)) if "各" not in words else words
    folded = unicodedata.normalize("NFKC", text).replace(" ", "")
    if _ALL.fullmatch(folded):
        return Owner(words, is_lead, group=ALL)
    if _COUNTIES.fullmatch(folded):
        return Owner(words, is_lead, group=COUNTIES)
    exact = [one for one in units if folded in (one.name, one.short_name) or _of_the_city(one.name) == folded]
    if len(exact) == 1:
        return Owner(words, is_lead, exact[0].code, exact[0].name)
    short = [] if exact or "各" in folded else [one for one in units if _shortens(folded, one)]
    if len(short) == 1:
        return Owner(words, is_lead, short[0].code, short[0].name, is_abbreviated=True)
    return Owner(words, is_lead)


def _of_the_city(name: str) -> str:
    """``云溪市司法局`` as the city's own plan writes it: 市司法局."""
    return _PLACE.sub("市", name)


def _shortens(word: str, unit: SourceUnit) -> bool:
    """True when the word's characters stand in the name in their order: 市发改委 in 市发展和改革委员会."""
    name = unit.name if not word.startswith("市") else _of_the_city(unit.name)
    if len(word) < 3 or (word.startswith("市") and is_of_a_county(unit)) or name[:1] != word[:1]:
        return False
    rest = iter(name)
    return all(sign in rest for sign in word)
