"""专项信用报告 The special report in place of no-violation certificates (信用代证): chosen domains, a period, what was searched and what not.

It lists acts confirmed by a document that was decided in the period, penalties by the simplified procedure among them (INV-05), published
or not; entries of lists that stand today, whenever made; nothing repaired, withdrawn or past its retention (INV-60). For every domain and
kind it says found, none, or not searched. The organisation has it for itself, the credit centre gives it out for a purpose.
Source: 发改财金〔2025〕565号; rules.md §5.5.
"""

from collections import defaultdict
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta

from django.conf import settings

from xinyong.kernel import clock, codes
from xinyong.kernel.errors import Invalid
from xinyong.kernel.periods import Period
from xinyong.records import certified
from xinyong.records.purpose import required
from xinyong.records.view import RecordView
from xinyong.reports import chapters, domains, issue, printable, render_papers
from xinyong.reports.content import Availability, Bilingual, Cell, Entry, Group, Line, Searched, SpecialContent
from xinyong.reports.domains import Edition, Kind
from xinyong.reports.issue import Asked, Issued
from xinyong.rights import purposes
from xinyong.security import scanner
from xinyong.security.access import Action, Actor, Role, require
from xinyong.subjects import branches, classes, registry
from xinyong.subjects.registry import SubjectView

TITLE = Bilingual("专项信用报告（信用代证）", "Special Credit Report in Place of No-Violation Certificates")
#: Acts printed of one kind in one domain; above it the newest are printed and the paper says how many there are.
ENTRIES = 200
_REPAIRED = "repaired"
_Key = tuple[str, str]  # domain, kind


class BadPeriod(Invalid):
    """The period ends before it begins, or in the future."""

    code = "reports.bad-period"


@dataclass(frozen=True, slots=True)
class Wanted:
    """What is asked for: both days count. ``domains`` by id, none: all of them."""

    first_day: date
    last_day: date
    domains: tuple[str, ...] = ()
    with_branches: bool = False


def issue_special(
    code: str, wanted: Wanted, *, by: Actor, issued_at: datetime, purpose: str = "",
    also: Callable[[Issued], None] | None = None,
) -> Issued:  # fmt: skip
    """Composes, sets, signs and registers the special report of an organisation. Staff say what it is for.

    Raises subjects' UnknownSubject, BadPeriod, UnknownDomain, records' PurposeNeeded, NotAllowed, what ``issue.give``
    raises.
    """
    subject = registry.subject(code, seen_by=by)
    require(by, Action.ISSUE_SPECIAL, subject=subject.id, region=subject.region_code or None)
    if by.role is Role.OPERATOR:
        required(purpose)
    content = compose(subject, wanted, as_of=clock.day(issued_at), purpose=purpose, by=by)
    chosen = sorted(one.id for one in content.domains)
    details = {
        "domains": chosen, "first_day": wanted.first_day.isoformat(), "last_day": wanted.last_day.isoformat(),
        "branches": wanted.with_branches,
    }  # fmt: skip
    series = ("+" if wanted.with_branches else "") + " ".join(chosen)
    return issue.give(
        content,
        make=render_papers.special,
        by=by,
        issued_at=issued_at,
        asked=Asked(series, details, purpose),
        also=also,
    )


