"""The synthetic city's plan of the year: a ledger of tasks of its departments, some done, some late, some that go on."""

from datetime import date, datetime, timedelta
from datetime import time as time_of_day

from xinyong.kernel import clock
from xinyong.security.access import Actor

_HEAD = ["序号", "主要任务", "重点工作", "目标任务", "责任单位", "完成时间"]
#: chapter number, chapter, section, text, owners, deadline: days from today, or words
_PLAN: tuple[tuple[str, str, str, str, str, int | str], ...] = (
    ("1", "夯实数据基础", "归集共享", "行政许可、行政处罚信息七个工作日内报送，及时率保持在百分之九十五以上。", "市发改委、各成员单位、各区县", "持续推进"),
    ("1", "夯实数据基础", "归集共享", "完成水、电、气缴费信息接口对接，按月归集企业用户信息。", "市水务局、市数据局", -20),
    ("1", "夯实数据基础", "代码治理", "核对存量登记信息，统一社会信用代码重错码动态清零。", "市市场监管局、市民政局、市委编办", 9),
    ("2", "规范信用监管", "信用承诺", "编制证明事项告知承诺清单，承诺书全部公示并记入信用档案。", "市司法局、市审批局", 40),
    ("2", "规范信用监管", "分级分类", "在房屋建筑、旅游、养老服务领域出台信用分级分类监管办法。", "市住建局、市文旅局、市民政局", -45),
    ("3", "保护主体权益", "信用修复", "修复申请网上办理，受理时告知办理时限，办结后同步更新公示。", "市发改委、市数据局", "持续推进"),
    ("3", "保护主体权益", "到期提醒", "公示期届满前一个月提醒企业，届满当日停止公示。", "市发改委", -90),
    ("4", "营造诚信氛围", "宣传引导", "组织诚信宣传月活动，各县（市、区）至少开展两场企业培训。", "市委宣传部、各区县", 120),
    ("4", "营造诚信氛围", "个体工商户", "按上级部署试点个体工商户公共信用评价结果应用。", "市市场监管局", "根据省局部署推进"),
)  # fmt: skip


def say(*, today: date, by: Actor) -> None:
    """Imports the plan and reports on some of it, through the verbs of the office. Said again, it changes nothing."""
    from xinyong.analytics import task_acts, task_import, task_reminders, task_table, tasks
    from xinyong.analytics.task_acts import Proved

    rows = [[str(number), chapter, section, text, owners, _deadline(due, today)] for number, chapter, section, text, owners, due in _PLAN]  # fmt: skip
    table = task_table.of_rows(list(enumerate([_HEAD, *rows], start=1)), title=f"云溪市{today.year}年信用工作任务分解")
    begun = datetime.combine(today - timedelta(days=150), time_of_day(10), tzinfo=clock.ZONE)
    if not task_import.keep(table, by=by, at=begun).new:
        return
    made, _ = tasks.listing(tasks.Asked(ledger=table.title), today=today, seen_by=by)
    by_number = {one.number: one.id for one in made}

    def days_ago(days: int) -> datetime:
        return datetime.combine(today - timedelta(days=days), time_of_day(15), tzinfo=clock.ZONE)

    note = Proved(on=today - timedelta(days=96), link="https://example.org/notice/reminders")
    task_acts.report(by_number[3], note="已核对三轮，剩余二十六个重错码正在逐个联系更正。", by=by, at=days_ago(12))
    task_acts.report(by_number[5], note="旅游领域办法已征求意见，住建领域正在起草。", by=by, at=days_ago(30))
    task_acts.report(
        by_number[7], note="提醒功能上线，首批提醒已发出。", proved=note, is_done=True, by=by, at=days_ago(95)
    )
    done = tasks.find(by_number[7], today=today, seen_by=by)[0]
    task_acts.confirm(by_number[7], after=done.after, note="抽查十家企业，均已收到提醒。", by=by, at=days_ago(92))
    guide = Proved(on=today - timedelta(days=3), link="https://example.org/notice/commitments")
    task_acts.report(by_number[4], note="清单已印发。", proved=guide, is_done=True, by=by, at=days_ago(2))
    task_reminders.tell(by=by, at=clock.now())


def _deadline(due: int | str, today: date) -> str:
    if isinstance(due, str):
        return due
    day = today + timedelta(days=due)
    return f"{day.year}年{day.month}月{day.day}日前"
