"""The pure core of a report: from a file as the public sees it to the official sections, facts only.

Section order and items: 《公共信用信息报告标准（2022年版）》 as seen in real reports (rules.md §5.4); head and
statement: data.md §6.7. "Not collected" is not "none" (rules.md §5.5).
"""

from collections.abc import Collection
from datetime import date, timedelta

from xinyong.catalogue.schema import Section
from xinyong.kernel import codes
from xinyong.records.view import Dossier, Mark, RecordView
from xinyong.reports import printable
from xinyong.reports.content import (
    Availability,
    Bilingual,
    Chapter,
    Count,
    Entry,
    Line,
    Part,
    ReportContent,
)

TITLE = Bilingual("公共信用信息报告", "Public Credit Information Report")

#: (number, title, parts): a part is a section of the file, or None for a kind no catalogue item covers yet.
CHAPTERS: tuple[tuple[int, Bilingual, tuple[tuple[Bilingual, Section | None], ...]], ...] = (
    (
        1,
        Bilingual("行政管理信息", "Administrative matters"),
        (
            (Bilingual("行政许可", "Licences"), Section.LICENCE),
            (Bilingual("行政处罚", "Penalties"), Section.PENALTY),
            (Bilingual("其他行政管理", "Other administrative acts"), Section.ADMINISTRATIVE),
        ),
    ),
    (2, Bilingual("诚实守信信息", "Trustworthiness and honours"), ((Bilingual("", ""), Section.HONOUR),)),
    (
        3,
        Bilingual("严重失信主体名单信息", "Lists of seriously dishonest entities"),
        ((Bilingual("", ""), Section.SERIOUS_LIST),),
    ),
    (4, Bilingual("经营异常信息", "Abnormal operation"), ((Bilingual("", ""), Section.ABNORMAL),)),
    (5, Bilingual("信用承诺信息", "Credit commitments"), ((Bilingual("", ""), Section.COMMITMENT),)),
    (6, Bilingual("信用评价信息", "Evaluations by sector authorities"), ((Bilingual("", ""), Section.EVALUATION),)),
    (7, Bilingual("司法判决信息", "Court judgments"), ((Bilingual("", ""), Section.JUDICIAL),)),
    (8, Bilingual("其他信息", "Other information"), ((Bilingual("", ""), Section.OTHER),)),
)
OWN_NUMBER = 11
HINTS = Bilingual("信用状况提升建议", "How to improve")
LOCAL = Bilingual("公共信用信息地方补充内容", "Local supplement")

#: What the organisation says of itself stands at the end, in a chapter that is there only where it has said something.
OWN_WORD = Bilingual("市场主体自主申报信息", "Declared by the organisation itself")
_OWN_STATEMENT = Bilingual(
    f"第 {OWN_NUMBER} 部分由报告主体自行申报并承诺真实，不是信源单位报送的信息；是否经过核验、由谁核验，逐条注明。",
    f"Section {OWN_NUMBER} is what the organisation declares of itself, not reported by source units; each entry says whether and by "
    "whom it was checked.",
)

_MARKS = {
    Mark.IN_FORCE: Bilingual("有效", "in force"),
    Mark.ENDED: Bilingual("已失效", "ended"),
    Mark.ENDING_SOON: Bilingual("公示即将到期", "publicity ends soon"),
    Mark.CORRECTED: Bilingual("已更正", "corrected"),
    Mark.DISPUTED: Bilingual("争议中", "disputed"),
}


