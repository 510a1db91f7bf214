"""The whole policy on one page: which role may do which action, on what, and on which conditions. Deny by default.

Read it in this order: ``Role`` and ``Action``, ``POLICY`` (who may do what), ``BOUNDED`` (on whose things),
``NEEDS_FRESH_FACTOR``, ``NEEDS_PURPOSE`` and ``NEEDS_TWO`` (on which conditions), ``FOR_A_WARD`` (what a guardian may), ``GRADES`` (how much of a record),
``APART`` (what nobody may be at once). Every view declares its action with ``@access(...)``; a route that declares none
stops the program from starting (security/routes.py). Rooms call ``require`` again in their verbs: a door that forgets does
not open anything. The database holds the same bounds a third time, by row-level security (security/scope.py).
"""

from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum
from typing import Any, TypeVar

from xinyong.kernel.errors import Forbidden


class Role(StrEnum):
    """What somebody acts as. An account holds grants of roles and acts under one of them at a time."""

    PUBLIC = "public"  # 社会公众: anybody, not signed in
    SOURCE_UNIT = "source_unit"  # 信源单位报送员: reports a department's data
    UNIT_ADMIN = "unit_admin"  # 单位管理员: people and grants of one department, no data
    READER = "reader"  # 查询员: looks up shared data for a purpose of office, reports nothing
    OPERATOR = "operator"  # 信用中心业务员: runs intake, links, catalogue
    SYSTEM_ADMIN = "system_admin"  # 系统管理员: accounts, departments, machine clients; grants nothing, sees no data
    SECURITY_ADMIN = "security_admin"  # 安全管理员: grants, factors, keys; makes no accounts, sees no data
    AUDITOR = "auditor"  # 审计管理员: sees who did what, not what is said of whom
    CLIENT = "client"  # 接口客户端: a department's or partner's program, by OAuth2
    SUBJECT = "subject"  # 市场主体: an organisation, by an account with its mandate (security/mandates.py); speaks of itself only
    PERSON = "person"  # 自然人: somebody of themself, by a verified account (security/persons.py); sees only what is on file of them
    PARTNER = "partner"  # 共享节点: another city or level, by signed messages
    SYSTEM = "system"  # the platform itself: jobs, the command line of its owner


