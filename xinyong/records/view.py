"""What a reader gets to see of records: plain values, already filtered and masked for one actor on one date."""

from dataclasses import dataclass, field
from datetime import date, datetime
from enum import StrEnum

from xinyong.catalogue.schema import Section
from xinyong.subjects.succession import Link


class Mark(StrEnum):
    """State marks shown beside a record (状态标记)."""

    IN_FORCE = "in-force"  # 有效
    ENDED = "ended"  # 已失效
    ENDING_SOON = "ending-soon"  # 公示即将到期 (within 30 days)
    CORRECTED = "corrected"  # 已更正: an earlier version exists
    WITHDRAWN = "withdrawn"  # 已撤回
    NOT_PUBLIC = "not-public"  # 不公开: seen only by rights of office
    LATE = "late"  # 迟报
    DISPUTED = "disputed"  # 争议中


@dataclass(frozen=True, slots=True)
class FieldView:
    """One field as shown: labels, text ready to print, whether it was masked."""

    code: str
    label_zh: str
    label_en: str
    text: str
    is_masked: bool = False
    grade: str = "public"


@dataclass(frozen=True, slots=True)
class Declared:
    """That a record is an organisation's own word (自主申报), and whether somebody has checked it: ``unit`` and ``on`` say who
    and when, "" and None while nobody has."""

    unit: str = ""
    on: date | None = None

    @property
    def is_checked(self) -> bool:
        """Somebody has looked at the proof and found it so."""
        return self.on is not None

    @property
    def label_zh(self) -> str:
        """What stands beside the record wherever it is shown."""
        return f"自主申报 · 已核验（{self.unit}，{self.on}）" if self.is_checked else "自主申报 · 未经核实"

    @property
    def label_en(self) -> str:
        """The same in English."""
        return (
            f"Self-declared · checked by {self.unit} on {self.on}"
            if self.is_checked
            else "Self-declared · not verified"
        )


@dataclass(frozen=True, slots=True)
class RecordView:
    """One record as one actor may see it. ``ref`` is the hex key digest: stable, not guessable, no identifier in it."""

    ref: str
    version: int
    subject_code: str | None
    subject_name: str
    item_id: str
    item_title_zh: str
    item_title_en: str
    section: Section
    is_adverse: bool
    title: str
    document_no: str
    authority: str
    source: str
    decided_on: date
    valid_from: date | None
    valid_to: date | None  # None: indefinite
    publish_from: date | None
    publish_until: date | None  # first day no longer shown; None: no end
    repair_from: date | None
    severity: str | None
    marks: tuple[Mark, ...]
    fields: tuple[FieldView, ...]
    known_from: datetime
    submission_id: int
    declared: Declared | None = None  # None: not the organisation's own word, but an authority's
    is_disputed: bool = False  # its subject objects to it, and that is not settled yet
    statement: str = ""  # what its subject says of it where the objection was refused (异议声明)


@dataclass(frozen=True, slots=True)
class SectionView:
    """Records of one section, newest first, with the counts printed on covers. ``total`` may exceed ``records``."""

    section: Section
    title_zh: str
    title_en: str
    records: tuple[RecordView, ...]
    total: int


@dataclass(frozen=True, slots=True)
class NameView:
    """A current or former name with its period."""

    name: str
    valid_from: date | None
    valid_to: date | None
    is_current: bool


@dataclass(frozen=True, slots=True)
class Dossier:
    """A subject's file (信用档案) as of a date, as this actor may see it."""

    subject_id: int
    code: str | None
    name: str
    subject_class: str
    subject_class_zh: str
    subject_class_en: str
    status: str
    status_zh: str
    status_en: str
    region_code: str
    region_name: str
    registered_on: date | None
    names: tuple[NameView, ...]
    sections: tuple[SectionView, ...]
    as_of: date
    known_at: datetime
    is_public_view: bool
    successions: tuple[Link, ...] = field(default=())
    notes: tuple[str, ...] = field(default=())


@dataclass(frozen=True, slots=True)
class Page:
    """One keyset page. ``next_after`` is the sealed cursor of the next page, None on the last. ``is_cut``: there is more,
    but page by page the public goes no further."""

    records: tuple[RecordView, ...]
    next_after: str | None
    total: int | None = None
    is_cut: bool = False


@dataclass(frozen=True, slots=True)
class Count:
    """One bar of a chart."""

    key: str
    label_zh: str
    label_en: str
    count: int


@dataclass(frozen=True, slots=True)
class Figures:
    """What the platform holds, for charts: organisations by class, records by item, department, month of decision
    (months oldest first; each month one Count per item in ``by_month[item_id]``)."""

    subjects_total: int
    records_total: int
    by_class: tuple[Count, ...]
    by_item: tuple[Count, ...]
    by_department: tuple[Count, ...]
    by_month: dict[str, tuple[Count, ...]]
    latest_received_at: datetime | None