def content_of(found: Dossier, *, collected: Collection[Section], issuer: str) -> ReportContent:
    """The report of a file as the public sees it; pure. ``collected``: sections for which the platform has any data."""
    if not found.is_public_view or found.code is None:
        raise ValueError("an ordinary report is made from the public view of an organisation")
    sections = {one.section: one for one in found.sections}
    own = frozenset({found.name, found.code})

    def part(title: Bilingual, section: Section | None) -> Part:
        view = sections.get(section) if section else None
        if view and view.total:
            entries = tuple(entry(n, record, own) for n, record in enumerate(view.records, start=1))
            return Part(title, Availability.PRESENT, view.total, entries)
        known = section is not None and section in collected
        return Part(title, Availability.NONE if known else Availability.NOT_COLLECTED, 0, ())

    chapters = [
        Chapter(number, title, tuple(part(name, section) for name, section in parts))
        for number, title, parts in CHAPTERS
    ]
    hints = _hints(chapters, found)
    chapters.append(Chapter(9, HINTS, (), hints))
    chapters.append(Chapter(10, LOCAL, (part(Bilingual("", ""), None),)))
    own_word = part(Bilingual("", ""), Section.SELF_DECLARED)
    if own_word.total:
        chapters.append(Chapter(OWN_NUMBER, OWN_WORD, (own_word,)))
    content = ReportContent(
        kind="ordinary",
        title=TITLE,
        issuer=issuer,
        subject_id=found.subject_id,
        name=found.name,
        code=found.code,
        code_grouped=codes.group(found.code),
        as_of=found.as_of,
        labels=_labels(found),
        registration=_registration(found),
        former_names=tuple(
            Line("曾用名", "Former name", name.name + _period(name.valid_from, name.valid_to))
            for name in found.names
            if not name.is_current
        ),
        counts=tuple(_counts(chapters)),
        statements=(*_statements(found.as_of), *((_OWN_STATEMENT,) if own_word.total else ())),
        chapters=tuple(chapters),
    )
    return printable.everywhere(content, printable.visible)


def entry(number: int, record: RecordView, own: frozenset[str]) -> Entry:
    """One record as papers print it; pure. ``own``: name and code of whose paper it is, which are not said again."""
    lines = tuple(
        Line(one.label_zh, one.label_en, one.text, one.is_masked)
        for one in record.fields
        if one.text.strip() and one.text not in own
    )
    said = {line.text for line in lines}
    notes = [] if record.source in said else [Line("数据来源", "Source", record.source)]
    if record.declared is not None:
        notes.append(Line("核验状态", "Verification", record.declared.label_zh))
    if record.publish_until is not None:
        last_day = record.publish_until - timedelta(days=1)
        notes.append(Line("公示截止", "Published until", last_day.isoformat()))
    if record.statement:
        notes.append(Line("异议声明", "Statement of disagreement", record.statement))
    marks = tuple(_MARKS[mark] for mark in record.marks if mark in _MARKS)
    if record.declared is not None:
        marks = (Bilingual(record.declared.label_zh, record.declared.label_en), *marks)
    kind = Bilingual(record.item_title_zh, record.item_title_en)
    return Entry(number, record.title or record.item_title_zh, kind, lines, tuple(notes), marks, record.is_adverse)


def _registration(found: Dossier) -> tuple[Line, ...]:
    """What the register says, then what the platform knows besides; nothing twice."""
    section = next((one for one in found.sections if one.section is Section.REGISTRATION), None)
    lines = [Line("名称", "Name", found.name), Line("统一社会信用代码", "Unified social credit code", found.code or "")]
    platform = [
        Line("主体类别", "Class", found.subject_class_zh),
        Line("登记状态", "Status", found.status_zh),
        Line("成立（登记）日期", "Registered on", found.registered_on.isoformat() if found.registered_on else ""),
        Line("所在地", "Place", found.region_name),
    ]
    register = [
        Line(one.label_zh, one.label_en, one.text, one.is_masked)
        for record in (section.records[:1] if section else ())
        for one in record.fields
    ]
    said = {line.text for line in register}
    for line in (*(one for one in platform if one.text not in said), *register):
        if line.text.strip() and line.text not in (found.name, found.code):
            lines.append(line)
    # A link, never a record of the other's: what is said of a predecessor stays with it.
    lines += [
        Line(
            f"承继（{one.relation_zh}）", f"Succession ({one.relation_en.lower()})",
            f"{one.effective_on.isoformat()} {'→' if one.is_successor else '←'} {one.name} {one.code}",
        )
        for one in found.successions
    ]  # fmt: skip
    return tuple(lines)