class Action(StrEnum):
    """What can be done. A new action is refused to everyone until it stands in ``POLICY``."""

    VIEW_PUBLIC = "view-public"
    SIGN_IN = "sign-in"
    USE_OFFICE = "use-office"
    OWN_ACCOUNT = "own-account"  # one's own password, factors, sessions and devices, grants
    DELEGATE = "delegate"  # pass on to a colleague what one holds, for a time (security/grants.py)
    SUBMIT = "submit"
    VIEW_SUBMISSION = "view-submission"  # what was handed in when, and how many rows went in; none of what they say
    REVERT = "revert"  # take a submission back as a whole
    READ_FINDINGS = "read-findings"  # the findings, which quote cells, and the returned file
    VIEW_LINEAGE = "view-lineage"  # where a datum came from and what became of it: file, row, rules, versions
    SETTLE_DOUBTS = (
        "settle-doubts"  # accept a suggestion, confirm what was warned of, send back or pass on a row that waits
    )
    WAIVE_DOUBTS = "waive-doubts"  # let a doubtful row in for a time
    VIEW_RECEIPT = "view-receipt"  # the countersigned receipt of a submission
    DECLARE = "declare"  # 零报告、应报数: what a department says it decided in a month
    OVERSEE_REPORTING = "oversee-reporting"  # who owes which item, and spot checks of what was declared
    VIEW_RATES = "view-rates"  # 归集率、上报率、合规率、及时率…: figures and the places of the rows behind, no content
    VIEW_BULLETIN = "view-bulletin"  # 通报: a frozen month with its ranking, for everybody it ranks
    ISSUE_BULLETIN = "issue-bulletin"
    VIEW_NOTICES = "view-notices"  # what departments are told: one's own department's, or all
    READ_NOTICES = "read-notices"  # mark one's own department's as read
    SET_CHANNELS = "set-channels"  # where a department is told besides the office
    OVERSEE_NOTICES = "oversee-notices"  # what could not be delivered
    VIEW_TASKS = "view-tasks"  # 任务台账: a department sees the tasks it owns (analytics/tasks.py)
    REPORT_TASK = "report-task"
    MANAGE_TASKS = "manage-tasks"  # import, confirm, cancel, give another day or others
    MANAGE_DROPS = "manage-drops"  # the watched folders: what lies in quarantine, and what becomes of it
    MANAGE_WORK = "manage-work"  # what the worker had to interrupt, why, and trying it again
    DECLARE_OWN = "declare-own"  # 自主申报: what an organisation says of itself, with proof
    VIEW_OWN = "view-own"  # what one's own organisation declared, and what became of it
    VIEW_ABOUT_ME = "view-about-me"  # 本人信息: all that is recorded about oneself, and who looked at it
    TAKE_ABOUT_ME = "take-about-me"  # the same as a file
    ERASE_ME = "erase-me"  # give up one's account, and what identifies one beside the records
    CLAIM_ORGANISATION = "claim-organisation"  # 认领单位: say that one represents an organisation, with proof
    APPOINT_AGENTS = "appoint-agents"  # 委派经办人: a legal representative lets somebody act, and ends it
    READ_OWN_NOTICES = "read-own-notices"  # what one is told as a subject
    SET_OWN_CHANNELS = "set-own-channels"  # where one is told besides the account
    ADMIT_PERSONS = "admit-persons"  # 个人账号: at the counter, for somebody whose papers were looked at
    CHECK_DECLARED = "check-declared"  # 核验: declarations that wait, their proofs, and the word on them
    OBJECT = "object"  # 异议: lodge one against a record about oneself, read it, add to it, withdraw it, ask for review
    VIEW_OBJECTIONS = "view-objections"  # 异议办理: the inbox; a department's are those forwarded to it
    ANSWER_OBJECTION = (
        "answer-objection"  # forward, answer, decide: which of it, the procedure says (rights/objection.py)
    )
    APPLY_REPAIR = "apply-repair"  # 信用修复: ask for it for one's own organisation's record, add to it, withdraw it
    VIEW_REPAIRS = "view-repairs"  # 修复办理: the inbox; a department's are those about its records
    DECIDE_REPAIR = (
        "decide-repair"  # accept, decide, review, revoke: which of it, the procedure says (rights/repair_desk.py)
    )
    ACKNOWLEDGE_REPAIR = (
        "acknowledge-repair"  # a recipient says that it has followed a repair, correction or withdrawal
    )
    ANNUL_RECORD = "annul-record"  # 依据被撤销: note that a record's basis fell; its source withdraws it
    COMPLAIN = "complain"  # 投诉: about a look at one's own file, from its line of the access log (rights/complaint.py)
    VIEW_COMPLAINTS = "view-complaints"  # 投诉办理: the inbox; a unit's are those about its own looks
    ANSWER_COMPLAINT = "answer-complaint"  # take up, explain, decide: which of it, the procedure says
    APPEAL = "appeal"  # 申诉: against the end of one's own objection, repair or complaint (rights/appeal.py)
    VIEW_APPEALS = "view-appeals"
    DECIDE_APPEAL = "decide-appeal"  # never who took a step for an office in the case it is about
    GIVE_FEEDBACK = "give-feedback"  # 办结反馈: say whether one's own case was settled (rights/feedback.py)
    VIEW_FEEDBACK = "view-feedback"  # the share settled, by kind
    RECORD_GUIDANCE = "record-guidance"  # 培训、约谈: that an organisation was trained or interviewed
    VIEW_MANDATES = "view-mandates"  # 代表关系: who acts for which organisation
    GIVE_MANDATES = "give-mandates"
    GIVE_CONSENT = (
        "give-consent"  # 授权、撤回、不记载: what a subject says of who may have its data (rights/consent.py)
    )
    VIEW_ACCESS_LOG = "view-access-log"  # 谁查过我: a subject, of its own file
    ASK_CONSENT = "ask-consent"  # ask a subject for an authorisation, for one's own unit
    QUERY = "query"  # 授权查询: for a registered purpose, by the subject's authorisation (rights/queries.py)
    BREAK_GLASS = "break-glass"  # 紧急查询: without authorisation, with a reason, reviewed by another
    REVIEW_ALARMS = "review-alarms"  # 查询告警: look at them and say what came out
    MANAGE_FEEDS = "manage-feeds"  # change feeds of the register: gaps, refused changes, successions taken back
    REVIEW_LINKS = "review-links"
    VIEW_SHARED = "view-shared"
    SPECIAL_QUERY = "special-query"  # 特殊查询: authorised-grade fields, for a basis, with a second person's consent
    EXPORT_SHARED = "export-shared"
    ISSUE_REPORT = "issue-report"
    ISSUE_SPECIAL = (
        "issue-special"  # 专项信用报告、单项证明: an organisation's own, or the credit centre's for a purpose
    )
    REVOKE_REPORT = "revoke-report"  # what was issued to whom, and taking it back
    VIEW_CATALOGUE = "view-catalogue"  # its drafts too
    MANAGE_CATALOGUE = "manage-catalogue"
    PUBLISH_CATALOGUE = "publish-catalogue"
    MANAGE_TABLES = "manage-tables"
    ASSESS_IMPACT = "assess-impact"  # 个人信息保护影响评估: write one, put it in force once another agreed
    VIEW_DATA_DUTIES = "view-data-duties"  # assessments, the register of processing activities, proofs of deletion
    APPROVE = "approve"  # the second person's part in what needs two
    MANAGE_ACCOUNTS = "manage-accounts"
    MANAGE_UNITS = "manage-units"
    MANAGE_CLIENTS = "manage-clients"
    VIEW_DOCKING = "view-docking"  # which tables of a department's database are pulled, and how that goes
    MANAGE_DOCKING = "manage-docking"  # declare, preview, run and end it
    VIEW_PEOPLE = "view-people"
    GRANT = "grant"
    RESET_FACTOR = "reset-factor"
    ROTATE_KEYS = "rotate-keys"
    EXPLAIN_ACCESS = "explain-access"
    VIEW_AUDIT = "view-audit"
    EXPORT_AUDIT = "export-audit"
    VIEW_EVIDENCE = "view-evidence"  # checkpoints, witnesses, proofs: whether the log is whole, not what it says
    CALL_API = "call-api"
    EXCHANGE = "exchange"  # signed messages between nodes
    OPERATE = "operate"


