"""``xinyong calendar`` and ``xinyong exceptions``: the operator's tables."""

from datetime import date
from pathlib import Path

import click

from xinyong.operations import command

_JSON = click.option("--json", "as_json", is_flag=True, help="JSON")
_WEEKDAYS = "一二三四五六日"


@click.group()
def calendar() -> None:
    """工作日表 Working days that differ from Monday–Friday."""


@calendar.command("import")
@click.argument("file", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@_JSON
def import_days(file: Path, as_json: bool) -> None:
    """导入 Import a CSV: day,is_working,name,source (日期,是否上班,名称,来源), from the State Council's yearly notice."""
    command.with_database()
    from xinyong.catalogue import tables
    from xinyong.security.access import system

    rows = tables.read_working_days(file)
    count = tables.import_working_days(rows, by=system("xinyong calendar import"))
    covers = tables.calendar().covers_until
    if as_json:
        command.print_json({"rows": count, "covers_until": covers})
    else:
        click.echo(f"✓ 导入 {count} 天；正式日历至 {covers}。 Imported {count} days; official until {covers}.")


@calendar.command("show")
@click.argument("year", type=click.IntRange(1949, 2199))
@_JSON
def show(year: int, as_json: bool) -> None:
    """显示一年 Show the days of a year that differ from Monday–Friday."""
    command.with_database()
    from xinyong.catalogue import tables

    rows = tables.working_days(year)
    if as_json:
        keys = ("day", "is_working", "name", "source", "is_provisional")
        command.print_json([{key: getattr(one, key) for key in keys} for one in rows])
        return
    for one in rows:
        state = "上班 working" if one.is_working else "放假 holiday"
        word = "  （暂定 provisional）" if one.is_provisional else ""
        click.echo(f"{one.day} 星期{_WEEKDAYS[one.day.weekday()]} {state:12} {one.name}{word}")
    if tables.calendar().is_provisional(date(year, 1, 1)):
        text = f"{year} 年没有正式安排，工作日按法定节假日推算，标为暂定。"
        click.echo(f"{text} No official table for {year}: working days are provisional.")


@click.group()
def exceptions() -> None:
    """合法例外代码 Codes lawfully issued although their check character is wrong."""


@exceptions.command("add")
@click.argument("code")
@click.option("--reason", required=True, help="发放凭据 how it was lawfully issued")
@_JSON
def add(code: str, reason: str, as_json: bool) -> None:
    """列入 Add a code: from then on it is doubtful, not invalid."""
    command.with_database()
    from xinyong.catalogue import tables
    from xinyong.security.access import system

    one = tables.add_exception(code, reason=reason, by=system("xinyong exceptions add"))
    if as_json:
        command.print_json({"code": one.code, "reason": one.reason, "added_by": one.added_by})
    else:
        click.echo(f"✓ {one.code} 已列入例外：{one.reason}")


@exceptions.command("list")
@_JSON
def list_exceptions(as_json: bool) -> None:
    """列出 List the exceptions."""
    command.with_database()
    from xinyong.catalogue import tables

    rows = tables.issued()
    if as_json:
        command.print_json([{"code": one.code, "reason": one.reason, "added_by": one.added_by} for one in rows])
        return
    for one in rows:
        click.echo(f"{one.code}  {one.reason}（{one.added_by}）")
    if not rows:
        click.echo("没有例外代码。 No exceptions.")


@exceptions.command("remove")
@click.argument("code")
@_JSON
def remove(code: str, as_json: bool) -> None:
    """移出 Take a code out: from then on it is invalid again."""
    command.with_database()
    from xinyong.catalogue import tables
    from xinyong.security.access import system

    tables.remove_exception(code, by=system("xinyong exceptions remove"))
    if as_json:
        command.print_json({"code": code, "removed": True})
    else:
        click.echo(f"✓ {code} 已移出例外，今后按无效代码处理。 Removed: it is invalid from now on.")
