"""Words for states, shared by both doors: what a tag says, its tone and its icon."""

from dataclasses import dataclass
from typing import TYPE_CHECKING

from django.utils.translation import gettext_lazy as _

if TYPE_CHECKING:  # the name exists in the stubs only
    from django.utils.functional import _StrPromise


@dataclass(frozen=True, slots=True)
class Tag:
    """How a state is shown: word, tone (colour), sign (icon). Colour never speaks alone."""

    word: "str | _StrPromise"
    tone: str
    sign: str


#: States that several kinds of thing have, by the same word.
_IN_FORCE = Tag(_("有效"), "positive", "check")
_RUN_OUT = Tag(_("已到期"), "plain", "end")
_TAKEN_BACK = Tag(_("已撤回"), "plain", "back")
_UNDER_REVIEW = Tag(_("复核中"), "caution", "clock")

#: records.view.Mark → tag
MARKS: dict[str, Tag] = {
    "in-force": _IN_FORCE,
    "ended": Tag(_("已失效"), "plain", "end"),
    "ending-soon": Tag(_("公示即将到期"), "caution", "clock"),
    "corrected": Tag(_("已更正"), "primary", "edit"),
    "withdrawn": _TAKEN_BACK,
    "not-public": Tag(_("不公开"), "plain", "lock"),
    "late": Tag(_("迟报"), "caution", "late"),
    "disputed": Tag(_("争议中"), "caution", "dispute"),
    "repaired": Tag(_("已修复"), "positive", "check"),
}

#: reports.models.IssuedReport.kind → word
PAPER_KINDS: "dict[str, str | _StrPromise]" = {
    "ordinary": _("公共信用信息报告"), "special": _("专项信用报告"), "statement": _("单项信用证明"),
}  # fmt: skip
#: reports.models.ReportBatch.State, BatchLine.Outcome → tag
BATCH_STATES: dict[str, Tag] = {
    "waiting": Tag(_("排队中"), "plain", "clock"), "running": Tag(_("正在出具"), "primary", "clock"),
    "done": Tag(_("已完成"), "positive", "check"), "removed": Tag(_("文件已清理"), "plain", "end"),
}  # fmt: skip
BATCH_OUTCOMES: dict[str, Tag] = {
    "": Tag(_("待处理"), "plain", "clock"), "issued": Tag(_("已出具"), "positive", "check"),
    "unknown": Tag(_("没有查到"), "caution", "question"), "ambiguous": Tag(_("名称不唯一"), "caution", "question"),
    "refused": Tag(_("不能出具"), "adverse", "cross"), "repeated": Tag(_("重复"), "plain", "info"),
}  # fmt: skip

#: intake.voluntary_view.State → tag, as its organisation and the desk read it
OWN_STATES: dict[str, Tag] = {
    "under-way": Tag(_("处理中"), "plain", "clock"),
    "not-taken": Tag(_("未入库"), "adverse", "cross"),
    "declared": Tag(_("已公开，待核验"), "caution", "clock"),
    "checked": Tag(_("已核验"), "positive", "check"),
    "refused": Tag(_("核验不通过"), "adverse", "cross"),
    "withdrawn": _TAKEN_BACK,
    "over": _RUN_OUT,
    "replaced": Tag(_("已被后来的申报取代"), "plain", "end"),
}
#: state of a mandate → tag
MANDATE_STATES: dict[str, Tag] = {
    "coming": Tag(_("未开始"), "plain", "clock"),
    "current": _IN_FORCE,
    "over": _RUN_OUT,
    "ended": Tag(_("已终止"), "plain", "cross"),
    "closed": Tag(_("账号已停用"), "plain", "cross"),
}
#: state of a claim → tag
CLAIM_STATES: dict[str, Tag] = {
    "waiting": Tag(_("待核验"), "caution", "clock"),
    "granted": Tag(_("已认领"), "positive", "check"),
    "refused": Tag(_("不予认领"), "adverse", "cross"),
}
#: how a datum about oneself stands → tag
OWN_RECORD_STATES: dict[str, Tag] = {
    "standing": _IN_FORCE,
    "withdrawn": _TAKEN_BACK,
    "over": Tag(_("保存期满，不再使用"), "plain", "end"),
    "erased": Tag(_("保存期满，内容已删除"), "plain", "end"),
}
#: kind of look → words
LOOK_EVENTS: "dict[str, str | _StrPromise]" = {
    "dossier-viewed": _("查看档案"),
    "lineage-viewed": _("查看来历"),
    "special-queried": _("特殊查询"),
    "report-issued": _("出具报告"),
}
#: what was done about a declaration → words
OWN_ACTS: "dict[str, str | _StrPromise]" = {
    "declared": _("申报"),
    "checked": _("核验通过"),
    "refused": _("核验不通过"),
    "withdrawn": _("撤回"),
}

