"""个人信息处理活动记录 The register of processing activities: composed of what the platform knows of itself, never typed by hand.

A line for each catalogue item in force that holds personal information (its fields, basis, retention, who hands it in, to whom
it goes), and one for each thing that the platform itself does with persons' data (analytics/processing.yaml). Each says
whether an impact assessment is needed, and which one covers it until when. Source: PIPL 54 to 56, GB/T 35273-2020 11.4; INV-67.
"""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import date
from functools import cache
from pathlib import Path
from typing import Any

import xlsxwriter
import yaml

from xinyong.analytics._facts import SQL
from xinyong.catalogue import assessment, publish
from xinyong.catalogue.assessment import AssessmentView, Reason
from xinyong.catalogue.schema import Grade, Item
from xinyong.kernel import cells
from xinyong.records import arrived
from xinyong.security import audit, clients, identity
from xinyong.security.access import Action, Actor, require

_WRITTEN = Path(__file__).with_name("processing.yaml")
_GRADES = {
    Grade.PUBLIC: ("社会公开", "public"), Grade.SHARED: ("政务共享", "shared among departments"),
    Grade.AUTHORISED: ("授权查询", "authorised queries"), Grade.INTERNAL: ("内部", "internal"),
}  # fmt: skip
_SEALED_WHOLE = (
    "整条加密存储；按键控摘要查找；只供授权查询，逐次留痕并经双人复核；期满删除并留凭证",
    "Sealed whole; found by a keyed digest; authorised queries only, each logged and agreed to by a second person; erased at the end, with proof",
)
_SEALED_PART = (
    "个人字段加密存储，不公开；查询逐次留痕；公开文本中的个人号码在入库前拦截",
    "Personal fields sealed and never public; each query logged; persons' numbers in public text stopped at intake",
)


@dataclass(frozen=True, slots=True)
class Line:
    """One processing activity. ``id`` is the item's or the written entry's; ``fields`` are the personal fields of an item.
    ``assessed_until``: the last day of the assessment that covers it, None where none does."""

    id: str
    is_item: bool
    title_zh: str
    title_en: str
    purpose_zh: str
    purpose_en: str
    categories_zh: str
    categories_en: str
    fields: tuple[str, ...]
    subjects_zh: str
    subjects_en: str
    basis_zh: str
    basis_en: str
    sources: tuple[str, ...]
    recipients_zh: tuple[str, ...]
    recipients_en: tuple[str, ...]
    disclosure_zh: str
    disclosure_en: str
    retention_zh: str
    retention_en: str
    measures_zh: str
    measures_en: str
    reasons: tuple[Reason, ...]
    assessment_id: int | None
    assessed_until: date | None

    @property
    def is_lacking(self) -> bool:
        """True where an assessment is needed and none covers it."""
        return bool(self.reasons) and self.assessment_id is None


def register(*, seen_by: Actor, on: date) -> list[Line]:
    """Every activity, items first; one audit entry. Raises NotAllowed."""
    require(seen_by, Action.VIEW_DATA_DUTIES)
    audit.enter(audit.Event.DATA_DUTIES_VIEWED, by=seen_by, object_kind="processing-register", object_ref="all")
    return _lines(seen_by, on)


def export(to: Path, *, seen_by: Actor, on: date) -> int:
    """Writes the register as a workbook; how many lines. One audit entry. Raises NotAllowed."""
    require(seen_by, Action.VIEW_DATA_DUTIES)
    lines = _lines(seen_by, on)
    _noted(seen_by, len(lines), "xlsx")
    _workbook(to, lines, on)
    return len(lines)


def plain(*, seen_by: Actor, on: date) -> dict[str, Any]:
    """The register as JSON values, the same for page, interface and command. One audit entry. Raises NotAllowed."""
    require(seen_by, Action.VIEW_DATA_DUTIES)
    lines = _lines(seen_by, on)
    _noted(seen_by, len(lines), "json")
    return {"on": on.isoformat(), "activities": [_plain(one) for one in lines]}


def activities() -> dict[str, tuple[str, str]]:
    """What the platform itself does with persons' data: id → title in Chinese and English."""
    return {str(one["id"]): (one["title"]["zh"], one["title"]["en"]) for one in _written()}


def _lines(seen_by: Actor, on: date) -> list[Line]:
    items = [one for one in publish.items(on=on) if assessment.fields_of(one)]
    known = assessment.in_force(on=on)
    names = identity.department_names()
    handed_in = {
        item_id: tuple(sorted(names[one] for one in units if one in names))
        for item_id, units in arrived.read(SQL["suppliers_of_items"], {"items": [one.id for one in items]})
    }
    programs = clients.recipients(seen_by=seen_by)
    found = [_of_item(one, assessment.covering(one, known), handed_in.get(one.id, ()), programs) for one in items]
    return found + [_of_platform(one, known) for one in _written()]