def compose(subject: SubjectView, wanted: Wanted, *, as_of: date, purpose: str, by: Actor) -> SpecialContent:
    """The report's content, for callers who have checked who asks. Raises BadPeriod, UnknownDomain."""
    check(wanted, as_of)
    edition = domains.on(as_of)
    chosen = [edition.domain(one) for one in dict.fromkeys(wanted.domains)] or list(edition.domains)
    known = branches.of(subject, seen_by=by)
    covered = (subject, *(known.known if wanted.with_branches else ()))
    period = Period(wanted.first_day, wanted.last_day + timedelta(days=1))
    found, more = _found(covered, edition, period, as_of)
    since = _since(edition)
    asked = {one.id for one in chosen}
    searched = tuple(
        Searched(one.id, one.title, tuple(
            _cell(kind, (one.id, kind.id), found, more, since)
            for kind in edition.kinds if kind.id in one.kinds or found.get((one.id, kind.id))
        ))
        for one in chosen
    )  # fmt: skip
    groups = tuple(
        Group(kind.title, one.title, len(acts) + more.get((one.id, kind.id), 0), tuple(
            _entry(n, act, subject) for n, act in enumerate(acts[:ENTRIES], start=1)
        ))
        for one in chosen for kind in edition.kinds if (acts := found.get((one.id, kind.id)))
    )  # fmt: skip
    content = SpecialContent(
        kind="special", title=TITLE, issuer=settings.SITE_NAME, subject_id=subject.id, name=subject.name,
        code=subject.code or "", code_grouped=codes.group(subject.code or ""), as_of=as_of, first_day=wanted.first_day,
        last_day=wanted.last_day, purpose=purposes.worded(purpose), kinds=tuple((one.id, one.title) for one in edition.kinds),
        domains=searched, unasked=tuple(one.title for one in edition.domains if one.id not in asked), groups=groups,
        registration=_registration(subject), branches=_branches(known, wanted), branch_note=_branch_note(known, wanted),
        statements=_statements(wanted, edition, as_of),
    )  # fmt: skip
    content = printable.everywhere(content, printable.visible)
    return replace(content, groups=printable.everywhere(content.groups, lambda text: scanner.masked(text, today=as_of)))


def check(wanted: Wanted, as_of: date) -> None:
    """Raises BadPeriod, UnknownDomain."""
    edition = domains.on(as_of)
    for one in wanted.domains:
        edition.domain(one)
    if not date(1949, 10, 1) <= wanted.first_day <= wanted.last_day <= as_of:
        raise BadPeriod(
            "起止日期不对：起始日期不晚于截止日期，截止日期不晚于今天。",
            "The period is wrong: it begins before it ends, and ends today at the latest.",
        )


def _found(
    covered: Sequence[SubjectView], edition: Edition, period: Period, as_of: date
) -> tuple[dict[_Key, list[RecordView]], dict[_Key, int]]:
    """The acts by domain and kind, the newest first, and how many more there are than were read."""
    kind_of = {item: kind for kind in edition.kinds for item in kind.items}
    standing = {item for item, kind in kind_of.items() if kind.is_standing}
    found: dict[_Key, list[RecordView]] = defaultdict(list)
    more: dict[_Key, int] = defaultdict(int)
    for one in covered:
        acts, rest = certified.acts(one, kind_of.keys(), period=period, standing=standing, as_of=as_of)
        for act in acts:
            kind = kind_of[act.item_id]
            is_other = kind.document and kind.document not in act.document_no
            if not is_other and not any(mark.value == _REPAIRED for mark in act.marks):
                found[edition.of(act.authority, act.source), kind.id].append(act)
        for item, count in rest.items():
            if (
                count
            ):  # so many acts of one organisation that not all were read: they stand under the domain of the newest
                first = next((act for act in acts if act.item_id == item), None)
                more[edition.of(first.authority, first.source) if first else domains.OTHER, kind_of[item].id] += count
    for acts in found.values():
        acts.sort(key=lambda act: (act.decided_on, act.ref), reverse=True)
    return found, more


def _since(edition: Edition) -> dict[_Key, date]:
    """Domain and kind → the day of the first data, where there are any."""
    since: dict[_Key, date] = {}
    supplied = certified.supplied([item for kind in edition.kinds for item in kind.items])
    for kind in edition.kinds:
        for (item, unit), day in supplied.items():
            if item in kind.items:
                place = (edition.of(unit), kind.id)
                since[place] = min(day, since.get(place, day))
    return since


def _cell(
    kind: Kind, place: _Key, found: dict[_Key, list[RecordView]], more: dict[_Key, int], since: dict[_Key, date]
) -> Cell:
    total = len(found.get(place, ())) + more.get(place, 0)
    if total:
        return Cell(kind.id, Availability.PRESENT, total, since.get(place))
    if place in since:
        return Cell(kind.id, Availability.NONE, 0, since[place])
    return Cell(kind.id, Availability.NOT_COLLECTED, None)


def _entry(number: int, act: RecordView, subject: SubjectView) -> Entry:
    made = chapters.entry(number, act, frozenset({subject.name, subject.code or ""}))
    marks = list(made.marks)
    if act.severity == "minor":
        marks.append(Bilingual("轻微，依法不公示", "minor, not published by law"))
    whose = () if act.subject_code == subject.code else (Line("当事主体", "Whose", act.subject_name),)
    notes = [one for one in made.notes if one.en != "Published until"]
    return replace(made, lines=(*whose, *made.lines), marks=tuple(marks), notes=tuple(notes))


