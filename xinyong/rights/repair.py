"""信用修复 An organisation asks that a record of its be repaired: what that takes and since when, the application, its further steps.

A right (令36号 2), free of charge. Eligibility is computed and explained before anybody fills in a form; the commitment letter is
written here and kept word for word with the application. Who decides is the body that determined (rights/repair_desk.py); what a yes
does is one declared list (rights/effects.py). A case goes on under the rule set it was taken under.
Source: 信用修复管理办法（令第36号）; 国办发〔2025〕22号; earlier rule sets by date (rights/library/repair).
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime

from django.conf import settings
from django.db import transaction

from xinyong.catalogue import publish, tables
from xinyong.kernel import clock
from xinyong.kernel.errors import Conflict, Invalid
from xinyong.kernel.scrubbing import unnumbered
from xinyong.records import annotations, dossier, repaired
from xinyong.records.annotations import Datum
from xinyong.records.view import RecordView
from xinyong.rights import appeals, repair_rules
from xinyong.rights.own_cases import OwnCases, checked_token
from xinyong.rights.recipients import RecipientView
from xinyong.rights.recipients import of_case as recipients_of
from xinyong.rights.repair_rules import JUDGMENT, Eligibility
from xinyong.security import quotas, scope
from xinyong.security.access import Action, Actor, require, system
from xinyong.workflow import cases, kinds, notices
from xinyong.workflow.case_view import CaseView
from xinyong.workflow.cases import About, Paper, Step
from xinyong.workflow.deadlines import TermView
from xinyong.workflow.definition import Party
from xinyong.workflow.kinds import Kind

KIND = "repair"
#: Why a repair is revoked (facts of the step).
FRAUD, ERROR, PLAN_FAILED = "fraud", "error", "plan-failed"
REVOCATIONS = (FRAUD, ERROR, PLAN_FAILED)
_PER_MINUTE, _PER_DAY = 10, 200
_LONGEST_NAME = 40
#: The letter's wording; a letter keeps the number of the one it was written in.
LETTER = 1

cases.declare(KIND, repair_rules.LIBRARY.version)


class NotRepairable(Conflict):
    """A condition of repair is not met; the message says which."""

    code = "rights.not-repairable"


class TooEarly(Conflict):
    """The least time of publicity has not passed; ``facts`` has the first possible day (INV-62, E_TOO_EARLY)."""

    code = "rights.repair-too-early"
    invariant = "E_TOO_EARLY"


class ProofMissing(Invalid):
    """The duties' performance, or the court's ruling, has to be shown by a paper."""

    code = "rights.repair-proof-missing"


class NoCommitment(Invalid):
    """The commitment letter is not signed: repair takes a public credit commitment."""

    code = "rights.repair-no-commitment"


class BadRepairGround(Invalid):
    """No such way to repair."""

    code = "rights.repair-ground"


@dataclass(frozen=True, slots=True)
class Application:
    """What an application says. ``signer`` is the name under the letter of commitment, "" while it is not signed."""

    ground: str
    statement: str
    signer: str


@dataclass(frozen=True, slots=True)
class SeenRepair:
    """A case with its record, the steps that who asks can take, and what its recipients have acknowledged."""

    case: CaseView
    datum: Datum
    may: frozenset[str]
    recipients: Sequence[RecipientView]
    is_repaired: bool

    @property
    def record(self) -> RecordView:
        """The record; its newest version."""
        return self.datum.record

    @property
    def letter(self) -> str:
        """The letter of commitment as it was signed; "" where none was asked for."""
        return str(self.case.steps[0].facts.get("letter", ""))


def own_record(ref: str, *, by: Actor, at: datetime) -> RecordView:
    """A record of the actor's own organisation, as the public sees it. Raises UnknownRecord, NotAllowed."""
    require(by, Action.APPLY_REPAIR)
    if by.subject_code is None:
        raise cases.UnknownCase("您没有代表任何单位。", "You act for no organisation.")
    return dossier.record(by.subject_code, ref, as_of=clock.day(at), seen_by=by)[0]