_R = Role
_STAFF = frozenset(
    {_R.SOURCE_UNIT, _R.UNIT_ADMIN, _R.READER, _R.OPERATOR, _R.SYSTEM_ADMIN, _R.SECURITY_ADMIN, _R.AUDITOR, _R.SYSTEM}
)


def _only(*roles: Role) -> frozenset[Role]:
    """These and the platform itself, whose owner holds the machine anyway."""
    return frozenset({*roles, Role.SYSTEM})


#: action → roles.
POLICY: dict[Action, frozenset[Role]] = {
    Action.VIEW_PUBLIC: frozenset(Role),
    Action.SIGN_IN: frozenset(Role),
    Action.ISSUE_REPORT: frozenset(Role),  # the ordinary report of an organisation holds public data only
    Action.ISSUE_SPECIAL: _only(_R.OPERATOR, _R.SUBJECT),
    Action.REVOKE_REPORT: _only(_R.OPERATOR),
    Action.USE_OFFICE: _STAFF,
    Action.OWN_ACCOUNT: (_STAFF - {_R.SYSTEM}) | {_R.SUBJECT, _R.PERSON},
    Action.DELEGATE: frozenset({_R.SOURCE_UNIT, _R.UNIT_ADMIN, _R.READER, _R.OPERATOR}),
    Action.SUBMIT: _only(_R.SOURCE_UNIT, _R.OPERATOR, _R.CLIENT),
    Action.VIEW_SUBMISSION: _only(_R.SOURCE_UNIT, _R.OPERATOR, _R.AUDITOR, _R.CLIENT),
    Action.REVERT: _only(_R.SOURCE_UNIT, _R.OPERATOR),
    Action.READ_FINDINGS: _only(_R.SOURCE_UNIT, _R.OPERATOR, _R.CLIENT),
    Action.VIEW_LINEAGE: _only(_R.SOURCE_UNIT, _R.OPERATOR),
    Action.SETTLE_DOUBTS: _only(_R.SOURCE_UNIT, _R.OPERATOR),
    Action.WAIVE_DOUBTS: _only(_R.OPERATOR),
    Action.VIEW_RECEIPT: _only(_R.SOURCE_UNIT, _R.OPERATOR, _R.AUDITOR, _R.CLIENT),
    Action.DECLARE: _only(_R.SOURCE_UNIT, _R.OPERATOR),
    Action.OVERSEE_REPORTING: _only(_R.OPERATOR),
    Action.VIEW_RATES: _only(_R.SOURCE_UNIT, _R.OPERATOR, _R.AUDITOR),
    Action.VIEW_BULLETIN: _only(_R.SOURCE_UNIT, _R.OPERATOR, _R.AUDITOR),
    Action.ISSUE_BULLETIN: _only(_R.OPERATOR),
    Action.VIEW_NOTICES: _only(_R.SOURCE_UNIT, _R.UNIT_ADMIN, _R.OPERATOR),
    Action.READ_NOTICES: _only(_R.SOURCE_UNIT, _R.UNIT_ADMIN),
    Action.SET_CHANNELS: _only(_R.UNIT_ADMIN, _R.OPERATOR),
    Action.OVERSEE_NOTICES: _only(_R.OPERATOR),
    Action.VIEW_TASKS: _only(_R.SOURCE_UNIT, _R.OPERATOR, _R.AUDITOR),
    Action.REPORT_TASK: _only(_R.SOURCE_UNIT, _R.OPERATOR),
    Action.MANAGE_TASKS: _only(_R.OPERATOR),
    Action.MANAGE_DROPS: _only(_R.OPERATOR),
    Action.MANAGE_WORK: _only(_R.OPERATOR),
    Action.DECLARE_OWN: _only(_R.SUBJECT),
    Action.VIEW_OWN: _only(_R.SUBJECT),
    Action.VIEW_ABOUT_ME: _only(_R.SUBJECT, _R.PERSON),
    Action.TAKE_ABOUT_ME: _only(_R.SUBJECT, _R.PERSON),
    Action.ERASE_ME: _only(_R.PERSON),
    Action.CLAIM_ORGANISATION: _only(_R.PERSON),
    Action.APPOINT_AGENTS: _only(_R.SUBJECT),
    Action.READ_OWN_NOTICES: _only(_R.SUBJECT, _R.PERSON),
    Action.SET_OWN_CHANNELS: _only(_R.SUBJECT, _R.PERSON),
    Action.ADMIT_PERSONS: _only(_R.OPERATOR),
    Action.CHECK_DECLARED: _only(_R.OPERATOR),
    Action.OBJECT: _only(_R.SUBJECT, _R.PERSON),
    Action.VIEW_OBJECTIONS: _only(_R.SOURCE_UNIT, _R.OPERATOR),
    Action.ANSWER_OBJECTION: _only(_R.SOURCE_UNIT, _R.OPERATOR),
    Action.APPLY_REPAIR: _only(_R.SUBJECT),
    Action.VIEW_REPAIRS: _only(_R.SOURCE_UNIT, _R.OPERATOR),
    Action.DECIDE_REPAIR: frozenset({_R.SOURCE_UNIT, _R.OPERATOR}),
    Action.ACKNOWLEDGE_REPAIR: _only(_R.CLIENT, _R.PARTNER),
    Action.ANNUL_RECORD: _only(_R.SOURCE_UNIT, _R.OPERATOR),
    Action.COMPLAIN: _only(_R.SUBJECT, _R.PERSON),
    Action.VIEW_COMPLAINTS: _only(_R.SOURCE_UNIT, _R.READER, _R.OPERATOR),
    Action.ANSWER_COMPLAINT: _only(_R.SOURCE_UNIT, _R.READER, _R.OPERATOR),
    Action.APPEAL: _only(_R.SUBJECT, _R.PERSON),
    Action.VIEW_APPEALS: _only(_R.OPERATOR),
    Action.DECIDE_APPEAL: _only(_R.OPERATOR),
    Action.GIVE_FEEDBACK: _only(_R.SUBJECT, _R.PERSON),
    Action.VIEW_FEEDBACK: _only(_R.OPERATOR, _R.AUDITOR),
    Action.RECORD_GUIDANCE: _only(_R.SOURCE_UNIT, _R.OPERATOR),
    Action.VIEW_MANDATES: _only(_R.OPERATOR),
    Action.GIVE_MANDATES: _only(_R.OPERATOR),
    Action.GIVE_CONSENT: frozenset({_R.SUBJECT, _R.PERSON}),
    Action.VIEW_ACCESS_LOG: _only(_R.SUBJECT, _R.PERSON),
    Action.ASK_CONSENT: _only(_R.SOURCE_UNIT, _R.READER, _R.CLIENT),
    Action.QUERY: _only(_R.SOURCE_UNIT, _R.READER, _R.OPERATOR, _R.CLIENT),
    Action.BREAK_GLASS: frozenset({_R.READER, _R.OPERATOR}),
    Action.REVIEW_ALARMS: frozenset({_R.SECURITY_ADMIN, _R.AUDITOR}),
    Action.MANAGE_FEEDS: _only(_R.OPERATOR),
    Action.REVIEW_LINKS: _only(_R.OPERATOR),
    Action.VIEW_SHARED: _only(_R.SOURCE_UNIT, _R.READER, _R.OPERATOR, _R.CLIENT),
    Action.SPECIAL_QUERY: _only(_R.READER, _R.OPERATOR),
    Action.EXPORT_SHARED: _only(_R.READER, _R.OPERATOR),
    Action.VIEW_CATALOGUE: _only(_R.SOURCE_UNIT, _R.OPERATOR, _R.AUDITOR),
    Action.MANAGE_CATALOGUE: _only(_R.OPERATOR),
    Action.PUBLISH_CATALOGUE: _only(_R.OPERATOR),
    Action.MANAGE_TABLES: _only(_R.OPERATOR),
    Action.ASSESS_IMPACT: _only(_R.OPERATOR),
    Action.VIEW_DATA_DUTIES: _only(_R.OPERATOR, _R.AUDITOR),
    Action.APPROVE: _only(_R.OPERATOR, _R.SECURITY_ADMIN),
    Action.MANAGE_ACCOUNTS: _only(_R.SYSTEM_ADMIN),
    Action.MANAGE_UNITS: _only(_R.SYSTEM_ADMIN),
    Action.MANAGE_CLIENTS: _only(_R.SYSTEM_ADMIN),
    Action.VIEW_DOCKING: _only(_R.SOURCE_UNIT, _R.OPERATOR),
    Action.MANAGE_DOCKING: _only(_R.OPERATOR),  # a preview shows data, which a system administrator does not see
    Action.VIEW_PEOPLE: _only(_R.SYSTEM_ADMIN, _R.SECURITY_ADMIN, _R.UNIT_ADMIN, _R.AUDITOR),
    Action.GRANT: _only(_R.SECURITY_ADMIN, _R.UNIT_ADMIN),
    Action.RESET_FACTOR: _only(_R.SECURITY_ADMIN),
    Action.ROTATE_KEYS: _only(_R.SECURITY_ADMIN),
    Action.EXPLAIN_ACCESS: _only(_R.SECURITY_ADMIN, _R.AUDITOR),
    Action.VIEW_AUDIT: _only(_R.AUDITOR),
    Action.EXPORT_AUDIT: _only(_R.AUDITOR),
    Action.VIEW_EVIDENCE: _only(_R.AUDITOR, _R.SECURITY_ADMIN, _R.SYSTEM_ADMIN),
    Action.CALL_API: _only(_R.CLIENT),
    Action.EXCHANGE: _only(_R.PARTNER),
    Action.OPERATE: _only(),
}

