"""What departments can be told: a closed list, each kind with its words. Placeholders are names of facts and nothing else: no
attribute, no format, no other text of the template is read from a fact.

``private`` facts were typed by people: they stand on the page, and never leave the platform by mail or webhook.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum

from xinyong.kernel.scrubbing import unnumbered

Facts = Mapping[str, str | int]
_NAME = re.compile(r"\{([a-z_]+)\}")
_LONGEST = 300


class Kind(StrEnum):
    """The closed list."""

    FINDINGS = "findings"
    REFUSED = "refused"
    SENT_BACK = "sent-back"
    DEADLINE_NEAR = "deadline-near"
    OVERDUE = "overdue"
    EXCEPTION_GRANTED = "exception-granted"
    EXCEPTION_WITHDRAWN = "exception-withdrawn"
    TASK_NEAR = "task-near"
    TASK_OVERDUE = "task-overdue"
    OBJECTION = "objection"
    OBJECTION_NEAR = "objection-near"
    OBJECTION_OVERDUE = "objection-overdue"
    REPAIR = "repair"
    REPAIR_NEAR = "repair-near"
    REPAIR_OVERDUE = "repair-overdue"
    ANNULLED = "annulled"
    ANNULLED_OVERDUE = "annulled-overdue"
    EMERGENCY_LOOK = "emergency-look"
    COMPLAINT = "complaint"
    COMPLAINT_NEAR = "complaint-near"
    COMPLAINT_OVERDUE = "complaint-overdue"
    COMPLAINT_FOUNDED = "complaint-founded"
    CASE_AGAIN = "case-again"


@dataclass(frozen=True, slots=True)
class Words:
    """How a kind is called, and what it says, in both languages."""

    title_zh: str
    title_en: str
    body_zh: str
    body_en: str
    private: frozenset[str] = frozenset()

    @property
    def names(self) -> frozenset[str]:
        """The facts that the words need."""
        return frozenset(_NAME.findall(self.body_zh)) | frozenset(_NAME.findall(self.body_en))


WORDS: dict[Kind, Words] = {
    Kind.FINDINGS: Words(
        "报送结果有问题",
        "A submission has findings",
        "报送 {submission}（{item_zh}）：读取 {rows} 行，入库 {accepted} 行，疑问 {doubtful} 行，退回 {rejected} 行，提醒 {warnings} 条。请查看问题并更正。",
        "Submission {submission} ({item_en}): {rows} rows read, {accepted} in, {doubtful} doubtful, {rejected} rejected, {warnings} "
        "warnings. See the findings and correct them.",
    ),
    Kind.REFUSED: Words(
        "报送被拒收",
        "A submission was refused",
        "报送 {submission}（{item_zh}）没有入库，原件已留存。请查看原因。",
        "Submission {submission} ({item_en}) did not go in; the file is kept. See why.",
    ),
    Kind.SENT_BACK: Words(
        "有数据被退回更正",
        "A row was sent back",
        "报送 {submission} 第 {row} 行（{item_zh}）被退回，请于 {due} 前更正。说明：{note}",
        "Row {row} of submission {submission} ({item_en}) was sent back: correct it by {due}. Note: {note}",
        frozenset({"note"}),
    ),
    Kind.DEADLINE_NEAR: Words(
        "报送期限临近",
        "A deadline is near",
        "{item_zh} {period} 应于 {due} 前报送，尚未报齐。没有发生的请报零报告。",
        "{item_en} for {period} is due on {due} and has not been reported in full. If there was nothing, say so (zero report).",
    ),
    Kind.OVERDUE: Words(
        "报送已逾期",
        "A report is overdue",
        "{item_zh} {period} 应于 {due} 前报送，现已逾期。请尽快报送或申报零报告。",
        "{item_en} for {period} was due on {due}. Report it as soon as you can, or say that there was nothing.",
    ),
    Kind.EXCEPTION_GRANTED: Words(
        "获准补报",
        "An exception was granted",
        "{item_zh} {period} 已锁定，准予补报和更正至 {until}（含当日）。理由：{reason}",
        "{item_en} for {period} is locked; you may report and correct it up to {until}. Reason: {reason}",
        frozenset({"reason"}),
    ),
    Kind.EXCEPTION_WITHDRAWN: Words(
        "补报许可已撤回",
        "An exception was withdrawn",
        "{item_zh} {period} 的补报许可已撤回，该期恢复锁定。",
        "The exception for {item_en}, {period} was withdrawn; the period is locked again.",
    ),
    Kind.TASK_NEAR: Words(
        "任务期限临近",
        "A task is near its deadline",
        "任务台账“{ledger}”第 {number} 项应于 {due} 前完成，尚未报告成果：{text}",
        "Task {number} of “{ledger}” is due by {due}, and no result has been reported: {text}",
        frozenset({"ledger", "text"}),
    ),
    Kind.TASK_OVERDUE: Words(
        "任务已逾期",
        "A task is overdue",
        "任务台账“{ledger}”第 {number} 项应于 {due} 前完成，现已逾期。请报告进展或成果：{text}",
        "Task {number} of “{ledger}” was due by {due}. Report how far it is, or its result: {text}",
        frozenset({"ledger", "text"}),
    ),
    Kind.OBJECTION: Words(
        "有异议需要核实",
        "An objection to check",
        "异议 {case}（{item_zh}）已转贵单位核实，请于 {due} 24 时前答复：属实的随即报送更正，不属实的说明理由。",
        "Objection {case} ({item_en}) was forwarded to you: answer by the end of {due}. What is right is corrected by a submission, "
        "what is not is refused with reasons.",
    ),
    Kind.OBJECTION_NEAR: Words(
        "异议答复期限临近",
        "An objection is nearly due",
        "异议 {case}（{item_zh}）应于 {due} 24 时前办完“{term_zh}”。",
        "Objection {case} ({item_en}): “{term_en}” is due by the end of {due}.",
    ),
    Kind.OBJECTION_OVERDUE: Words(
        "异议答复已逾期",
        "An objection is overdue",
        "异议 {case}（{item_zh}）的“{term_zh}”应于 {due} 24 时前办完，现已逾期，并已升级至信用中心督办。请立即办理。",
        "Objection {case} ({item_en}): “{term_en}” was due by the end of {due}; the credit centre has been told. Answer at once.",
    ),
    Kind.REPAIR: Words(
        "有修复申请需要办理",
        "An application for repair",
        "修复申请 {case}（{item_zh}）由贵单位决定，请于 {due} 24 时前办完“{term_zh}”。",
        "Application {case} for repair ({item_en}) is yours to decide: “{term_en}” is due by the end of {due}.",
    ),
    Kind.REPAIR_NEAR: Words(
        "修复办理期限临近",
        "An application for repair is nearly due",
        "修复申请 {case}（{item_zh}）应于 {due} 24 时前办完“{term_zh}”。",
        "Application {case} for repair ({item_en}): “{term_en}” is due by the end of {due}.",
    ),
    Kind.REPAIR_OVERDUE: Words(
        "修复办理已逾期",
        "An application for repair is overdue",
        "修复申请 {case}（{item_zh}）的“{term_zh}”应于 {due} 24 时前办完，现已逾期，并已升级至信用中心督办。请立即办理。",
        "Application {case} for repair ({item_en}): “{term_en}” was due by the end of {due}; the credit centre has been told. Decide "
        "at once.",
    ),
    Kind.ANNULLED: Words(
        "有信息需要撤回",
        "A record to withdraw",
        "贵单位报送的“{item_zh}”信息所依据的决定有变（{why_zh}），请于 {due} 24 时前撤回（事项 {case}）。",
        "A record of yours ({item_en}) has lost its basis ({why_en}): withdraw it by the end of {due} (matter {case}).",
    ),
    Kind.ANNULLED_OVERDUE: Words(
        "撤回已逾期",
        "A withdrawal is overdue",
        "事项 {case}：“{item_zh}”信息（{why_zh}）应于 {due} 24 时前撤回，现已逾期。请立即撤回。",
        "Matter {case}: a record ({item_en}; {why_en}) was to be withdrawn by the end of {due}. Withdraw it at once.",
    ),
    Kind.EMERGENCY_LOOK: Words(
        "本单位使用了紧急查询",
        "An emergency query was made",
        "本单位账号 {who} 未经授权作了一次紧急查询，主体可以看到这次查询。安全管理员将于 {due} 前复核。事由：{reason}",
        "The account {who} of your unit made an emergency query without authorisation; the subject sees it. It is reviewed by {due}. "
        "Reason: {reason}",
        frozenset({"who", "reason"}),
    ),
    Kind.COMPLAINT: Words(
        "有投诉需要说明",
        "A complaint to explain",
        "投诉 {case}：被查询的主体认为贵单位 {on} 的一次查询不当，请于 {due} 24 时前说明查询的事由和依据。",
        "Complaint {case}: a subject holds that a look of your unit on {on} was not in order. Explain by the end of {due} why it was made, "
        "and on what basis.",
    ),
    Kind.COMPLAINT_NEAR: Words(
        "投诉说明期限临近",
        "A complaint is nearly due",
        "投诉 {case} 应于 {due} 24 时前说明。",
        "Complaint {case}: your explanation is due by the end of {due}.",
    ),
    Kind.COMPLAINT_OVERDUE: Words(
        "投诉说明已逾期",
        "A complaint is overdue",
        "投诉 {case} 应于 {due} 24 时前说明，现已逾期。信用中心可以不经说明直接审查。请立即办理。",
        "Complaint {case}: your explanation was due by the end of {due}. The credit centre may decide without it. Answer at once.",
    ),
    Kind.COMPLAINT_FOUNDED: Words(
        "投诉成立",
        "A complaint was founded",
        "投诉 {case}：贵单位 {on} 的一次查询被认定为不当。主体已看到结论，这次查询已列入告警复核。请查看理由并整改。",
        "Complaint {case}: a look of your unit on {on} was found not to be in order. The subject has read the decision and the look is "
        "reviewed as an alarm. Read the reasons and put it right.",
    ),
    Kind.CASE_AGAIN: Words(
        "办件重新办理",
        "A case is open again",
        "{kind_zh} {case}（{item_zh}）重新办理：{why_zh}。请由另一位工作人员在期限内作出结论。",
        "{kind_en} {case} ({item_en}) is open again: {why_en}. Another official decides within the term.",
    ),
}  # fmt: skip


def checked(kind: Kind, facts: Facts) -> dict[str, str | int]:
    """The facts of a notice: exactly those its words need, no person's number in them. ValueError otherwise."""
    wanted = WORDS[kind].names
    if set(facts) != wanted:
        raise ValueError(f"{kind} needs {sorted(wanted)}, not {sorted(facts)}")
    return {
        name: value if isinstance(value, int) else (unnumbered(value) if name in WORDS[kind].private else value)[:_LONGEST]
        for name, value in facts.items()
    }  # fmt: skip


def composed(kind: Kind, facts: Facts, *, is_english: bool) -> str:
    """The sentence of a notice."""
    text = WORDS[kind].body_en if is_english else WORDS[kind].body_zh
    return _NAME.sub(lambda found: str(facts.get(found[1], "—")), text)


def outgoing(kind: Kind, facts: Facts) -> dict[str, str | int]:
    """The facts that may leave the platform."""
    return {name: value for name, value in facts.items() if name not in WORDS[kind].private}