def eligibility(ref: str, ground: str, *, by: Actor, at: datetime) -> tuple[RecordView, Eligibility]:
    """The record and the conditions of its repair today. Raises UnknownRecord, BadRepairGround, NotAllowed."""
    record = own_record(ref, by=by, at=at)
    return record, _eligibility(record, ground, by=by, at=at)


def letter(record: RecordView, *, signer: str, on: date) -> str:
    """The letter of commitment (信用承诺书) for a record, ready to be signed: one wording for everybody, kept as it was signed.
    Source: 国办发〔2025〕22号: 公开作出信用承诺."""
    return (
        "信用修复承诺书\n"
        f"本单位{record.subject_name}（统一社会信用代码{record.subject_code}），因《{record.title}》"
        f"（文书号{record.document_no or '—'}，{record.authority or record.source}，{record.decided_on}）被记录失信信息，现郑重承诺：\n"
        "一、已经纠正相关失信行为，履行法定义务，所提交的材料合法、真实、有效，并对此负责。\n"
        "二、今后严格遵守法律法规，依法诚信经营，自觉接受监督。\n"
        "三、如违反承诺或者提供虚假材料，自愿接受撤销修复、恢复公示等处理，并依法承担责任。\n"
        "四、同意将本承诺书公开。\n"
        f"承诺单位：{record.subject_name}\n签署人：{signer or '（待签署）'}\n{on}"
    )


@transaction.atomic
def apply(
    ref: str, said: Application, *, papers: Sequence[Paper] = (), token: str, by: Actor, at: datetime
) -> tuple[CaseView, bool]:  # fmt: skip
    """Applies; the body that determined has it at once. False: the same form applied before.

    Raises UnknownRecord, BadRepairGround, TooEarly, NotRepairable, ProofMissing, NoCommitment, AlreadyOpen, TooManyPapers, UnfitProof,
    QuotaSpent, NotAllowed.
    """
    record, found = eligibility(ref, said.ground, by=by, at=at)
    _require(found)
    signer = unnumbered(" ".join(said.signer.split()))[:_LONGEST_NAME]
    if said.ground != JUDGMENT and len(signer) < 2:
        raise NoCommitment(
            "请在信用承诺书上签署姓名（法定代表人或者代理人）。", "Sign the letter of commitment with your name."
        )
    if not papers:
        raise ProofMissing(
            "请附履行义务的证明（如缴款凭证），或者人民法院的裁定书、结案通知书。",
            "Attach proof of performance (a receipt of payment), or the court's ruling or notice.",
        )
    quotas.take(f"repair:{by.account_id}", per_minute=_PER_MINUTE, per_day=_PER_DAY, now=at)
    assert by.subject is not None
    datum = annotations.datum(by.subject, ref, as_of=clock.day(at), known_at=at)
    about = About(
        by.subject, by.subject_code or "", record.subject_name, datum.region_code, record.item_id, ref, record.title,
        datum.source_id,
    )  # fmt: skip
    facts: dict[str, object] = {
        "ground": said.ground, "version": record.version, "rule_set": f"{found.procedure.id} v{found.procedure.version}",
        "conditions": [[one.id, one.is_met] for one in found.conditions],
    }  # fmt: skip
    if said.ground != JUDGMENT:
        facts |= {"letter": letter(record, signer=signer, on=clock.day(at)), "wording": LETTER}
    step = Step(
        found.procedure.opens,
        0,
        checked_token(token),
        reason=said.statement or "申请信用修复",
        facts=facts,
        papers=papers,
    )
    made, is_new = cases.open_case(found.procedure, about, step, unit=record.subject_name, by=by, at=at)
    if is_new:
        cases.share(made.id, by=by)
        with scope.acting(system("repair")):
            now = cases.again(made.id, kind=KIND, by=system("repair"), at=at, calendar=tables.calendar())
            if now.pressing is not None:
                tell_source(Kind.REPAIR, now, now.pressing, by=by, at=at)
    return made, is_new