#: What a subject may do about itself, an organisation or a person.
_OF_ONESELF = frozenset(
    {
        Action.VIEW_ABOUT_ME, Action.TAKE_ABOUT_ME, Action.READ_OWN_NOTICES, Action.SET_OWN_CHANNELS, Action.GIVE_CONSENT,
        Action.VIEW_ACCESS_LOG, Action.OBJECT, Action.COMPLAIN, Action.APPEAL, Action.GIVE_FEEDBACK,
    }
)  # fmt: skip

#: Roles that reach the things of one department only, or of one organisation, with the actions that have an owner.
BOUNDED: dict[Role, frozenset[Action]] = {
    Role.SOURCE_UNIT: frozenset(
        {
            Action.SUBMIT,
            Action.REVERT,
            Action.VIEW_SUBMISSION,
            Action.READ_FINDINGS,
            Action.VIEW_RECEIPT,
            Action.VIEW_DOCKING,
            Action.DECLARE,
            Action.VIEW_RATES,
            Action.VIEW_LINEAGE,
            Action.SETTLE_DOUBTS,
            Action.VIEW_NOTICES,
            Action.READ_NOTICES,
            Action.VIEW_OBJECTIONS,
            Action.ANSWER_OBJECTION,
            Action.VIEW_REPAIRS,
            Action.DECIDE_REPAIR,
            Action.ANNUL_RECORD,
            Action.ASK_CONSENT,
            Action.VIEW_COMPLAINTS,
            Action.ANSWER_COMPLAINT,
        }
    ),
    Role.READER: frozenset({Action.ASK_CONSENT, Action.VIEW_COMPLAINTS, Action.ANSWER_COMPLAINT}),
    Role.SUBJECT: frozenset(
        {
            Action.DECLARE_OWN,
            Action.VIEW_OWN,
            Action.APPLY_REPAIR,
            Action.ISSUE_SPECIAL,
            *_OF_ONESELF,
            Action.APPOINT_AGENTS,
        }
    ),
    Role.PERSON: _OF_ONESELF,
    Role.CLIENT: frozenset(
        {Action.SUBMIT, Action.VIEW_SUBMISSION, Action.READ_FINDINGS, Action.VIEW_RECEIPT, Action.ASK_CONSENT}
    ),
    Role.UNIT_ADMIN: frozenset(
        {Action.VIEW_PEOPLE, Action.GRANT, Action.VIEW_NOTICES, Action.READ_NOTICES, Action.SET_CHANNELS}
    ),
}

