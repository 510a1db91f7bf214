"""Words of the office: what the audit log's codes say to a reader."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING

from django.utils.translation import gettext_lazy as _

from xinyong.office.event_words import EVENTS as EVENTS
from xinyong.security.access import Action, Role
from xinyong.security.approvals import Kind, Request
from xinyong.security.audit import Entry
from xinyong.security.grants import Held

if TYPE_CHECKING:  # the name exists in the stubs only
    from django.utils.functional import _StrPromise

ROLES: "dict[str, str | _StrPromise]" = {
    Role.PUBLIC: _("公众"),
    Role.SOURCE_UNIT: _("报送员"),
    Role.UNIT_ADMIN: _("单位管理员"),
    Role.READER: _("查询员"),
    Role.OPERATOR: _("信用中心"),
    Role.SYSTEM_ADMIN: _("系统管理员"),
    Role.SECURITY_ADMIN: _("安全管理员"),
    Role.AUDITOR: _("审计管理员"),
    Role.CLIENT: _("接口客户端"),
    Role.SUBJECT: _("市场主体"),
    Role.PERSON: _("个人"),
    Role.PARTNER: _("共享节点"),
    Role.SYSTEM: _("系统"),
}
KINDS: "dict[str, str | _StrPromise]" = {
    "account": _("账号"),
    "approval": _("复核申请"),
    "task": _("任务"),
    "task-ledger": _("任务台账"),
    "bulletin": _("通报"),
    "assessment": _("影响评估"),
    "erasure": _("删除凭证"),
    "erasure-run": _("期满删除"),
    "processing-register": _("处理活动记录"),
    "catalogue-item": _("目录事项"),
    "access-log": _("谁查过我"),
    "alarms": _("查询告警"),
    "consent": _("主体授权"),
    "consent-request": _("授权请求"),
    "consents": _("主体授权"),
    "opt-out": _("不记载"),
    "code-list": _("代码表"),
    "declaration": _("应报数"),
    "declarations": _("应报数表"),
    "self-declaration": _("自主申报"),
    "self-declarations": _("自主申报"),
    "objection": _("异议"),
    "annulment": _("依据被撤销"),
    "annulments": _("待撤回事项"),
    "repair": _("信用修复"),
    "repairs": _("信用修复办件"),
    "guidance": _("培训约谈登记"),
    "objections": _("异议"),
    "complaint": _("投诉"),
    "complaints": _("投诉办件"),
    "appeal": _("申诉"),
    "appeals": _("申诉办件"),
    "feedback": _("办结反馈"),
    "mandate": _("代表关系"),
    "mandates": _("代表关系"),
    "guardianship": _("监护关系"),
    "guardianships": _("监护关系"),
    "own-file": _("本人信息"),
    "persons": _("个人账号"),
    "identifiers": _("身份信息"),
    "claim": _("认领申请"),
    "claims": _("认领申请"),
    "subjects": _("主体"),
    "duties": _("报送责任表"),
    "duty": _("报送责任"),
    "supplies": _("供数授权表"),
    "supply-grant": _("供数授权"),
    "supply-mode": _("供数方式"),
    "client": _("接口客户端"),
    "data-key": _("数据密钥"),
    "day": _("日期"),
    "department": _("信源单位"),
    "docked-database": _("对接的数据库"),
    "docked-table": _("对接的表"),
    "drop": _("交换文件"),
    "register-feed": _("变更通道"),
    "succession": _("承继关系"),
    "issued-exception": _("例外代码"),
    "judgement": _("判断"),
    "key-encryption-key": _("主密钥"),
    "handout": _("导出文件"),
    "log": _("操作日志"),
    "message": _("节点报文"),
    "notices": _("通知"),
    "office": _("科室"),
    "page": _("页面"),
    "operation": _("接口"),
    "partner": _("共享节点"),
    "people": _("人员"),
    "rates": _("报送指标"),
    "record": _("记录"),
    "role": _("角色"),
    "regions": _("行政区划"),
    "report": _("信用报告"),
    "reports": _("已出具的报告"),
    "report-batch": _("批量报告"),
    "report-batches": _("批量报告列表"),
    "sealed-values": _("加密内容"),
    "subject": _("主体"),
    "submission": _("报送"),
    "submissions": _("报送记录"),
    "row": _("报送的行"),
    "waiting-rows": _("待处理的行"),
    "window": _("报送窗口"),
    "windows": _("报送窗口表"),
    "working-days": _("工作日表"),
}

ACTIONS: "dict[str, str | _StrPromise]" = {
    Action.VIEW_PUBLIC: _("查看公开信息"),
    Action.SIGN_IN: _("登录"),
    Action.USE_OFFICE: _("使用工作台"),
    Action.OWN_ACCOUNT: _("管理自己的账号"),
    Action.DELEGATE: _("委托自己的权限"),
    Action.SUBMIT: _("报送数据"),
    Action.VIEW_SUBMISSION: _("查看报送"),
    Action.REVERT: _("整批撤回报送"),
    Action.READ_FINDINGS: _("查看问题和反馈"),
    Action.VIEW_LINEAGE: _("查看来历"),
    Action.SETTLE_DOUBTS: _("处理疑问数据"),
    Action.WAIVE_DOUBTS: _("豁免疑问"),
    Action.VIEW_RECEIPT: _("查看回执"),
    Action.DECLARE: _("申报应报数"),
    Action.OVERSEE_REPORTING: _("管理报送责任"),
    Action.VIEW_RATES: _("查看报送指标"),
    Action.VIEW_NOTICES: _("查看通知"),
    Action.READ_NOTICES: _("把通知标为已读"),
    Action.SET_CHANNELS: _("设定通知渠道"),
    Action.OVERSEE_NOTICES: _("查看未送达的通知"),
    Action.VIEW_BULLETIN: _("查看通报"),
    Action.ISSUE_BULLETIN: _("印发通报"),
    Action.VIEW_TASKS: _("查看任务"),
    Action.REPORT_TASK: _("报告任务进展"),
    Action.MANAGE_TASKS: _("管理任务台账"),
    Action.MANAGE_WORK: _("查看中断的处理并重试"),
    Action.MANAGE_DROPS: _("管理交换目录"),
    Action.MANAGE_FEEDS: _("管理变更通道"),
    Action.DECLARE_OWN: _("自主申报本单位信息"),
    Action.VIEW_OWN: _("查看本单位的申报"),
    Action.VIEW_ABOUT_ME: _("查看本人（本单位）信息"),
    Action.TAKE_ABOUT_ME: _("下载本人（本单位）信息"),
    Action.ERASE_ME: _("注销个人账号"),
    Action.CLAIM_ORGANISATION: _("认领单位"),
    Action.APPOINT_AGENTS: _("委派经办人"),
    Action.READ_OWN_NOTICES: _("查看本人（本单位）的通知"),
    Action.SET_OWN_CHANNELS: _("设定本人通知渠道"),
    Action.ADMIT_PERSONS: _("设立个人账号"),
    Action.CHECK_DECLARED: _("核验自主申报"),
    Action.OBJECT: _("对有关自己的记录提出异议"),
    Action.VIEW_OBJECTIONS: _("查看异议办件"),
    Action.ANSWER_OBJECTION: _("办理异议"),
    Action.APPLY_REPAIR: _("为本单位的记录申请信用修复"),
    Action.VIEW_REPAIRS: _("查看修复办件"),
    Action.DECIDE_REPAIR: _("办理信用修复"),
    Action.ACKNOWLEDGE_REPAIR: _("回执同步"),
    Action.ANNUL_RECORD: _("撤回依据被撤销的信息"),
    Action.COMPLAIN: _("就查询本人档案的记录投诉"),
    Action.VIEW_COMPLAINTS: _("查看投诉办件"),
    Action.ANSWER_COMPLAINT: _("办理投诉"),
    Action.APPEAL: _("对办结的异议、修复、投诉提出申诉"),
    Action.VIEW_APPEALS: _("查看申诉办件"),
    Action.DECIDE_APPEAL: _("审查申诉"),
    Action.GIVE_FEEDBACK: _("反馈办件是否解决"),
    Action.VIEW_FEEDBACK: _("查看办结反馈"),
    Action.RECORD_GUIDANCE: _("登记培训、约谈"),
    Action.VIEW_MANDATES: _("查看代表关系"),
    Action.GIVE_MANDATES: _("登记和终止代表关系"),
    Action.GIVE_CONSENT: _("授权、撤回和不记载"),
    Action.VIEW_ACCESS_LOG: _("查看谁查过自己"),
    Action.ASK_CONSENT: _("请求主体授权"),
    Action.QUERY: _("授权查询"),
    Action.BREAK_GLASS: _("紧急查询"),
    Action.REVIEW_ALARMS: _("复核查询告警"),
    Action.REVIEW_LINKS: _("判断关联"),
    Action.VIEW_SHARED: _("查看共享信息"),
    Action.SPECIAL_QUERY: _("特殊查询"),
    Action.EXPORT_SHARED: _("导出共享数据"),
    Action.ISSUE_REPORT: _("出具报告"),
    Action.ISSUE_SPECIAL: _("出具专项报告和单项证明"),
    Action.REVOKE_REPORT: _("查看和撤销已出具的报告"),
    Action.VIEW_CATALOGUE: _("查看目录"),
    Action.MANAGE_CATALOGUE: _("编制目录"),
    Action.PUBLISH_CATALOGUE: _("发布目录"),
    Action.MANAGE_TABLES: _("修改参数表"),
    Action.ASSESS_IMPACT: _("撰写影响评估"),
    Action.VIEW_DATA_DUTIES: _("查看个人信息保护台账"),
    Action.APPROVE: _("复核他人的申请"),
    Action.MANAGE_ACCOUNTS: _("管理账号和任职"),
    Action.MANAGE_UNITS: _("管理单位和科室"),
    Action.MANAGE_CLIENTS: _("管理接口客户端"),
    Action.VIEW_DOCKING: _("查看数据库对接"),
    Action.MANAGE_DOCKING: _("管理数据库对接"),
    Action.VIEW_PEOPLE: _("查看人员与授权"),
    Action.GRANT: _("授权"),
    Action.RESET_FACTOR: _("重置第二因素"),
    Action.ROTATE_KEYS: _("轮换密钥"),
    Action.EXPLAIN_ACCESS: _("解释权限"),
    Action.VIEW_AUDIT: _("查看操作日志"),
    Action.EXPORT_AUDIT: _("导出操作日志"),
    Action.VIEW_EVIDENCE: _("查看存证"),
    Action.CALL_API: _("调用接口"),
    Action.EXCHANGE: _("节点间交换"),
    Action.OPERATE: _("运行维护"),
}
#: What was done about a row.
ACTS: "dict[str, str | _StrPromise]" = {
    "accepted": _("采纳建议"),
    "waived": _("豁免"),
    "sent-back": _("退回单位更正"),
    "passed-on": _("提请信用中心"),
    "confirmed": _("确认属实"),
    "undone": _("撤销处理"),
    "ended": _("豁免到期"),
}
#: How a row stands at the desk of doubtful data.
ROW_STATES: "dict[str, str | _StrPromise]" = {
    "passed-on": _("单位提请核对"),
    "sent-back": _("已退回单位"),
    "overdue": _("逾期未更正"),
    "ended": _("豁免到期"),
}
#: rights.models.Alarm.Kind
ALARMS: "dict[str, str | _StrPromise]" = {
    "bulk": _("短时间大量查询"),
    "hours": _("非工作时间查询"),
    "surname": _("查询同姓自然人（仅提示）"),
    "emergency": _("紧急查询"),
    "complaint": _("投诉成立"),
}
#: rights.models.AlarmReview.Outcome
OUTCOMES: "dict[str, str | _StrPromise]" = {
    "in-order": _("属正常履职"),
    "reminded": _("已提醒纠正"),
    "referred": _("移送处理"),
}
CLOCKS: "dict[str, str | _StrPromise]" = {
    "publicity": _("公示"),
    "retention": _("使用"),
    "list": _("名单"),
    "repair": _("修复"),
}
#: Why a clock ended.
ENDS: "dict[str, str | _StrPromise]" = {
    "retention-ended": _("保存期满"),
    "publicity-maximum-reached": _("最长公示期届满"),
    "repaired": _("已修复"),
    "revoked": _("修复被撤销，恢复公示"),
    "plan-failed": _("重整计划未执行，恢复公示"),
    "basis-revoked": _("决定被撤销"),
    "basis-changed": _("决定被变更"),
    "basis-unlawful": _("决定被确认违法"),
    "basis-void": _("决定被确认无效"),
    "validity-ended": _("有效期届满"),
    "term-ended": _("公示期届满"),
    "list-term-ended": _("名单期限届满"),
}
REQUESTS: "dict[str, str | _StrPromise]" = {
    Kind.PUBLISH_CATALOGUE: _("发布目录版本"),
    Kind.EXPORT_SHARED: _("导出共享数据"),
    Kind.SPECIAL_QUERY: _("特殊查询"),
    Kind.GRANT_ADMINISTRATOR: _("授予管理员角色"),
    Kind.ASSESS_IMPACT: _("影响评估生效"),
}
#: state of a request → word, tone, sign.
STATES: "dict[str, tuple[str | _StrPromise, str, str]]" = {
    "open": (_("待复核"), "caution", "clock"),
    "approved": (_("已同意，未使用"), "positive", "check"),
    "refused": (_("不同意"), "adverse", "cross"),
    "used": (_("已办理"), "plain", "check"),
    "expired": (_("已过期"), "plain", "end"),
}
#: facts of a request → what they are called; those that are not named here are not shown.
FACTS: "dict[str, str | _StrPromise]" = {
    "assessment": _("评估编号"),
    "title": _("评估名称"),
    "item": _("目录事项"),
    "list": _("代码表"),
    "items": _("目录事项"),
    "version": _("版本"),
    "effective_from": _("生效日期"),
    "text": _("内容摘要"),
    "year": _("年份"),
    "source": _("信源单位"),
    "as_of": _("截至日期"),
    "rows": _("行数"),
    "subject": _("主体"),
    "fields": _("数据项"),
    "account": _("账号"),
    "role": _("角色"),
    "region": _("行政区划"),
    "until": _("有效至"),
}


@dataclass(frozen=True, slots=True)
class Asked:
    """A request with its words."""

    request: Request
    kind: "str | _StrPromise"
    state: "tuple[str | _StrPromise, str, str]"
    facts: "tuple[tuple[str | _StrPromise, str], ...]"


def request(one: Request) -> Asked:
    """A request as pages show it."""
    facts = [(FACTS[name], _said(name, value)) for name, value in one.facts.items() if name in FACTS and value]
    return Asked(one, REQUESTS.get(one.kind, one.kind), STATES[one.state], tuple(facts))


def _said(name: str, value: object) -> str:
    if name == "role":
        return str(ROLES.get(str(value), value))
    if isinstance(value, list):
        return "、".join(str(each) for each in value)
    if name in {"text", "subject"} and len(str(value)) > 24:
        return f"{str(value)[:20]}…"
    return str(value)


def roles(held: Sequence[Role]) -> str:
    """Roles in a list, each once."""
    return "、".join(str(ROLES.get(one, one)) for one in dict.fromkeys(held))


def grant_state(one: Held, now: datetime) -> "tuple[str | _StrPromise, str, str]":
    """Whether a grant holds, and if not, why: word, tone, sign."""
    if one.holds:
        return _("有效"), "positive", "check"
    if one.ended_at is not None and one.ended_at <= now:
        return _("已终止"), "plain", "cross"
    if one.valid_from > now:
        return _("尚未开始"), "caution", "clock"
    if one.valid_to is not None and one.valid_to <= now:
        return _("已到期"), "plain", "end"
    return _("暂不生效"), "plain", "lock"


@dataclass(frozen=True, slots=True)
class Line:
    """A line of the log with its words. ``facts``: what else was noted, name and value."""

    entry: Entry
    event: "str | _StrPromise"
    role: "str | _StrPromise"
    department: str
    kind: "str | _StrPromise"
    facts: tuple[tuple[str, str], ...]

    @property
    def ref(self) -> str:
        """Which one; empty when the whole was looked at."""
        return "" if self.entry.object_ref in {"all", "after 0", "-"} else self.entry.object_ref

    @property
    def is_refused(self) -> bool:
        """True when it was tried and not done."""
        return self.entry.outcome == "refused"


def lines(entries: Sequence[Entry], departments: Mapping[str, str]) -> list[Line]:
    """Entries as the log page shows them; a code nobody gave words to stands for itself."""
    return [
        Line(
            entry=one,
            event=EVENTS.get(one.event, one.event),
            role=ROLES.get(one.role, one.role),
            department=departments.get(one.department, one.department),
            kind=KINDS.get(one.object_kind, one.object_kind),
            facts=tuple((name, _short(value)) for name, value in one.facts.items() if value not in (None, "", False)),
        )
        for one in entries
    ]


def _short(value: object) -> str:
    text = f"{value:,}" if isinstance(value, int) and not isinstance(value, bool) else str(value)
    return text if len(text) <= 24 else f"{text[:12]}…"
