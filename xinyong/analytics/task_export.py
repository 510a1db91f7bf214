"""The ledger as a workbook: a row a task, with its last word of progress."""

from datetime import date
from pathlib import Path

import xlsxwriter

from xinyong.analytics import tasks
from xinyong.analytics.tasks import Asked, TaskView
from xinyong.kernel import cells
from xinyong.security import audit
from xinyong.security.access import Action, Actor, require

_HEAD = (
    "台账", "序号", "主要任务", "重点工作", "目标任务", "牵头单位", "配合单位", "完成时间", "截止日期", "状态", "是否逾期",
    "佐证数", "最近进展",
)  # fmt: skip
_WIDTHS = (24, 6, 20, 20, 60, 24, 24, 18, 12, 10, 8, 8, 40)


def write(asked: Asked, *, to: Path, today: date, seen_by: Actor) -> int:
    """Writes the tasks that were asked for (.xlsx); how many. One audit entry. Raises NotAllowed."""
    require(seen_by, Action.VIEW_TASKS)
    found = tasks.every(asked, today=today, seen_by=seen_by)
    audit.enter(audit.Event.TASKS_EXPORTED, by=seen_by, object_kind="task", object_ref="all", rows=len(found))
    with xlsxwriter.Workbook(to, {"constant_memory": True, **cells.WORKBOOK_OPTIONS}) as book:
        sheet = book.add_worksheet("任务台账")
        head, wrapped = (
            book.add_format({"bold": True, "text_wrap": True}),
            book.add_format({"text_wrap": True, "valign": "top"}),
        )
        late = book.add_format({"text_wrap": True, "valign": "top", "font_color": "#B3261E", "bold": True})
        sheet.set_landscape()
        sheet.fit_to_pages(1, 0)
        sheet.repeat_rows(0)
        sheet.freeze_panes(1, 0)
        for column, (word, width) in enumerate(zip(_HEAD, _WIDTHS, strict=True)):
            sheet.set_column(column, column, width)
            sheet.write_string(0, column, word, head)
        for place, (task, last) in enumerate(found, start=1):
            for column, cell in enumerate(_row(task, last)):
                style = late if task.is_overdue and column in (8, 10) else wrapped
                if isinstance(cell, int):
                    sheet.write_number(place, column, cell, style)
                else:
                    sheet.write_string(place, column, cell, style)
    return len(found)


def _row(task: TaskView, last: str) -> tuple[str | int, ...]:
    return (
        task.ledger, task.number, task.chapter, task.section, task.text, tasks.shown(task.leads), tasks.shown(task.helpers),
        task.deadline_words, f"{task.due_on}" if task.due_on else "", tasks.STATES[task.state],
        "逾期" if task.is_overdue else "", task.evidence_count, last,
    )  # fmt: skip
