"""``xinyong docking``: departments' databases that rows are pulled from. A password is never an argument."""

import sys
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from xinyong.operations import command

if TYPE_CHECKING:
    from xinyong.intake.docked import DatabaseView, TableView
    from xinyong.intake.docking import Access

_JSON = click.option("--json", "as_json", is_flag=True, help="JSON")
_FILE = click.Path(exists=True, dir_okay=False, path_type=Path)
_ACCESS = (
    click.option("--dialect", required=True, type=click.Choice(["postgresql", "mysql", "mssql", "oracle"])),
    click.option("--host", required=True, help="域名或 IP，须在 XINYONG_DOCKING_NETWORKS 内 name or address"),
    click.option("--port", type=int, help="端口，不给即该种数据库的常用端口 the usual one when not given"),
    click.option("--database", required=True, help="库名；Oracle 为服务名 database, for Oracle the service"),
    click.option("--user", required=True, help="只读账号 an account that may only read"),
    click.option("--tls", type=click.Choice(["verify", "require", "off"]), default="require", show_default=True),
    click.option("--ca", type=_FILE, help="对方的根证书（PEM） the authority of its certificate"),
    click.option("--password-file", type=_FILE, help="从这个文件读密码并加密保存 read it here and keep it sealed"),
    click.option("--secret", default="", help="密码留在 XINYONG_DOCKING_SECRETS 的这个文件里 it stays in this file there"),
)  # fmt: skip


@click.group()
def docking() -> None:
    """数据库对接 Departments' databases, pulled by table and watermark (docs/how-to/dock-a-database.md)."""


def _with_access(verb: Any) -> Any:
    for option in reversed(_ACCESS):
        verb = option(verb)
    return verb


@docking.command("list")
@_JSON
def list_databases(as_json: bool) -> None:
    """列出 List databases and tables, and how their pulls go."""
    command.with_database()
    from xinyong.intake import docked
    from xinyong.security.access import system

    found = docked.databases(seen_by=system("xinyong docking list"))
    if as_json:
        command.print_json([_facts(one) for one in found])
        return
    for one in found:
        state = "（已移除 removed）" if one.is_removed else ""
        click.echo(
            f"{one.id}  {one.name}{state}  {one.dialect_name}  {one.host}:{one.port}/{one.database}  {one.source_code}"
        )
        for table in one.tables:
            click.echo(f"    {table.id}  {table.table} → {table.item_id}  {_state(table)}")
    if not found:
        click.echo("还没有对接的数据库。请用 xinyong docking add 登记。 Nothing is docked yet.")


@docking.command("add")
@click.argument("name")
@click.option("--department", required=True, help="所属单位的统一社会信用代码 code of its department")
@_with_access
@_JSON
def add(name: str, department: str, as_json: bool, **given: Any) -> None:
    """登记数据库 Declare a database; its password is asked for, or comes from a file or XINYONG_DOCKING_PASSWORD."""
    command.with_database()
    from xinyong.intake import docking as room
    from xinyong.kernel import clock
    from xinyong.security.access import system

    number = room.declare(
        name=name, department=department, access=_access(**given), by=system("xinyong docking add"), now=clock.now()
    )
    if as_json:
        command.print_json({"database": number, "name": name})
    else:
        click.echo(
            f"✓ 数据库 {number}（{name}）已登记。请用 xinyong docking test {number} 测试连接。 Declared; now test it."
        )


@docking.command("change")
@click.argument("number", type=int)
@_with_access
@click.option("--keep-password", is_flag=True, help="密码不变（服务器和账号也不变时） the password stays")
@_JSON
def change(number: int, keep_password: bool, as_json: bool, **given: Any) -> None:
    """更改连接 Replace how to get in to the database of this number."""
    command.with_database()
    from xinyong.intake import docking as room
    from xinyong.security.access import system

    room.change(number, access=_access(keep=keep_password, **given), by=system("xinyong docking change"))
    _said(number, "的连接已更改。 Changed.", as_json, state="changed")


@docking.command("test")
@click.argument("database", type=int)
@click.option("--schema", default="", help="模式 only for servers that have them")
@_JSON
def test(database: int, schema: str, as_json: bool) -> None:
    """测试连接 Connect as a pull would; name the tables and views the account sees. Exit code 3 says what is wrong."""
    command.with_database()
    from xinyong.intake import pulling
    from xinyong.security.access import system

    found = pulling.try_out(database, schema=schema, by=system("xinyong docking test"))
    if as_json:
        facts = {"server": found.server, "is_encrypted": found.is_encrypted, "tables": found.tables}
        command.print_json({"database": database} | facts)
        return
    secure = {
        True: "已加密 encrypted",
        False: "未加密 NOT encrypted",
        None: "服务器未说明是否加密 it does not say whether encrypted",
    }
    click.echo(f"✓ 连接成功 connected: {found.server}，{secure[found.is_encrypted]}")
    for name in found.tables:
        click.echo(f"    {name}")
    if not found.tables:
        click.echo("    没有可见的表：请该部门授予 SELECT 权限，或用 --schema 指定模式。 It sees no table.")


