"""不变量 What the law never lets the platform do about time, deletion and access: each with its refusal code and where it is guarded.

An error that guards one names its code (``XinyongError.invariant``), which pages, commands and the interface show beside our own. A
guard is ``module:name`` below the package, or ``database:name`` for a trigger, policy or constraint. The generated page is
docs/reference/invariants.md. Source: domain rules §6.2, INV-60 to INV-76, and what consent adds to them.
"""

from dataclasses import dataclass
from enum import StrEnum


class How(StrEnum):
    """How an invariant shows."""

    REFUSED = "refused"  # 拒绝: a verb raises an error that names the code
    UNSEEN = "unseen"  # 不可得: nobody is shown it, whatever is asked
    WARNED = "warned"  # 警示: it is shown, and nothing is moved


@dataclass(frozen=True, slots=True)
class Invariant:
    """One invariant. ``code`` is "" where the rules name none: it holds by what everybody can do or see."""

    id: str
    code: str
    how: How
    zh: str
    en: str
    source: str
    guards: tuple[str, ...]


ALL: tuple[Invariant, ...] = (
    Invariant(
        "INV-60", "E_RETENTION", How.UNSEEN,
        "失信信息保存期满后，查询、报告、评价、接口一律不再提供；按编号来问的经办人和主体被告知期满。",
        "Past its retention an adverse record is in no query, report, score or interface; who asks for it by reference at work, or whose it "
        "is, is told why.",
        "浙江 16；上海 35；山东 38；征信业管理条例 16",
        ("records.disclosure:public_sight", "records.disclosure:certified_sight", "records.dossier:RetentionOver",
         "records.erased:run"),
    ),
    Invariant(
        "INV-61", "E_PUBLICITY", How.REFUSED,
        "公示不晚于保存期满；轻微失信信息不公示，确需公示的最长三个月。",
        "Publicity ends with retention at the latest; the minor class is not published, or three months where expressly necessary.",
        "信用修复管理办法（令第36号）",
        ("records.terms:terms", "catalogue.load:rule_sets_of"),
    ),
    Invariant(
        "INV-62", "E_TOO_EARLY", How.REFUSED,
        "最短公示期未满不能修复，并告知最早日期。", "No repair before the least publicity; the first possible day is said.",
        "信用修复管理办法（令第36号）", ("rights.repair:TooEarly",),
    ),
    Invariant(
        "INV-63", "W_OVERDUE", How.WARNED,
        "期限按官方工作日历计算；逾期按小时显示，不得悄悄顺延。",
        "Terms follow the official calendar of working days; what is overdue is shown in hours and never moved.",
        "行政许可法 82；浙江 30", ("workflow.deadlines:TermView", "rights.repair_desk:NoLonger"),
    ),
    Invariant(
        "INV-64", "E_ANNUL", How.UNSEEN,
        "决定被撤销的，三日内撤回信息并说明理由。", "What rests on an annulled decision is withdrawn within three days, with its reason.",
        "行政处罚法 48", ("intake.revert:begin", "records.withdrawal:take_back"),
    ),
    Invariant(
        "INV-65", "E_SYNC", How.REFUSED,
        "各使用方都回执后，修复方可办结。", "A repair is closed once every recipient has acknowledged.",
        "国办发〔2025〕22号", ("rights.repair_desk:NotAcknowledged",),
    ),
    Invariant(
        "INV-66", "", How.UNSEEN,
        "目的实现、撤回同意、期限届满的，删除个人信息；依法须保存的，只存储并保护。",
        "A person's data go when their purpose, consent or term ends; where law keeps them they are only stored and protected.",
        "个人信息保护法 47", ("rights.consent_end:carry_out", "records.erased:run", "records.erasure:on_request"),
    ),
    Invariant(
        "INV-67", "E_ASSESSMENT", How.REFUSED,
        "处理敏感个人信息、公开、自动化决策的，事前作影响评估，保存三年以上。",
        "Sensitive data, publishing and automated decisions are assessed before, and the assessment is kept three years.",
        "个人信息保护法 55、56", ("catalogue.assessment:AssessmentMissing",),
    ),
    Invariant(
        "INV-70", "E_PERSON_PUBLIC", How.REFUSED,
        "自然人信息凭本人身份或者授权查询，从不公开。",
        "A person's information takes their own identity or authorisation, and is in no public output.",
        "浙江 15、19；山东 20",
        ("rights.queries:query", "records.disclosure:is_shown_item", "database:record_seen"),
    ),
    Invariant(
        "INV-71", "E_LOG", How.REFUSED,
        "每次查询都有记录（谁、何时、何人、目的、授权），保存不少于五年；记不下就不查。",
        "Every look is logged (who, when, whom, purpose, authorisation) for five years at least; what cannot be logged is not done.",
        "深圳 45（五年）；浙江 20（十年）", ("security.ledger.health:NoEvidence", "database:ledger_only_grows"),
    ),
    Invariant(
        "INV-72", "E_MASK", How.UNSEEN,
        "依法公开的信息中的个人部分去标识化。", "Personal parts of what is lawfully public are de-identified.",
        "深圳 38", ("records.disclosure:fields_of", "reports.compose:without_persons_numbers", "analytics.disclosure_control:hidden"),
    ),
    Invariant(
        "INV-73", "", How.UNSEEN,
        "主体免费查看本人信息、来源、规则和查询记录。", "A subject sees its data, their sources, the rules and who looked, free of charge.",
        "个人信息保护法 44、45；上海 34", ("records.own:about", "reports.everything:of_oneself", "rights.access_log:of"),
    ),
    Invariant(
        "INV-74", "E_AUTO_ONLY", How.REFUSED,
        "对个人权益有重大影响的决定由人作出；不服的，由另一人复核。",
        "What weighs on somebody is decided by a person; who disagrees has another look at it.",
        "个人信息保护法 24", ("security.access:PeopleDecide", "workflow.cases:take"),
    ),
    Invariant(
        "INV-75", "E_PURPOSE", How.REFUSED,
        "换一个目的使用，须重新取得同意。", "Another purpose takes another consent.",
        "征信业管理条例 20；个人信息保护法 14", ("rights.queries:OtherPurpose", "rights.purposes:PurposeNeeded"),
    ),
    Invariant(
        "INV-76", "E_AUDIT", How.REFUSED,
        "删除、更改信息须记明谁、为何、依据；不写明不办理，数据库也不接受。",
        "Removing or changing a record says who, why and on which basis; without that neither the verb nor the database does it.",
        "浙江 34（七）", ("intake.revert:ReasonNeeded", "database:record_only_grows", "database:reverted_says_who_and_why"),
    ),
    Invariant(
        "INV-21", "E_WITHDRAWN", How.REFUSED,
        "撤回同意后不得再使用。", "After consent was withdrawn nothing is used any more.",
        "个人信息保护法 15、16", ("rights.queries:AuthorisationWithdrawn",),
    ),
    Invariant(
        "INV-21a", "E_ASKED_AGAIN", How.REFUSED,
        "拒绝同意后，不得就同一目的频繁征求。", "Who said no is not asked again for the same purpose.",
        "网络数据安全管理条例 22", ("rights.consent:AskedAgain",),
    ),
)  # fmt: skip


def of_code(code: str) -> Invariant:
    """The invariant of a refusal code. KeyError for a code that none has."""
    return {one.code: one for one in ALL if one.code}[code]