#: What a guardian may do for a ward (security/guardians.py), a person as any other else: look, and say who may look. What changes an
#: account, or claims anything by it, is nobody's but its person's.
FOR_A_WARD = frozenset(
    {
        Action.VIEW_PUBLIC, Action.SIGN_IN, Action.OWN_ACCOUNT, Action.ISSUE_REPORT, Action.VIEW_ABOUT_ME, Action.READ_OWN_NOTICES,
        Action.GIVE_CONSENT, Action.VIEW_ACCESS_LOG,
    }
)  # fmt: skip

#: Only with a second factor shown in the last five minutes (ASVS 7.5.3), however long somebody has been signed in.
NEEDS_FRESH_FACTOR = frozenset(
    {
        Action.SPECIAL_QUERY, Action.EXPORT_SHARED, Action.EXPORT_AUDIT, Action.PUBLISH_CATALOGUE, Action.APPROVE,
        Action.MANAGE_ACCOUNTS, Action.MANAGE_CLIENTS, Action.MANAGE_DOCKING, Action.GRANT, Action.DELEGATE, Action.RESET_FACTOR,
        Action.ROTATE_KEYS, Action.REVERT, Action.SET_CHANNELS, Action.GIVE_MANDATES, Action.QUERY, Action.BREAK_GLASS,
        Action.TAKE_ABOUT_ME, Action.ERASE_ME, Action.CLAIM_ORGANISATION, Action.APPOINT_AGENTS, Action.SET_OWN_CHANNELS,
        Action.ADMIT_PERSONS,
    }
)  # fmt: skip

