"""投诉 A subject complains about one look at its file, from the line of its access log: lodges it, adds papers, withdraws it.

The complaint is about the line: when, which unit, for which purpose; nothing of anybody else. A look that is lawfully withheld is no
line yet, and is complained about once it is shown. One complaint a line, unless it was withdrawn; who disagrees with its end says so
there (rights/feedback.py) or appeals (rights/appeal.py). The other parties' verbs: rights/complaint_desk.py.
Source: 个人信息保护法 第五十条, 第六十五条; INV-71, INV-73. Terms: rights/library/complaint.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from pathlib import Path

from django.conf import settings
from django.db import transaction

from xinyong.catalogue import tables
from xinyong.kernel import clock
from xinyong.kernel.errors import Conflict, Forbidden, Invalid
from xinyong.rights import access_log, purposes, whose
from xinyong.rights.access_log import Line
from xinyong.rights.case_words import SealedWords
from xinyong.rights.own_cases import PERSON, OwnCases, checked_token
from xinyong.security import identity, looks, quotas
from xinyong.security.access import Action, Actor, require
from xinyong.security.looks import One
from xinyong.subjects import registry
from xinyong.workflow import cases, closed, sealed_words
from xinyong.workflow.case_view import CaseView
from xinyong.workflow.cases import About, Paper, Step
from xinyong.workflow.definition import Library, Procedure

KIND, PROFILE = "complaint", "national"
_FOLDER = Path(__file__).parent / "library"
_LIBRARY = Library(_FOLDER / "complaint.yaml", _FOLDER / "complaint")
_PER_MINUTE, _PER_DAY = 10, 100

cases.declare(KIND, _LIBRARY.version)
sealed_words.keeps(KIND, SealedWords())


class NothingOnFile(Conflict):
    """Somebody of whom nothing is recorded has no file that a case could be about; the counter takes their complaint."""

    code = "rights.nothing-on-file"


class PublicLook(Conflict):
    """What the public may look at anybody may look at: there is nothing to complain about."""

    code = "rights.public-look"


class Complained(Conflict):
    """This look was complained about already, and that complaint was decided."""

    code = "rights.look-complained"


class BadGround(Invalid):
    """A complaint has one of the grounds of the procedure."""

    code = "rights.complaint-ground"


class OwnLook(Forbidden):
    """Nobody deals with a complaint about a look of their own; they explain it."""

    code = "rights.own-look"


@dataclass(frozen=True, slots=True)
class Said:
    """What a complaint says: its ground, and why."""

    ground: str
    statement: str


@dataclass(frozen=True, slots=True)
class SeenComplaint:
    """A complaint with the look it is about, and the steps that who asks can take. ``look``, the entry behind the line with who looked
    and in which matter, is for the unit that looked and for whoever decides: None for the subject."""

    case: CaseView
    line: Line
    look: One | None
    may: frozenset[str]
    appeal_until: date | None = None

    @property
    def matter(self) -> str:
        """The purpose and the matter as the unit noted them."""
        return purposes.worded(self.look.purpose) if self.look else ""

    @property
    def is_of_centre(self) -> bool:
        """The credit centre itself looked: it explains, and another of its people decides."""
        return not self.case.source_id


def procedure(on: date) -> Procedure:
    """What a complaint is taken under on a day."""
    return _LIBRARY.in_force(PROFILE, on)


def procedures() -> Sequence[Procedure]:
    """Every profile that is shipped."""
    return _LIBRARY.all()


def complainable(look_id: int, *, by: Actor, at: datetime) -> Line:
    """A line of one's own log that can be complained about. Raises UnknownLook, PublicLook, NothingOnFile, NotAllowed."""
    require(by, Action.COMPLAIN, subject=by.subject)
    line, _ = access_log.own_line(look_id, by=by, at=at)
    if line.is_public:
        raise PublicLook(
            "这一次打印的是公开信息，任何人都可以查看，不需要投诉。认为公开的内容有误，请提出异议。",
            "What was printed is public, and anybody may look at it. If what it says is wrong, object to the record.",
        )
    if by.subject is None:
        raise NothingOnFile(
            "本平台没有关于您的档案，网上不能受理。请到信用中心窗口或者打电话投诉。",
            "There is no file of yours here that a case could be about. Complain at the credit centre's counter, or by telephone.",
        )
    return line