@docking.command("columns")
@click.argument("database", type=int)
@click.argument("table")
@click.option("--item", required=True, help="事项 catalogue item")
@click.option("--schema", default="")
@_JSON
def columns(database: int, table: str, item: str, schema: str, as_json: bool) -> None:
    """列出列 The columns of a table or view, and the field that each one's name or comment means."""
    command.with_database()
    from xinyong.intake import pulling
    from xinyong.security.access import system

    found = pulling.suggest(database, item_id=item, table=table, schema=schema, by=system("xinyong docking columns"))
    if as_json:
        command.print_json([{"column": c.name, "kind": c.kind, "comment": c.comment, "field": c.field} for c in found])
        return
    for one in found:
        click.echo(f"{one.name}  {one.kind}  {one.comment}  → {one.field or '—'}")


@docking.command("map")
@click.argument("database", type=int)
@click.argument("table")
@click.option("--item", required=True, help="事项 catalogue item")
@click.option("--column", "given", multiple=True, help="列=数据项代码，可多次；不给即按列名和注释对应 COLUMN=FIELD")
@click.option("--watermark", required=True, help="更新时间列或只增的数字列 column that grows with every change")
@click.option(
    "--key", default="", help="唯一且不空的列，同一时刻的行按它排序 unique column that orders rows of one instant"
)
@click.option("--schema", default="")
@click.option("--every", "every_minutes", type=int, help="每隔几分钟 every so many minutes")
@click.option("--daily", type=click.DateTime(["%H:%M"]), help="每天几点（北京时间） daily at")
@click.option("--overlap", type=int, help="回看：秒，数字水位为个数 read again before the watermark; 600 s, or 1000")
@click.option(
    "--slice", "slice_rows", type=int, default=200_000, show_default=True, help="每批行数 rows of a submission"
)
@_JSON
def map_table(
    database: int, table: str, item: str, given: tuple[str, ...], watermark: str, key: str, schema: str,
    every_minutes: int | None, daily: datetime | None, overlap: int | None, slice_rows: int, as_json: bool,
) -> None:  # fmt: skip
    """对应表 Declare that a table or view holds an item. It is paused until resumed."""
    command.with_database()
    from xinyong.intake import docking as room
    from xinyong.intake import pulling
    from xinyong.kernel import clock
    from xinyong.security.access import system

    by = system("xinyong docking map")
    pairs = dict(_pair(one) for one in given)
    if not pairs:
        found = pulling.suggest(database, item_id=item, table=table, schema=schema, by=by)
        pairs = {one.name: one.field for one in found if one.field}
    number = room.declare_table(
        database, item_id=item, table=table, schema=schema, columns=pairs, watermark=watermark, key=key,
        schedule=room.Schedule(every_minutes, daily.time() if daily else None), overlap=overlap, slice_rows=slice_rows,
        by=by, now=clock.now(),
    )  # fmt: skip
    if as_json:
        command.print_json({"table": number, "columns": pairs})
        return
    for name, code in pairs.items():
        click.echo(f"    {name} → {code}")
    click.echo(
        f"✓ 已登记为 {number}，尚未启用。请先 xinyong docking preview {number}，再 resume {number}。 Declared, paused."
    )


@docking.command("preview")
@click.argument("table", type=int)
@_JSON
def preview(table: int, as_json: bool) -> None:
    """预览 The first 20 rows as the item's fields, judged by its rules; nothing is kept. Exit code 1: something is wrong."""
    command.with_database()
    from xinyong.intake import pulling
    from xinyong.security.access import system

    found = pulling.preview(table, by=system("xinyong docking preview"))
    counts = found.trial.counts
    if as_json:
        command.print_json(
            {
                "columns": found.headers, "rows": found.rows, "accepted": counts.accepted, "doubtful": counts.doubtful,
                "rejected": counts.rejected, "has_unmarked": found.has_unmarked,
                "findings": [[one.row_no, one.column, one.message, one.message_en] for one in found.trial.findings],
            }
        )  # fmt: skip
    else:
        for number, row in enumerate(found.rows, 1):
            click.echo(
                f"{number}. " + "  ".join(f"{code}={text}" for (_, code), text in zip(found.headers, row, strict=True))
            )
        click.echo(
            f"可入库 {counts.accepted}，待核 {counts.doubtful}，退回 {counts.rejected} accepted, doubtful, rejected"
        )
        for one in found.trial.findings[:50]:
            click.echo(f"  ! 第 {one.row_no} 行 {one.column}: {one.message}")
        if found.has_unmarked:
            click.echo("  ! 有的行水位列为空，永远不会被拉取。 Rows without a watermark are never pulled.")
    sys.exit(1 if counts.accepted < counts.rows_read else 0)