def _of_item(
    item: Item, covered: AssessmentView | None, sources: tuple[str, ...], programs: Sequence[clients.Recipient]
) -> Line:
    codes = assessment.fields_of(item)
    fields = [one for one in item.fields if one.code in codes]
    bases = [f"{one.title}{one.article}" for one in item.bases if one.rank not in {"standard", "practice"}]
    zh, en = _recipients(item, programs)
    years = item.retention.years
    counted = (
        ("自决定之日起", "from the decision")
        if item.retention.start == "decided_on"
        else ("自有效期届满起", "from the end of validity")
    )
    return Line(
        id=item.id, is_item=True, title_zh=item.title_zh, title_en=item.title_en,
        purpose_zh=f"依目录归集“{item.title_zh}”，用于信用档案、授权查询和依法共享",
        purpose_en=f"Collecting “{item.title_en}” under the catalogue, for credit files, authorised queries and lawful sharing",
        categories_zh="、".join(one.name_zh for one in fields), categories_en=", ".join(one.name_en for one in fields),
        fields=tuple(one.code for one in fields),
        subjects_zh="自然人" if item.is_about_persons else "组织的法定代表人、负责人等自然人",
        subjects_en="natural persons" if item.is_about_persons else "natural persons who act for organisations",
        basis_zh="；".join(bases), basis_en="; ".join(bases), sources=sources or (item.source,),
        recipients_zh=zh, recipients_en=en, disclosure_zh=_GRADES[item.disclosure][0], disclosure_en=_GRADES[item.disclosure][1],
        retention_zh=f"{counted[0]} {years} 年" if years else "长期", retention_en=f"{years} years {counted[1]}" if years else "no end",
        measures_zh=(_SEALED_WHOLE if item.is_about_persons else _SEALED_PART)[0],
        measures_en=(_SEALED_WHOLE if item.is_about_persons else _SEALED_PART)[1],
        reasons=assessment.reasons_of(item), assessment_id=covered.id if covered else None,
        assessed_until=covered.valid_until if covered else None,
    )  # fmt: skip


def _recipients(item: Item, programs: Sequence[clients.Recipient]) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """Who gets the personal fields: they are authorised as a rule, so a program reads none of them."""
    codes = assessment.fields_of(item)
    shared = not item.is_about_persons and any(
        one.code in codes and one.grade in (Grade.PUBLIC, Grade.SHARED) for one in item.fields
    )
    names = [f"{one.department_name}（{one.name}）" for one in programs if one.items is None or item.id in one.items]
    by_machine = tuple(names) if shared else ()
    return (
        ("经复核的特殊查询（逐次登记用途）", *by_machine),
        ("special queries, each with purpose and consent", *by_machine),
    )


def _of_platform(one: Mapping[str, Any], known: Sequence[AssessmentView]) -> Line:
    covered = next((each for each in known if each.activity == one["id"]), None)
    said = {f"{name}_{tongue}": one[name][tongue] for name in _SAID for tongue in ("zh", "en")}
    return Line(
        id=one["id"], is_item=False, fields=(), sources=(), disclosure_zh="内部", disclosure_en="internal",
        recipients_zh=(one["recipients"]["zh"],), recipients_en=(one["recipients"]["en"],),
        reasons=tuple(Reason(each) for each in one["reasons"]), assessment_id=covered.id if covered else None,
        assessed_until=covered.valid_until if covered else None, **said,
    )  # fmt: skip


_SAID = ("title", "purpose", "categories", "subjects", "basis", "retention", "measures")


@cache
def _written() -> tuple[dict[str, Any], ...]:
    return tuple(yaml.safe_load(_WRITTEN.read_text(encoding="utf-8")))


def _noted(seen_by: Actor, count: int, form: str) -> None:
    audit.enter(
        audit.Event.PROCESSING_EXPORTED, by=seen_by, object_kind="processing-register", object_ref="all", rows=count,
        form=form,
    )  # fmt: skip


def _plain(one: Line) -> dict[str, Any]:
    found = asdict(one)
    found["reasons"] = [each.value for each in one.reasons]
    found["assessed_until"] = one.assessed_until.isoformat() if one.assessed_until else None
    return found | {"needs_assessment": bool(one.reasons), "is_lacking": one.is_lacking}


_HEAD = (
    "处理活动", "处理目的", "个人信息种类", "个人信息主体", "处理依据", "来源", "接收方", "公开属性", "保存期限", "安全保护措施",
    "是否需要影响评估", "评估编号", "评估有效至",
)  # fmt: skip
_WIDTHS = (28, 36, 40, 24, 40, 28, 32, 12, 20, 40, 28, 10, 12)


def _workbook(to: Path, lines: Sequence[Line], on: date) -> None:
    with xlsxwriter.Workbook(to, {"constant_memory": True, **cells.WORKBOOK_OPTIONS}) as book:
        sheet = book.add_worksheet("个人信息处理活动记录")
        bold, wrapped = (book.add_format({"bold": on_, "text_wrap": True, "valign": "top"}) for on_ in (True, False))
        sheet.set_landscape()
        sheet.fit_to_pages(1, 0)
        sheet.write_string(0, 0, f"个人信息处理活动记录 · {on.isoformat()}", bold)
        sheet.repeat_rows(1)
        for column, (word, width) in enumerate(zip(_HEAD, _WIDTHS, strict=True)):
            sheet.set_column(column, column, width)
            sheet.write_string(1, column, word, bold)
        for place, one in enumerate(lines, start=2):
            for column, text in enumerate(_row(one)):
                sheet.write_string(place, column, text, wrapped)


def _row(one: Line) -> tuple[str, ...]:
    needed = "、".join(assessment.REASONS[each][0] for each in one.reasons)
    return (
        one.title_zh, one.purpose_zh, one.categories_zh, one.subjects_zh, one.basis_zh, "、".join(one.sources),
        "；".join(one.recipients_zh), one.disclosure_zh, one.retention_zh, one.measures_zh,
        f"需要：{needed}" if needed else "不需要", str(one.assessment_id or ""),
        one.assessed_until.isoformat() if one.assessed_until else ("尚无，须补做" if needed else ""),
    )  # fmt: skip
