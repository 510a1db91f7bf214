"""Words of the office: what the audit log's codes say to a reader."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from django.utils.translation import gettext_lazy as _

from xinyong.security.access import Role
from xinyong.security.audit import Entry, Event

if TYPE_CHECKING:  # the name exists in the stubs only
    from django.utils.functional import _StrPromise

EVENTS: "dict[str, str | _StrPromise]" = {
    Event.SIGNED_IN: _("登录"),
    Event.SIGN_IN_REFUSED: _("登录被拒"),
    Event.SIGNED_OUT: _("退出登录"),
    Event.ACCESS_REFUSED: _("访问被拒"),
    Event.SESSION_ENDED: _("结束会话"),
    Event.INVITED: _("发出一次性链接"),
    Event.INVITATION_USED: _("使用一次性链接"),
    Event.PASSWORD_CHANGED: _("更换密码"),
    Event.FACTOR_ADDED: _("添加第二因素"),
    Event.FACTOR_REMOVED: _("移除第二因素"),
    Event.FACTOR_SHOWN: _("重新验证身份"),
    Event.RECOVERY_CODES_MADE: _("生成恢复码"),
    Event.OUTSIDE_LINKED: _("绑定统一身份"),
    Event.OUTSIDE_UNLINKED: _("解除统一身份"),
    Event.FILE_RECEIVED: _("收到文件"),
    Event.FILE_REFUSED: _("整体退回文件"),
    Event.SUBMISSION_DEPOSITED: _("报送入库"),
    Event.FEEDBACK_TAKEN: _("下载反馈"),
    Event.COLUMNS_CHOSEN: _("指定表头"),
    Event.SUBMISSION_VIEWED: _("查看报送"),
    Event.SUBMISSIONS_LISTED: _("查看报送记录"),
    Event.DOSSIER_VIEWED: _("查看档案"),
    Event.LINK_JUDGED: _("判断关联"),
    Event.LINK_UNDONE: _("撤销判断"),
    Event.LINKS_VIEWED: _("查看待关联"),
    Event.LOG_VIEWED: _("查看操作日志"),
    Event.LOG_KEY_ADDED: _("更换日志密钥"),
    Event.EVIDENCE_VIEWED: _("查看存证状态"),
    Event.RECEIPT_TAKEN: _("下载回执"),
    Event.REPORT_ISSUED: _("出具报告"),
    Event.CATALOGUE_DRAFTED: _("起草目录"),
    Event.CATALOGUE_PUBLISHED: _("发布目录"),
    Event.CATALOGUE_RETIRED: _("停用目录"),
    Event.TABLE_CHANGED: _("修改参数表"),
    Event.CLOCKS_RUN: _("到期处理"),
    Event.ACCOUNT_CREATED: _("设立账号"),
    Event.ACCOUNT_DISABLED: _("停用账号"),
    Event.DEPARTMENT_REGISTERED: _("登记信源单位"),
    Event.DEPARTMENT_CLOSED: _("撤销单位"),
    Event.OFFICE_FOUNDED: _("设立科室"),
    Event.OFFICE_CLOSED: _("撤销科室"),
    Event.ACCOUNT_MOVED: _("人员调动"),
    Event.PEOPLE_VIEWED: _("查看人员与授权"),
    Event.GRANT_GIVEN: _("授权"),
    Event.GRANT_ENDED: _("终止授权"),
    Event.GRANT_DELEGATED: _("委托权限"),
    Event.GRANT_CHOSEN: _("切换身份"),
    Event.ACCESS_EXPLAINED: _("解释权限"),
    Event.APPROVAL_ASKED: _("提交复核申请"),
    Event.APPROVAL_GIVEN: _("复核同意"),
    Event.APPROVAL_REFUSED: _("复核不同意"),
    Event.APPROVAL_USED: _("使用复核结论"),
    Event.APPROVAL_LAPSED: _("复核申请过期"),
    Event.APPROVALS_VIEWED: _("查看复核申请"),
    Event.LOG_EXPORTED: _("导出操作日志"),
    Event.SHARED_EXPORTED: _("导出共享数据"),
    Event.SPECIAL_QUERIED: _("特殊查询"),
    Event.CLIENT_REGISTERED: _("登记接口客户端"),
    Event.CLIENT_CHANGED: _("更改接口客户端"),
    Event.CLIENT_SECRET_ROTATED: _("更换客户端密钥"),
    Event.CLIENT_DISABLED: _("停用接口客户端"),
    Event.CLIENTS_VIEWED: _("查看接口客户端与节点"),
    Event.TOKEN_ISSUED: _("发放令牌"),
    Event.TOKEN_REFUSED: _("拒发令牌"),
    Event.CALL_REFUSED: _("拒绝接口调用"),
    Event.PARTNER_REGISTERED: _("登记共享节点"),
    Event.PARTNER_DISABLED: _("停用共享节点"),
    Event.PARTNER_KEY_ADDED: _("登记节点公钥"),
    Event.PARTNER_KEY_ENDED: _("终止节点公钥"),
    Event.MESSAGE_ACCEPTED: _("收下节点报文"),
    Event.MESSAGE_REFUSED: _("拒收节点报文"),
}
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
    Role.PARTNER: _("共享节点"),
    Role.SYSTEM: _("系统"),
}
KINDS: "dict[str, str | _StrPromise]" = {
    "account": _("账号"),
    "approval": _("复核申请"),
    "catalogue-item": _("目录事项"),
    "client": _("接口客户端"),
    "day": _("日期"),
    "department": _("信源单位"),
    "issued-exception": _("例外代码"),
    "judgement": _("判断"),
    "handout": _("导出文件"),
    "log": _("操作日志"),
    "message": _("节点报文"),
    "office": _("科室"),
    "page": _("页面"),
    "operation": _("接口"),
    "partner": _("共享节点"),
    "people": _("人员"),
    "record": _("记录"),
    "regions": _("行政区划"),
    "report": _("信用报告"),
    "subject": _("主体"),
    "submission": _("报送"),
    "submissions": _("报送记录"),
    "waiting-rows": _("待关联的行"),
    "working-days": _("工作日表"),
}


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