#: Only with a purpose said, which stands in the log and before the subject's eyes (INV-70).
NEEDS_PURPOSE = frozenset({Action.SPECIAL_QUERY, Action.EXPORT_SHARED, Action.QUERY, Action.BREAK_GLASS})

#: Only with the consent of a second person who may ``APPROVE`` and is not the first (security/approvals.py).
NEEDS_TWO = frozenset({Action.SPECIAL_QUERY, Action.EXPORT_SHARED, Action.PUBLISH_CATALOGUE})

#: Roles nobody of flesh acts under.
MACHINES = frozenset({Role.CLIENT, Role.PARTNER, Role.SYSTEM})

#: What is decided about somebody, or by somebody about themself: by people alone, so that nothing that weighs on a person comes of
#: automation only (INV-74, PIPL 24). The steps of cases that the clock may take are none of these (workflow/cases.py).
DECIDED_BY_PEOPLE = frozenset({Action.DECIDE_REPAIR, Action.GIVE_CONSENT, Action.REVIEW_ALARMS, Action.BREAK_GLASS})

#: How much of a record a role can receive: field grades up to and with this one. Its own department's data a source unit
#: sees to the internal grade; authorised fields come only by a special query.
GRADES: dict[Role, str] = dict.fromkeys(Role, "public") | {
    Role.SOURCE_UNIT: "shared", Role.READER: "shared", Role.OPERATOR: "shared", Role.CLIENT: "shared",
    Role.SYSTEM: "shared",
}  # fmt: skip