@docking.command("run")
@click.argument("table", type=int)
@_JSON
def run(table: int, as_json: bool) -> None:
    """立即拉取 Pull now, to the end, and do the work on what comes. Killed, the next run goes on where this one stopped."""
    command.with_database()
    from xinyong.intake import pulling, submit
    from xinyong.kernel import clock
    from xinyong.kernel.errors import XinyongError
    from xinyong.security.access import system

    by, began, done = system("xinyong docking run"), clock.now(), []
    while True:
        try:
            found = pulling.pull(table, by=by, now=clock.now())
        except pulling.PullBusy:
            raise
        except XinyongError as error:
            pulling.note_failure(table, error, by=by, started_at=began, now=clock.now())
            raise
        if found.submission is not None:
            view = submit.run(found.submission.id, by=by)
            done.append({"submission": view.id, "status": view.status, "rows": found.rows, "accepted": view.counts.accepted,
                         "doubtful": view.counts.doubtful, "rejected": view.counts.rejected,
                         "unchanged": view.counts.unchanged})  # fmt: skip
            if not as_json:
                click.echo("  ".join(f"{name} {value}" for name, value in done[-1].items()))
        if not found.is_more:
            break
    if as_json:
        command.print_json({"table": table, "submissions": done})
    elif not done:
        click.echo("没有新数据。 Nothing new.")
    sys.exit(1 if any(one["doubtful"] or one["rejected"] or one["status"] != "deposited" for one in done) else 0)


@docking.command("pause")
@click.argument("table", type=int)
@_JSON
def pause(table: int, as_json: bool) -> None:
    """暂停 No more pulls until resumed."""
    command.with_database()
    from xinyong.intake import docking as room
    from xinyong.security.access import system

    room.pause(table, by=system("xinyong docking pause"))
    _said(table, "已暂停。 Paused.", as_json, state="paused")


@docking.command("resume")
@click.argument("table", type=int)
@click.option(
    "--again", is_flag=True, help="从头重读；已有的记为未变 read from the beginning; what is there is unchanged"
)
@_JSON
def resume(table: int, again: bool, as_json: bool) -> None:
    """启用 Start the schedule; the worker pulls at once."""
    command.with_database()
    from xinyong.intake import docking as room
    from xinyong.kernel import clock
    from xinyong.security.access import system

    by = system("xinyong docking resume")
    if again:
        room.rewind(table, by=by)
    room.resume(table, by=by, now=clock.now())
    _said(table, "已启用，后台作业随即拉取。 Started.", as_json, state="active")


@docking.command("remove")
@click.argument("number", type=int)
@click.option("--database", "is_database", is_flag=True, help="移除整个数据库及其各表 the database with all its tables")
@_JSON
def remove(number: int, is_database: bool, as_json: bool) -> None:
    """移除 End a table's docking, or a database's; what was pulled and its history stay."""
    command.with_database()
    from xinyong.intake import docking as room
    from xinyong.kernel import clock
    from xinyong.security.access import system

    by = system("xinyong docking remove")
    if is_database:
        room.remove(number, by=by, now=clock.now())
    else:
        room.remove_table(number, by=by)
    _said(number, "已移除，历史保留。 Removed; its history stays.", as_json, state="removed")


def _access(
    *, dialect: str, host: str, port: int | None, database: str, user: str, tls: str, ca: Path | None,
    password_file: Path | None, secret: str, keep: bool = False,
) -> "Access":  # fmt: skip
    from django.conf import settings

    from xinyong.intake.docking import Access

    password = ""
    if password_file is not None:
        password = password_file.read_text(encoding="utf-8").strip("\r\n")
    elif not secret and not keep:
        password = settings.DOCKING_PASSWORD or click.prompt("密码 password", hide_input=True, err=True)
    return Access(
        dialect=dialect, host=host, port=port, database=database, username=user, tls=tls, password=password,
        password_file=secret, ca_pem=ca.read_text(encoding="utf-8") if ca else "",
    )  # fmt: skip


def _pair(text: str) -> tuple[str, str]:
    column, is_pair, code = text.rpartition("=")
    if not is_pair or not column or not code:
        raise click.UsageError(f"--column 写作 列=数据项代码 / write COLUMN=FIELD: {text}")
    return column, code


def _said(number: int, words: str, as_json: bool, **facts: str) -> None:
    if as_json:
        command.print_json({"number": number} | facts)
    else:
        click.echo(f"✓ {number} {words}")


def _state(table: "TableView") -> str:
    words = {"active": "运行中 active", "paused": "已暂停 paused", "removed": "已移除 removed"}[table.state]
    last = f"，上次 last: {table.pulled_at:%Y-%m-%d %H:%M}" if table.pulled_at else ""
    why = table.last.code if table.last else ""
    failed = f"，连续失败 failures: {table.failures} [{why}]" if table.failures else ""
    return f"{words}，{table.rows:,} 行 rows{last}{failed}"


def _facts(one: "DatabaseView") -> dict[str, object]:
    keys = ("id", "name", "source_code", "dialect", "host", "port", "database", "username", "tls", "is_removed")
    of_table = ("id", "table", "item_id", "columns", "watermark", "key", "overlap", "slice_rows", "every_minutes",
                "daily_at", "state", "mark", "next_at", "failures", "pulled_at", "rows")  # fmt: skip
    found: dict[str, object] = {key: getattr(one, key) for key in keys}
    tables = [
        {key: getattr(table, key) for key in of_table} | {"failure": table.last.code if table.last else ""}
        for table in one.tables
    ]
    return found | {"tables": tables}