@transaction.atomic
def lodge(
    look_id: int, said: Said, *, papers: Sequence[Paper] = (), token: str, by: Actor, at: datetime
) -> tuple[CaseView, bool]:  # fmt: skip
    """Lodges a complaint. False: the same form lodged it before.

    Raises UnknownLook, PublicLook, NothingOnFile, BadGround, Complained, AlreadyOpen, ReasonMissing, TooManyPapers, UnfitProof,
    QuotaSpent, NotAllowed.
    """
    line = complainable(look_id, by=by, at=at)
    quotas.take(f"complain:{by.account_id}", per_minute=_PER_MINUTE, per_day=_PER_DAY, now=at)
    rules = procedure(clock.day(at))
    if said.ground not in {one.id for one in rules.grounds}:
        raise BadGround("请选择投诉的事由。", "Choose the ground of the complaint.")
    if len(said.statement.strip()) < 4:
        raise cases.ReasonMissing("请写明为什么认为这次查询不当（至少 4 个字）。", "Say why the look was not in order.")
    assert by.subject is not None
    whose.hold(by.subject)
    _, look = access_log.own_line(look_id, by=by, at=at)
    about = _about(line, look, by.subject)
    before = closed.about(KIND, by.subject, [about.object_ref]).get(about.object_ref)
    facts: dict[str, object] = {
        "ground": said.ground, "look": look.id, "looked_at": look.at.isoformat(), "unit": look.department, "event": look.event,
        "purpose": look.purpose.partition(":")[0].strip() if line.purpose_zh else "", "authorisation": line.authorisation,
    }  # fmt: skip
    step = Step(rules.opens, 0, checked_token(token), reason=said.statement, facts=facts, papers=papers)
    made, is_new = cases.open_case(rules, about, step, unit=about.subject_name, by=by, at=at)
    if is_new and before is not None and before.state != "withdrawn":
        raise Complained(
            f"这次查询已经投诉过（投诉 {before.id}），并有了结论。不同意结论的，请在那一件中反馈或者申诉。",
            f"This look was complained about already (complaint {before.id}). If you disagree with its end, say so there, or appeal.",
        )
    return made, is_new


def find(case_id: int, *, by: Actor, at: datetime) -> SeenComplaint:
    """One's own complaint. One entry. Raises UnknownCase, NotAllowed."""
    require(by, Action.COMPLAIN, subject=by.subject)
    return seen(case_id, by=by, at=at)


def seen(case_id: int, *, by: Actor, at: datetime) -> SeenComplaint:
    """A complaint with its look, for callers who have asked for their own action. One entry. Raises UnknownCase."""
    case = cases.find(case_id, kind=KIND, by=by, at=at, calendar=tables.calendar())
    look = look_of(case)
    is_own = by.role in cases.OWN
    until = closed.last_day(case, case.procedure.appeal, calendar=tables.calendar())
    return SeenComplaint(
        case, access_log.lines([look])[0], None if is_own else look, cases.steps_open(case, by=by), until
    )


def look_of(case: CaseView) -> One:
    """The entry of the look that a complaint is about."""
    found = looks.one(int(case.steps[0].facts["look"]))
    assert found is not None, "entries of the log are not taken away"
    return found


def name_of(subject_id: int) -> tuple[str, str]:
    """How a case names its subject, and the division it belongs to: a person by neither."""
    if whose.of_id(subject_id).is_person:
        return PERSON, ""
    found = registry.by_id(subject_id)
    return found.name, found.region_code


def _about(line: Line, look: One, subject_id: int) -> About:
    name, region = name_of(subject_id)
    source = 0
    if look.department:
        try:
            source = identity.source_unit(look.department, even_closed=True).id
        except identity.UnknownDepartment:  # another node's, for which the centre answers
            source = 0
    day_of = look.at.astimezone(clock.ZONE)
    title = f"{line.unit_zh or settings.SITE_NAME} {day_of:%Y-%m-%d %H:%M} 的查询"
    return About(
        subject_id, whose.of_id(subject_id).code, name, region, "", access_log.ref_of(look.id), title, source
    )  # fmt: skip


_OWN = OwnCases(KIND, acts=Action.COMPLAIN, sees=Action.COMPLAIN)
listing, add, withdraw, paper = _OWN.listing, _OWN.add, _OWN.withdraw, _OWN.paper