def find(case_id: int, *, by: Actor, at: datetime) -> SeenRepair:
    """One's organisation's application. One entry. Raises UnknownCase, NotAllowed."""
    require(by, Action.VIEW_OWN)
    return seen(case_id, by=by, at=at)


def ask_review(case_id: int, *, reason: str, after: int, token: str, by: Actor, at: datetime) -> CaseView:
    """Disagrees with the result, once (22号: objections to the result of repair). Raises AppealOpen, and as ``cases.take``."""
    appeals.require_none_open(_OWN.now(case_id, by=by, at=at))
    return _OWN.step(case_id, Step("ask-review", after, checked_token(token), reason=reason), by=by, at=at)


def seen(case_id: int, *, by: Actor, at: datetime) -> SeenRepair:
    """A case with its record, for callers who have asked for their own action. One entry. Raises UnknownCase."""
    case = cases.find(case_id, kind=KIND, by=by, at=at, calendar=tables.calendar())
    found = annotations.datum(case.subject_id, case.object_ref, as_of=clock.day(at), known_at=at)
    return SeenRepair(
        case, found, cases.steps_open(case, by=by), recipients_of(case.id, at=at),
        repaired.is_repaired(case.subject_id, case.object_ref),
    )  # fmt: skip


def _eligibility(record: RecordView, ground: str, *, by: Actor, at: datetime) -> Eligibility:
    if ground not in {one.id for one in repair_rules.in_force(clock.day(at)).grounds}:
        raise BadRepairGround("请选择修复的情形。", "Choose the way to repair.")
    assert by.subject is not None
    frauds = [
        clock.day(when) for when, facts in cases.taken(KIND, by.subject, "revoke", by=by) if facts.get("cause") == FRAUD
    ]
    is_repaired = repaired.is_repaired(by.subject, record.ref)
    return repair_rules.eligibility(record, ground, is_repaired=is_repaired, frauds=frauds, on=clock.day(at))


def _require(found: Eligibility) -> None:
    against = found.against
    if against is None:
        return
    if found.possible_from is not None:
        raise TooEarly(
            f"还不能申请修复：{against.zh}。最早 {found.possible_from} 可以申请。",
            f"Repair cannot be asked for yet: {against.en}. The first possible day is {found.possible_from}.",
            possible_from=found.possible_from.isoformat(),
            condition=against.id,
        )
    raise NotRepairable(
        f"不符合修复条件：{against.zh}。依据：{against.basis}。",
        f"A condition of repair is not met: {against.en}. Basis: {against.basis}.",
        condition=against.id,
    )


def tell_source(kind: Kind, case: CaseView, term: TermView, *, by: Actor, at: datetime) -> int:
    """Tells the body that determined of a term of its own, once each; 1 when it was not told before."""
    if term.due_on is None or term.party is not Party.SOURCE:
        return 0
    item = publish.current(case.item_id)
    facts: dict[str, str | int] = {
        "case": case.id, "item_zh": item.title_zh, "item_en": item.title_en, "due": term.due_on.isoformat(),
        "term_zh": term.zh, "term_en": term.en,
    }  # fmt: skip
    wanted = kinds.WORDS[kind].names
    told = notices.tell(
        kind, department_id=case.source_id, facts={name: facts[name] for name in wanted},
        link=f"/office/repairs/{case.id}/", key=f"{case.id}-{term.id}", by=by, at=at,
    )  # fmt: skip
    return int(told is not None)


def site() -> str:
    """How parties read that the centre acted."""
    return str(settings.SITE_NAME)


_OWN = OwnCases(KIND, acts=Action.APPLY_REPAIR, sees=Action.VIEW_OWN, waits="incomplete", answers="supplement")
listing, add, withdraw, paper = _OWN.listing, _OWN.add, _OWN.withdraw, _OWN.paper