def _registration(subject: SubjectView) -> tuple[Line, ...]:
    lines = [
        Line("名称", "Name", subject.name),
        Line("统一社会信用代码", "Unified social credit code", subject.code or ""),
        Line("主体类别", "Class", classes.LABELS[subject.subject_class][0]),
        Line("登记状态", "Status", classes.STATUS[subject.status][0]),
        Line("成立（登记）日期", "Registered on", subject.registered_on.isoformat() if subject.registered_on else ""),
        *(Line("曾用名", "Former name", one.name) for one in registry.names_of(subject.id) if not one.is_current),
    ]
    return tuple(one for one in lines if one.text)


def _branches(known: branches.Branches, wanted: Wanted) -> tuple[Line, ...]:
    state = "已检索 searched" if wanted.with_branches else "未检索 not searched"
    return tuple(Line(one.name, one.code or "", state) for one in known.known)


def _branch_note(known: branches.Branches, wanted: Wanted) -> Bilingual:
    count = f"{len(known.known)}{'+' if known.is_cut else ''}"
    if not known.known:
        return Bilingual(
            "本平台登记信息中没有名称冠以本单位名称的分支机构；其他分支机构没有检索。",
            "The register here knows no branch that bears this organisation's name; other branches were not searched.",
        )
    if wanted.with_branches:
        return Bilingual(
            f"本报告包括本平台已知的 {len(known.known)} 个分支机构（名称冠以本单位名称，见下表）；其他分支机构没有检索。",
            f"This report covers the {len(known.known)} branches known here (they bear its name, see below); others were not searched.",
        )
    return Bilingual(
        f"本平台已知 {count} 个分支机构（见下表），本报告没有检索；其他分支机构也没有检索。",
        f"{count} branches are known here (see below). This report searched neither them nor any others.",
    )


def _statements(wanted: Wanted, edition: Edition, as_of: date) -> tuple[Bilingual, ...]:
    span = f"{_day(wanted.first_day)}至{_day(wanted.last_day)}"
    verified = "" if edition.is_verified else "（领域划分由平台整理，未与主管部门核对）"
    said = (
        (
            f"本报告依据{edition.basis.zh}，列示决定日期在 {span} 之间、经生效文书确认的行政处罚（包括适用简易程序的）、行政强制、严重失信主体名单、"
            f"刑事裁判和经营异常名录信息；除此以外的情况视为没有记录{verified}。",
            f"Under {edition.basis.en} this report lists acts confirmed by an effective document and decided from "
            f"{wanted.first_day} to {wanted.last_day}: penalties (simplified procedure included), compulsion, serious lists, criminal "
            "judgments, abnormal lists.",
        ),
        (
            "以前列入、至今仍在列的名单信息，也予列示。依法不公示、公示期满但仍在保存期限内的，列入本报告，不因此恢复公示。已修复、已撤销、已撤回和超过保存期限的不列入。",
            "Entries of lists made before the period that still stand are listed too. What is not published, or no longer, but within "
            "retention is listed here and is not published thereby. What was repaired, annulled or is past retention is not.",
        ),
        (
            "“未检索”指本平台没有归集该领域的此类信息，不表示没有记录；需要的，请向该领域主管部门了解。",
            '"Not searched" means that such data of the domain are not held here, which does not mean none; ask its authority.',
        ),
        (
            "标注“争议中”的，当事人已提出异议，正在核查。对内容有异议的，可以申请异议处理；符合条件的，可以申请信用修复。",
            "What is marked disputed is being checked upon an objection. Objections, and repair where conditions are met, may be applied for.",
        ),
        (
            f"本报告反映截至 {_day(as_of)} 的情况，不含评分、评级或其他评价性结论。信息的真实性、准确性由信源单位负责。",
            f"It says how things stood on {as_of}. It holds no score and no grade. Source units answer for accuracy.",
        ),
    )  # fmt: skip
    return tuple(Bilingual(zh, en) for zh, en in said)


def _day(day: date) -> str:
    return f"{day.year}年{day.month}月{day.day}日"
