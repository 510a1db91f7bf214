"""``xinyong tasks``: the ledger of tasks: import a plan's table, list what stands how, remind of what is near or overdue."""

from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from xinyong.kernel import clock
from xinyong.operations import command

if TYPE_CHECKING:
    from xinyong.analytics.task_import import Preview
    from xinyong.analytics.tasks import TaskView

_JSON = click.option("--json", "as_json", is_flag=True, help="one JSON document with stable keys")
_GROUPS = {
    "all": "各成员单位 every department",
    "counties": "各县（市、区） every county",
    "": "未对应到单位 nobody registered",
}


@click.group()
def tasks() -> None:
    """任务台账 The ledger of tasks: import | list | remind."""


@tasks.command("import")
@click.argument("file", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.option("--title", default="", help="台账名称 the ledger's title (default: the plan's own, or the file's name)")
@click.option("--dry-run", is_flag=True, help="只预览 look only, keep nothing")
@_JSON
def import_tasks(file: Path, title: str, dry_run: bool, as_json: bool) -> None:
    """导入 Import a table of tasks (.csv, .xlsx, .txt with bars); again, it adds nothing. Exit code 1: lines were kept out."""
    command.with_database()
    from xinyong.analytics import task_import, task_table
    from xinyong.security.access import system

    by = system("xinyong tasks import")
    table = task_table.of_file(file, file_name=file.name, title=title)
    found = task_import.preview(table, by=by) if dry_run else task_import.keep(table, by=by, at=clock.now())
    if as_json:
        command.print_json(_result(found, dry_run))
    else:
        word = "将导入 would add" if dry_run else "已导入 added"
        click.echo(f"✓ {found.title}: {word} {found.new}，已有 known {found.known}，不能导入 kept out {found.kept_out}")
        for one in found.lines:
            for doubt in one.line.doubts:
                click.echo(f"  {'✗' if doubt.is_kept_out else '?'} 第 {one.line.row} 行 row: {doubt.zh} {doubt.en}")
    if found.kept_out:
        raise SystemExit(1)


@tasks.command("list")
@click.option("--ledger", default="", help="台账 the ledger's title")
@click.option("--owner", default="", help="单位代码 code of a department")
@click.option("--state", default="", type=click.Choice(["", "open", "under-way", "reported", "done", "cancelled"]))
@click.option("--deadline", default="", type=click.Choice(["", "overdue", "near", "dated", "ongoing", "unfixed"]))
@click.option(
    "--xlsx", type=click.Path(dir_okay=False, path_type=Path), default=None, help="写成工作簿 write a workbook"
)
@_JSON
def list_tasks(ledger: str, owner: str, state: str, deadline: str, xlsx: Path | None, as_json: bool) -> None:
    """列出 List tasks, or write them into a workbook."""
    command.with_database()
    from xinyong.analytics import task_export
    from xinyong.analytics import tasks as room
    from xinyong.security.access import system

    by, asked = system("xinyong tasks list"), room.Asked(ledger, owner, state, deadline)
    if xlsx is not None:
        count = task_export.write(asked, to=xlsx, today=clock.today(), seen_by=by)
        click.echo(f"✓ {count} 项任务 tasks → {xlsx}")
        return
    found, after = [], None
    while page := room.listing(asked, today=clock.today(), seen_by=by, after=after, limit=500)[0]:
        found += page
        after = page[-1].id
    if as_json:
        command.print_json([_task(one) for one in found])
        return
    for one in found:
        click.echo(_line(one))
    if not found:
        click.echo("没有任务。 No tasks.")


@tasks.command("remind")
@click.option("--days", default=14, show_default=True, type=click.IntRange(0, 366), help="提前天数 days ahead")
@click.option(
    "--on", "day", type=click.DateTime(["%Y-%m-%d"]), default=None, help="按这一天 as of this day (default: today)"
)
@_JSON
def remind(days: int, day: datetime | None, as_json: bool) -> None:
    """提醒 List what is overdue or near, by department. Exit code 1: something is overdue."""
    command.with_database()
    from xinyong.analytics import tasks as room
    from xinyong.security import identity
    from xinyong.security.access import system

    today = day.date() if day else clock.today()
    found = room.reminders(today=today, seen_by=system("xinyong tasks remind"), days=days)
    names = {one.code: one.name for one in identity.source_units()} | _GROUPS
    if as_json:
        command.print_json(
            {
                "as_of": today,
                "owners": [{"owner": one, "name": names[one], "tasks": [_task(t) for t in of]} for one, of in found.items()],
            }
        )  # fmt: skip
    else:
        for whom, owed in found.items():
            click.echo(names[whom])
            for one in owed:
                click.echo(f"  {_line(one)}")
        if not found:
            click.echo("没有逾期或临近到期的任务。 Nothing is overdue or near.")
    if any(one.is_overdue for owed in found.values() for one in owed):
        raise SystemExit(1)


def _result(found: "Preview", is_trial: bool) -> dict[str, Any]:
    doubts = [
        {"row": one.line.row, "code": doubt.code, "zh": doubt.zh, "en": doubt.en, "is_kept_out": doubt.is_kept_out}
        for one in found.lines
        for doubt in one.line.doubts
    ]
    return {
        "title": found.title, "is_trial": is_trial, "lines": len(found.lines), "added": found.new, "known": found.known,
        "kept_out": found.kept_out, "doubts": doubts,
    }  # fmt: skip


def _task(one: "TaskView") -> dict[str, Any]:
    keys = (
        "id", "ledger", "number", "chapter", "section", "text", "deadline_words", "due_on", "is_ongoing", "state",
        "is_overdue", "is_near", "evidence_count",
    )  # fmt: skip
    owners = [{"name": who.shown, "code": who.code, "is_lead": who.is_lead} for who in one.owners]
    return {key: getattr(one, key) for key in keys} | {"owners": owners}


def _line(one: "TaskView") -> str:
    sign = "✗" if one.is_overdue else "!" if one.is_near else "·"
    return f"{sign} {one.number:>3}  {one.due_on or ''!s:10}  {one.state:9}  {one.text[:40]}"