#: Three administrators (三员分立, GB/T 22239-2019 8.1.4.2): an account holds roles of one of these groups only, ever at the
#: same time. The last group is everybody else: whoever administers does not work with data.
APART: tuple[frozenset[Role], ...] = (
    frozenset({Role.SYSTEM_ADMIN}),
    frozenset({Role.SECURITY_ADMIN}),
    frozenset({Role.AUDITOR}),
    frozenset({Role.SOURCE_UNIT, Role.UNIT_ADMIN, Role.READER, Role.OPERATOR}),
)


@dataclass(frozen=True, slots=True)
class Actor:
    """Somebody acting now, under one grant.

    ``department`` is the code of the unit they act for, ``subject`` and ``subject_code`` the organisation they have a mandate
    of (a person: they themself, who have no code; None while nothing is on file of them), ``region`` the division whose subjects they reach ("" is all),
    ``guardianship`` the one by which a person acts for a child, who is the ``subject`` then,
    ``items`` the catalogue items (None is all), ``address`` where from. ``is_verified``: signed in with a second factor;
    ``is_fresh``: shown in the last five minutes. Programs and the platform itself prove themselves otherwise and are both.
    """

    role: Role
    name: str
    account_id: int | None = None
    department: str | None = None
    address: str | None = None
    region: str = ""
    items: frozenset[str] | None = None
    grant_id: int | None = None
    is_verified: bool = True
    is_fresh: bool = True
    subject: int | None = None
    subject_code: str | None = None
    guardianship: int | None = None