def _labels(found: Dossier) -> tuple[Bilingual, ...]:
    """Words on the cover: registration status, and lists the subject stands on today. Facts, no judgement."""
    labels = [Bilingual(found.status_zh, found.status_en)] if found.status_zh else []
    for section, label in (
        (Section.HONOUR, Bilingual("守信激励对象", "incentive subject")),
        (Section.SERIOUS_LIST, Bilingual("严重失信主体", "on a list of seriously dishonest entities")),
        (Section.ABNORMAL, Bilingual("经营异常", "listed for abnormal operation")),
    ):
        records = [record for one in found.sections if one.section is section for record in one.records]
        if any(Mark.ENDED not in record.marks for record in records):
            labels.append(label)
    return tuple(labels)


def _counts(chapters: list[Chapter]) -> list[Count]:
    counts = []
    for chapter in chapters:
        for place, one in enumerate(chapter.parts, start=1):
            title = one.title if one.title.zh else chapter.title
            total = None if one.availability is Availability.NOT_COLLECTED else one.total
            counts.append(Count(chapter.number, place if one.title.zh else 0, title, total))
    return counts


def _hints(chapters: list[Chapter], found: Dossier) -> tuple[Bilingual, ...]:
    """For each published adverse record: from which day repair may be asked for (令36号). No advice, no forecast."""
    hints = []
    shown = {one.section: one.records for one in found.sections}
    for number, title, parts in CHAPTERS:
        for name, section in parts:
            for place, record in enumerate(shown.get(section, ()) if section else (), start=1):
                if not record.is_adverse or record.repair_from is None:
                    continue
                where = name if name.zh else title
                day = record.repair_from
                document = f"（{record.document_no}）" if record.document_no else ""
                hints.append(
                    Bilingual(
                        f"“{where.zh}”第 {place} 条{document}：自 {day.year}年{day.month}月{day.day}日 起，"
                        "已纠正违法失信行为、履行相关义务的，可以申请信用修复。",
                        f"Section {number}, {where.en}, no. {place}: once corrected and fulfilled, "
                        f"repair may be applied for from {day.isoformat()}.",
                    )
                )
    return tuple(hints)


def _period(start: date | None, end: date | None) -> str:
    if start is None and end is None:
        return ""
    return f"（{start.isoformat() if start else ''} 至 {end.isoformat() if end else ''}）"


def _statements(as_of: date) -> tuple[Bilingual, ...]:
    day = f"{as_of.year}年{as_of.month}月{as_of.day}日"
    return (
        Bilingual(
            "本报告依据全国公共信用信息基础目录和本地补充目录，如实列示信源单位报送的信息，"
            "不含评分、评级或其他评价性结论。",
            "This report states facts as reported by source units under the national and local catalogues. "
            "It holds no score and no grade.",
        ),
        Bilingual(
            f"本报告只收录截至 {day} 依法可以向社会公开的信息。“查询期内无相关信息”指已查询、没有记录；"
            "“本平台尚未归集该类信息”指没有查询，不表示没有记录。",
            f"It holds what may lawfully be public as of {as_of.isoformat()}. "
            '"None found" means searched and none; "not collected" means not searched.',
        ),
        Bilingual(
            "信息的真实性、准确性由信源单位负责。对内容有异议的，可以申请异议处理；符合条件的，可以申请信用修复。",
            "Source units answer for accuracy. Objections to the content, and repair where conditions are met, "
            "may be applied for.",
        ),
        Bilingual(
            "报告生成后信息可能更新。报告真伪及是否有更新，请扫描二维码或上传本文件验证。",
            "Information may change after issue. Scan the QR code or upload this file to see whether it is genuine "
            "and current.",
        ),
    )
