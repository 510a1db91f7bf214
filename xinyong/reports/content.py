"""What a credit report says, as plain frozen values in the official section order (rules.md §5.4).

``facts_digest`` is over what is said of the subject, not over when it was asked: two reports with the same digest say
the same.
"""

import hashlib
import json
from dataclasses import asdict, dataclass
from datetime import date, datetime
from enum import StrEnum
from typing import Any


class Availability(StrEnum):
    """Why a part is full or empty: "not collected" is not "none" (rules.md §5.5)."""

    PRESENT = "present"
    NONE = "none"  # 查询期内无相关信息
    NOT_COLLECTED = "not-collected"  # 本平台尚未归集该类信息


@dataclass(frozen=True, slots=True)
class Bilingual:
    """A text in both languages, Chinese first."""

    zh: str
    en: str


@dataclass(frozen=True, slots=True)
class Line:
    """One labelled value as printed."""

    zh: str
    en: str
    text: str
    is_masked: bool = False


@dataclass(frozen=True, slots=True)
class Entry:
    """One record: 第 n 条. ``notes`` are the platform's own facts about it (source, publicity), not the source's."""

    number: int
    title: str
    kind: Bilingual
    lines: tuple[Line, ...]
    notes: tuple[Line, ...]
    marks: tuple[Bilingual, ...]
    is_adverse: bool


@dataclass(frozen=True, slots=True)
class Part:
    """Records of one kind inside a section. ``total`` may exceed ``entries``; the report says so where it does."""

    title: Bilingual
    availability: Availability
    total: int
    entries: tuple[Entry, ...]


@dataclass(frozen=True, slots=True)
class Chapter:
    """One numbered section of the report; ``hints`` are used by section 9 only."""

    number: int
    title: Bilingual
    parts: tuple[Part, ...]
    hints: tuple[Bilingual, ...] = ()


@dataclass(frozen=True, slots=True)
class Count:
    """One line of the overview on the cover; ``total`` is None where the kind is not collected."""

    chapter: int
    place: int  # of the part in its chapter, from 1; 0 where the chapter has one part
    title: Bilingual
    total: int | None


@dataclass(frozen=True, slots=True)
class ReportContent:
    """A report of one organisation, ready to be printed. It holds facts only: there is no place for a score."""

    kind: str
    title: Bilingual
    issuer: str
    subject_id: int
    name: str
    code: str
    code_grouped: str
    as_of: date
    labels: tuple[Bilingual, ...]
    registration: tuple[Line, ...]
    former_names: tuple[Line, ...]
    counts: tuple[Count, ...]
    statements: tuple[Bilingual, ...]
    chapters: tuple[Chapter, ...]

    @property
    def totals(self) -> dict[str, int | None]:
        """The counts on the cover by section and place: "1.2"."""
        return {f"{one.chapter}.{one.place}": one.total for one in self.counts}


@dataclass(frozen=True, slots=True)
class Stamp:
    """What makes a report an issued one: its number, the check code in the QR, when, and where to verify."""

    number: str
    check_code: str
    issued_at: datetime
    verify_url: str
    facts: str = ""  # SHA-256 (hex) of what it says; "" on a preview
    signer: str = ""
    is_demo: bool = False


@dataclass(frozen=True, slots=True)
class Cell:
    """What a special report says of one kind of act in one domain. ``since`` is the day of the first data, where searched."""

    kind: str
    availability: Availability
    total: int | None
    since: date | None = None


@dataclass(frozen=True, slots=True)
class Searched:
    """One domain of a special report (信用代证), with a cell for each kind of act that can occur in it."""

    id: str
    title: Bilingual
    cells: tuple[Cell, ...]

    @property
    def total(self) -> int | None:
        """Acts listed in the domain; None where nothing of it was searched."""
        counts = [one.total for one in self.cells if one.total is not None]
        return sum(counts) if counts else None


@dataclass(frozen=True, slots=True)
class Group:
    """The acts of one kind in one domain. ``total`` may exceed ``entries``; the paper says so where it does."""

    title: Bilingual
    domain: Bilingual
    total: int
    entries: tuple[Entry, ...]


@dataclass(frozen=True, slots=True)
class SpecialContent:
    """A special report in place of no-violation certificates (专项信用报告，信用代证), ready to be printed."""

    kind: str
    title: Bilingual
    issuer: str
    subject_id: int
    name: str
    code: str
    code_grouped: str
    as_of: date
    first_day: date
    last_day: date
    purpose: str
    kinds: tuple[tuple[str, Bilingual], ...]
    domains: tuple[Searched, ...]
    unasked: tuple[Bilingual, ...]  # domains that were not chosen
    groups: tuple[Group, ...]
    registration: tuple[Line, ...]
    branches: tuple[Line, ...]  # known ones, with what was searched of them
    branch_note: Bilingual
    statements: tuple[Bilingual, ...]

    @property
    def totals(self) -> dict[str, int | None]:
        """The counts by domain."""
        return {one.id: one.total for one in self.domains}

    @property
    def found(self) -> int:
        """Acts found in all."""
        return sum(one.total for one in self.groups)


@dataclass(frozen=True, slots=True)
class StatementContent:
    """One fact about an organisation and nothing else (最小披露的证明)."""

    kind: str
    title: Bilingual
    issuer: str
    subject_id: int
    name: str
    code: str
    code_grouped: str
    as_of: date
    fact: str
    said: Bilingual
    searched: Bilingual
    statements: tuple[Bilingual, ...]

    @property
    def totals(self) -> dict[str, int | None]:
        """None: a statement counts nothing."""
        return {}


def canonical(content: Any) -> bytes:
    """The content as canonical JSON: sorted keys, no blanks, UTF-8, dates in ISO form."""
    return _dumps(asdict(content))


def facts_of(content: Any) -> dict[str, Any]:
    """What a paper says of its subject, whatever the day it was asked for. A statement leaves with nothing of ours in it."""
    facts = asdict(content)
    for asked in ("as_of", "statements", "issuer", *(("subject_id",) if facts["kind"] == "statement" else ())):
        facts.pop(asked, None)
    return facts


def facts_digest(content: Any) -> str:
    """SHA-256 (hex) of what a paper says of its subject."""
    return hashlib.sha256(_dumps(facts_of(content))).hexdigest()


def _dumps(value: dict[str, Any]) -> bytes:
    text = json.dumps(value, ensure_ascii=False, sort_keys=True, separators=(",", ":"), default=_iso)
    return text.encode("utf-8")


def _iso(value: object) -> str:
    if isinstance(value, date | datetime):
        return value.isoformat()
    raise TypeError(f"not a report value: {type(value).__name__}")
