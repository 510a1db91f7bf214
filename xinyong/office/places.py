"""Where one can go in the office: the places by what they are for, each with the actions that open it. The navigation shows
those that somebody's role opens, and no others."""

from dataclasses import dataclass
from typing import TYPE_CHECKING

from django.utils.translation import gettext_lazy as _

from xinyong.security.access import Action, Actor, may

if TYPE_CHECKING:  # the name exists in the stubs only
    from django.utils.functional import _StrPromise


@dataclass(frozen=True, slots=True)
class Place:
    """A page of the navigation. Any one of ``actions`` opens it; none: everybody's. ``of_a_unit``: only for who acts for a
    department. ``also``: another address that is the same place."""

    path: str
    icon: str
    title: "_StrPromise"
    actions: tuple[Action, ...] = ()
    of_a_unit: bool = False
    also: str = ""

    def opens_to(self, who: Actor) -> bool:
        """True when this actor may go there."""
        if self.of_a_unit and not who.department:
            return False
        return not self.actions or any(may(who, one) for one in self.actions)


@dataclass(frozen=True, slots=True)
class Group:
    """Places of one kind of work."""

    id: str
    title: "_StrPromise"
    places: tuple[Place, ...]


_A = Action
NOTICES = Place("/office/notices/", "bell", _("通知"), (_A.VIEW_NOTICES,))
GROUPS: tuple[Group, ...] = (
    Group("report", _("报送"), (
        Place("/own/", "file", _("本人、本单位专区"), (_A.VIEW_ABOUT_ME,)),
        Place("/office/submissions/new", "upload", _("报送数据"), (_A.SUBMIT,)),
        Place("/office/entry/", "edit", _("手工录入"), (_A.SUBMIT,), of_a_unit=True),
        Place("/office/submissions/", "list", _("报送记录"), (_A.VIEW_SUBMISSION,), also="/office/"),
        Place("/office/doubts/", "question", _("疑问数据"), (_A.SETTLE_DOUBTS,)),
        Place("/office/links/", "edit", _("待关联"), (_A.REVIEW_LINKS,)),
        Place("/office/self-declared/", "check", _("自主申报核验"), (_A.CHECK_DECLARED,)),
        Place("/office/windows/", "clock", _("报送窗口"), (_A.VIEW_RATES,)),
        Place("/office/declared/", "edit", _("应报数"), (_A.VIEW_RATES,)),
        Place("/office/supply/", "key", _("供数授权"), (_A.OVERSEE_REPORTING,)),
        Place("/office/templates/", "download", _("导入模板"), (_A.USE_OFFICE,)),
    )),
    Group("rights", _("异议与修复"), (
        Place("/office/objections/", "dispute", _("异议办理"), (_A.VIEW_OBJECTIONS,)),
        Place("/office/repairs/", "check", _("信用修复"), (_A.VIEW_REPAIRS,)),
        Place("/office/annulments/", "undo", _("依据被撤销"), (_A.ANNUL_RECORD,)),
        Place("/office/complaints/", "warning", _("投诉办理"), (_A.VIEW_COMPLAINTS,)),
        Place("/office/appeals/", "dispute", _("申诉审查"), (_A.VIEW_APPEALS,)),
        Place("/office/guidance/", "bell", _("培训约谈"), (_A.RECORD_GUIDANCE,)),
        Place("/office/feedback/", "list", _("办结反馈"), (_A.VIEW_FEEDBACK,)),
    )),
    Group("channels", _("通道"), (
        Place("/office/docking/", "building", _("数据库对接"), (_A.VIEW_DOCKING,)),
        Place("/office/interruptions/", "warning", _("处理中断"), (_A.MANAGE_WORK,)),
        Place("/office/drops/", "file", _("交换目录"), (_A.MANAGE_DROPS,)),
        Place("/office/feeds/", "clock", _("登记变更"), (_A.MANAGE_FEEDS,)),
        Place("/office/clients/", "lock", _("接口客户端"), (_A.MANAGE_CLIENTS,)),
        Place("/office/partners/", "building", _("共享节点"), (_A.MANAGE_CLIENTS,)),
    )),
    Group("quality", _("质量"), (
        Place("/office/rates/", "list", _("报送指标"), (_A.VIEW_RATES,)),
        Place("/office/bulletins/", "file", _("通报"), (_A.VIEW_BULLETIN,)),
        Place("/office/tasks/", "check", _("任务台账"), (_A.VIEW_TASKS,)),
        Place("/office/catalogue/", "file", _("信息目录"), (_A.VIEW_CATALOGUE,)),
        Place("/office/code-lists/", "list", _("代码表"), (_A.VIEW_CATALOGUE,)),
    )),
    Group("persons", _("个人信息"), (
        Place("/office/assessments/", "check", _("影响评估"), (_A.VIEW_DATA_DUTIES,)),
        Place("/office/processing/", "list", _("处理活动记录"), (_A.VIEW_DATA_DUTIES,)),
        Place("/office/erasures/", "end", _("删除凭证"), (_A.VIEW_DATA_DUTIES,)),
    )),
    Group("subjects", _("主体账户"), (
        Place("/office/mandates/", "key", _("代表关系"), (_A.VIEW_MANDATES,)),
        Place("/office/guardians/", "key", _("监护关系"), (_A.VIEW_MANDATES,)),
        Place("/office/claims/", "check", _("认领申请"), (_A.VIEW_MANDATES,)),
        Place("/office/persons/", "key", _("个人账号"), (_A.ADMIT_PERSONS,)),
    )),
    Group("use", _("查询与使用"), (
        Place("/office/files/", "building", _("查询档案"), (_A.VIEW_SHARED,)),
        Place("/office/queries/", "search", _("授权查询"), (_A.QUERY,)),
        Place("/office/consents/", "key", _("授权请求"), (_A.ASK_CONSENT,), of_a_unit=True),
        Place("/office/reports/", "file", _("报告和证明"), (_A.REVOKE_REPORT,)),
        Place("/office/exports/", "download", _("数据导出"), (_A.EXPORT_SHARED,)),
        Place("/office/special/", "question", _("特殊查询"), (_A.SPECIAL_QUERY,)),
        Place("/office/approvals/", "check", _("复核申请"), (_A.APPROVE, _A.EXPORT_SHARED)),
    )),
    Group("people", _("权限与日志"), (
        Place("/office/people/", "list", _("人员与授权"), (_A.VIEW_PEOPLE,)),
        Place("/office/units/", "building", _("单位与科室"), (_A.VIEW_PEOPLE,)),
        Place("/office/explain/", "info", _("解释权限"), (_A.EXPLAIN_ACCESS,)),
        Place("/office/log/", "clock", _("操作日志"), (_A.VIEW_AUDIT,)),
        Place("/office/alarms/", "warning", _("查询告警"), (_A.REVIEW_ALARMS,)),
        Place("/office/evidence/", "check", _("存证状态"), (_A.VIEW_EVIDENCE,)),
        Place("/office/grants/", "lock", _("我的权限"), (_A.USE_OFFICE,)),
    )),
)  # fmt: skip


def of(who: Actor) -> list[tuple[Group, list[Place]]]:
    """The groups with the places that open to this actor; empty groups are left out."""
    found = [(group, [one for one in group.places if one.opens_to(who)]) for group in GROUPS]
    return [(group, places) for group, places in found if places]