PUBLIC = Actor(role=Role.PUBLIC, name="public")


def system(name: str) -> Actor:
    """The platform itself, named for the job or command (it stands in the audit log)."""
    return Actor(role=Role.SYSTEM, name=name)


class NotAllowed(Forbidden):
    """The policy does not give this action to this actor."""

    code = "security.not-allowed"


class FactorNeeded(Forbidden):
    """The action asks for a second factor shown just now."""

    code = "security.factor-needed"


class PeopleDecide(NotAllowed):
    """What weighs on somebody is decided by a person: never by a program, nor by the platform itself (INV-74)."""

    code = "security.people-decide"
    invariant = "E_AUTO_ONLY"


def may(
    actor: Actor, action: Action, *, department: str | None = None, region: str | None = None, item: str | None = None,
    subject: int | None = None,
) -> bool:  # fmt: skip
    """True when the policy allows it, freshness of the second factor apart. ``department`` is the owner of the thing acted
    on, ``subject`` the organisation whose word it is, ``region`` the division it belongs to, ``item`` its catalogue item, each where it has one."""
    if actor.role not in POLICY.get(action, frozenset()):
        return False
    if actor.guardianship is not None and action not in FOR_A_WARD:
        return False
    is_own = (department is None or actor.department == department) and (subject is None or actor.subject == subject)
    if action in BOUNDED.get(actor.role, frozenset()) and not is_own:
        return False
    if region is not None and not reaches(actor.region, region):
        return False
    return item is None or actor.items is None or item in actor.items


def require(
    actor: Actor, action: Action, *, department: str | None = None, region: str | None = None, item: str | None = None,
    subject: int | None = None,
) -> None:  # fmt: skip
    """Raises NotAllowed unless ``may`` says yes, FactorNeeded where the second factor is stale."""
    if action in DECIDED_BY_PEOPLE and actor.role in MACHINES:
        raise people_decide(action=action.value, role=actor.role.value)
    if not may(actor, action, department=department, region=region, item=item, subject=subject):
        raise NotAllowed(
            "您的账号没有办理此事项的权限。如确有需要，请联系信用中心。",
            "Your account may not do this. If you need to, ask the credit centre.",
            action=action.value,
            role=actor.role.value,
        )
    if action in NEEDS_FRESH_FACTOR and not actor.is_fresh:
        raise FactorNeeded(
            "此事项需要重新验证身份。请输入动态口令或使用安全密钥后继续。",
            "This needs your second factor again. Enter a code or use your security key, then go on.",
            action=action.value,
        )


def people_decide(**facts: object) -> PeopleDecide:
    """The refusal of a step that only people take."""
    return PeopleDecide(
        "这一步关系到当事人的权益，须由人作出决定，程序和平台自身都不能办理。",
        "This step weighs on somebody's rights: a person decides it, no program and not the platform itself.", **facts,
    )  # fmt: skip


def reaches(region: str, other: str) -> bool:
    """True when the division ``other`` lies within ``region`` or is it; "" is everywhere."""
    return other.startswith(significant(region))


def significant(region: str) -> str:
    """The digits of a division's code that say something: 990100 is a whole city, whose counties begin with 9901."""
    return region[:-2].removesuffix("00") if len(region) == 6 and region.endswith("00") else region


View = TypeVar("View", bound=Callable[..., Any])


def access(action: Action) -> Callable[[View], View]:
    """Declares the action a view performs; the gate checks it before the view runs."""

    def declare(view: View) -> View:
        view.xinyong_action = action  # type: ignore[attr-defined]
        return view

    return declare