#: state of an objection (rights/library/objection.yaml) → tag, as every party reads it
CASE_STATES: dict[str, Tag] = {
    "received": Tag(_("待核查"), "caution", "clock"),
    "with-source": Tag(_("信源单位核实中"), "primary", "building"),
    "answered": Tag(_("待作出结论"), "caution", "clock"),
    "correcting": Tag(_("成立，待更正"), "primary", "edit"),
    "paused": Tag(_("暂停计时"), "plain", "clock"),
    "upheld": Tag(_("成立，已更正"), "positive", "check"),
    "partly": Tag(_("部分成立，已更正"), "positive", "check"),
    "refused": Tag(_("不成立"), "plain", "cross"),
    "review": _UNDER_REVIEW,
    "withdrawn": _TAKEN_BACK,
}

#: state of an application for repair (rights/library/repair.yaml) → tag, as every party reads it
REPAIR_STATES: dict[str, Tag] = {
    "with-source": Tag(_("待受理"), "caution", "clock"),
    "incomplete": Tag(_("待补正"), "caution", "edit"),
    "accepted": Tag(_("已受理，审查中"), "primary", "building"),
    "review": _UNDER_REVIEW,
    "syncing": Tag(_("已修复，各方同步中"), "positive", "clock"),
    "checking": Tag(_("反馈未解决，核查中"), "caution", "clock"),
    "repaired": Tag(_("已修复"), "positive", "check"),
    "refused": Tag(_("不予受理"), "plain", "cross"),
    "denied": Tag(_("不予修复"), "plain", "cross"),
    "revoked": Tag(_("修复已撤销"), "adverse", "back"),
    "withdrawn": _TAKEN_BACK,
}

#: state of a complaint (rights/library/complaint.yaml) → tag, as every party reads it
COMPLAINT_STATES: dict[str, Tag] = {
    "received": Tag(_("待受理"), "caution", "clock"),
    "with-unit": Tag(_("查询单位说明中"), "primary", "building"),
    "answered": Tag(_("待作出结论"), "caution", "clock"),
    "founded": Tag(_("投诉成立"), "positive", "check"),
    "unfounded": Tag(_("投诉不成立"), "plain", "cross"),
    "withdrawn": _TAKEN_BACK,
}
#: state of an appeal (rights/library/appeal.yaml) → tag, as every party reads it
APPEAL_STATES: dict[str, Tag] = {
    "received": Tag(_("审查中"), "caution", "clock"),
    "upheld": Tag(_("申诉成立，原件重新办理"), "positive", "check"),
    "dismissed": Tag(_("申诉不成立"), "plain", "cross"),
    "withdrawn": _TAKEN_BACK,
}

#: rights.consent_view.State → tag
CONSENT_STATES: dict[str, Tag] = {
    "waiting": Tag(_("待答复"), "caution", "clock"),
    "refused": Tag(_("已拒绝"), "plain", "cross"),
    "live": _IN_FORCE,
    "ended": _RUN_OUT,
    "withdrawn": _TAKEN_BACK,
    "lapsed": Tag(_("逾期未答复"), "plain", "end"),
}

#: subjects.models.Subject.Status → tag
STATUSES: dict[str, Tag] = {
    "active": Tag(_("存续"), "positive", "check"),
    "revoked": Tag(_("吊销"), "adverse", "cross"),
    "cancelled": Tag(_("注销"), "plain", "end"),
    "moved_out": Tag(_("迁出"), "plain", "back"),
    "provisional": Tag(_("待登记"), "caution", "clock"),
}

#: publicity severity class → words (Order 36 of the NDRC, in force 2026-04-01)
SEVERITIES: "dict[str, str | _StrPromise]" = {
    "minor": _("轻微失信信息"),
    "general": _("一般失信信息"),
    "serious": _("严重失信信息"),
}

#: how a search hit was found → words
MATCHES: "dict[str, str | _StrPromise]" = {
    "code": _("代码相符"),
    "exact-name": _("名称完全相符"),
    "former-name": _("曾用名相符"),
    "prefix": _("名称开头相符"),
    "trade-name": _("字号相符"),
    "fragment": _("名称中含有"),
    "pinyin": _("拼音相符"),
    "initials": _("拼音首字母相符"),
    "traditional": _("繁体写法相符"),
}
