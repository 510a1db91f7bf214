"""``xinyong doctor``: is this installation well? Each check says what was found and, when it is not well, what to do."""

import sys
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

import click

from xinyong import __version__
from xinyong.kernel import clock
from xinyong.kernel.calendar import WORKING_DAYS
from xinyong.operations import command

GOOD, CARE, BAD = "good", "care", "bad"
_SIGNS = {GOOD: "✓", CARE: "!", BAD: "✗"}


@dataclass(frozen=True, slots=True)
class Check:
    """One finding of the doctor."""

    name: str
    state: str
    found: str
    advice: str = ""


@click.command()
@click.option("--json", "as_json", is_flag=True)
def doctor(as_json: bool) -> None:
    """自检。Checks database, migrations, versions, disk, clock, calendar table, keys, waiting work. Exit 1: something needs care."""
    command.with_database()
    checks = _versions() + _database() + _roles() + _disk()
    if all(check.state == GOOD for check in checks if check.name == "migrations"):
        checks += [check for part in _READ_TABLES for check in part()]
    if as_json:
        command.print_json({c.name: {"state": c.state, "found": c.found, "advice": c.advice} for c in checks})
    else:
        for check in checks:
            click.echo(f"{_SIGNS[check.state]} {check.name:<12} {check.found}")
            if check.advice:
                click.echo(f"  → {check.advice}")
    sys.exit(0 if all(check.state == GOOD for check in checks) else 1)


def _versions() -> list[Check]:
    import django

    python = ".".join(str(part) for part in sys.version_info[:3])
    return [Check("versions", GOOD, f"xinyong {__version__}, Python {python}, Django {django.__version__}")]


def _database() -> list[Check]:
    from django.db import connection
    from django.db.migrations.executor import MigrationExecutor

    with connection.cursor() as cursor:
        cursor.execute("SELECT current_setting('server_version_num')::int, current_setting('server_version'), now()")
        number, version, server_time = cursor.fetchone()
        cursor.execute("SELECT current_setting('fsync'), pg_size_pretty(pg_database_size(current_database()))")
        fsync, size = cursor.fetchone()
    executor = MigrationExecutor(connection)
    pending = len(executor.migration_plan(executor.loader.graph.leaf_nodes()))
    drift = abs((datetime.now(UTC) - server_time).total_seconds())
    return [
        Check("database", GOOD if number >= 150000 else BAD, f"PostgreSQL {version}, {size}",
              "" if number >= 150000 else "需要 PostgreSQL 15 或更高版本。PostgreSQL 15 or later is needed."),
        Check("durability", GOOD if fsync == "on" else BAD, f"fsync {fsync}",
              "" if fsync == "on" else "断电会丢数据：请设置 fsync=on。Data can be lost: set fsync=on."),
        Check("migrations", GOOD if not pending else BAD, f"{pending} pending",
              "" if not pending else "运行 xinyong setup。Run xinyong setup."),
        Check("clock", GOOD if drift < 5 else BAD, f"{drift:.1f} s from the database's",
              "" if drift < 5 else "请校准系统时间（NTP）：期限按日期计算。Set the system's time: terms count days."),
    ]  # fmt: skip


def _roles() -> list[Check]:
    """Whether the running program could change its tables or the past (security/separation.py)."""
    from django.db import connection

    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT current_user, session_user, pg_has_role(session_user, d.datdba, 'MEMBER'), r.rolsuper"
            " FROM pg_database d, pg_roles r WHERE d.datname = current_database() AND r.rolname = session_user"
        )
        current, login, is_owner, is_super = cursor.fetchone()
    if current != "xinyong_app":
        return [Check("roles", BAD, f"runs as {current}, the owner of its tables",
                      "程序能改动只增不改的表：请按 docs/how-to/own-postgresql.md 建立角色。The program could change what is"
                      " append-only: make the roles of docs/how-to/own-postgresql.md.")]  # fmt: skip
    if is_owner or is_super:
        return [Check("roles", CARE, f"runs as {current}, but signs in as {login}, who could take more",
                      "请让程序以普通用户登录，属主另用 XINYONG_OWNER_URL。Let it sign in as a plain user; give the owner in"
                      " XINYONG_OWNER_URL.")]  # fmt: skip
    return [Check("roles", GOOD, f"runs as {current}")]


def _disk() -> list[Check]:
    """Each disk that intake writes to; the data directory's is "disk"."""
    from xinyong.intake import space

    advice = {
        space.State.GOOD: "",
        space.State.CARE: "请清理或扩容这个磁盘。Free or enlarge this disk.",
        space.State.BAD: "空间不足，新文件不收，处理暂停；腾出后自动继续。Too little: files are refused and work waits until there is room.",
    }
    return [
        Check("disk" if one.name == "data" else f"disk-{one.name}", one.state.value,
              f"{one.free / 2**30:.1f} GiB free ({one.percent}%), {one.folder}", advice[one.state])
        for one in space.disks()
    ]  # fmt: skip


def _calendar() -> list[Check]:
    from xinyong.catalogue import tables

    calendar, today = tables.calendar(), clock.today()
    covers, due = calendar.covers_until, calendar.add_working_days(today, WORKING_DAYS)
    left = covers - today
    state = GOOD if left > timedelta(days=61) else CARE if left > timedelta(days=0) else BAD
    advice = (
        ""
        if state == GOOD
        else "国务院办公厅放假通知公布后，请导入下一年度：xinyong calendar import FILE。"
        "Import next year's table when the official notice is out; until then later deadlines are provisional."
    )
    word = " (暂定 provisional)" if due.is_provisional else ""
    return [Check("calendar", state, f"official until {covers}; decided today is due by {due.on}{word}", advice)]


def _catalogue() -> list[Check]:
    from xinyong.catalogue import publish

    items = publish.items()
    advice = "" if items else "运行 xinyong setup。Run xinyong setup."
    return [Check("catalogue", GOOD if items else BAD, f"{len(items)} items in force", advice)]


def _keys() -> list[Check]:
    from django.conf import settings

    from xinyong.kernel.errors import XinyongError
    from xinyong.security import keyring

    secrets = [path for path in (settings.XINYONG_HOME / "keys").glob("*") if path.is_file()]
    named = [settings.KEYS["pin_file"]] if settings.KEYS["pin_file"] else []
    exposed = [str(path) for path in [*secrets, *map(Path, named)] if path.exists() and path.stat().st_mode & 0o077]
    try:
        count = len(keyring.all_keys())
    except XinyongError as error:
        return [Check("keys", BAD, error.en, error.zh)]
    found = f"provider {settings.KEYS['provider']}, {count} data keys, " + (
        "readable by others" if exposed else "private"
    )
    return [Check("keys", BAD if exposed else GOOD, found, f"chmod 600 {' '.join(exposed)}" if exposed else "")]


def _work() -> list[Check]:
    from xinyong.intake import submit

    waiting = len(submit.unfinished())
    advice = "" if not waiting else "后台作业应在运行：xinyong serve 或 xinyong worker。The worker should be running."
    return [Check("intake", GOOD if not waiting else CARE, f"{waiting} submissions unfinished", advice)]


def _interruptions() -> list[Check]:
    from xinyong.intake import interruptions

    count, held = interruptions.counts()
    advice = (
        ""
        if not count
        else "查看原因和办法：xinyong interruptions list。See why, and what to do: xinyong interruptions list."
    )
    state = GOOD if not count else BAD if held else CARE
    return [Check("interrupted", state, f"{count} submissions interrupted, {held} of them held", advice)]


def _docking() -> list[Check]:
    from xinyong.intake import pulling

    failing = pulling.failing()
    advice = "" if not failing else "查看原因：xinyong docking list。See why: xinyong docking list."
    return [Check("docking", GOOD if not failing else CARE, f"{failing} tables fail again and again", advice)]


def _feeds() -> list[Check]:
    from xinyong.intake import feed

    late = feed.late(now=clock.now())
    advice = "" if not late else "查看缺号：xinyong feed status。See what is missing: xinyong feed status."
    return [Check("feeds", GOOD if not late else CARE, f"{len(late)} change feeds wait for a missing number", advice)]


def _evidence() -> list[Check]:
    from xinyong.security.ledger import health, witnesses

    now = clock.now()
    found = health.now(now)
    age = found.age(now)
    if found.trouble is not None:
        return [Check("evidence", BAD, "no checkpoint can be signed", f"{found.trouble[0]} {found.trouble[1]}")]
    if age is None:
        return [Check("evidence", GOOD, f"no checkpoint yet, {found.waiting:,} entries waiting")]
    late = "" if age < found.limit else "后台作业应在运行：xinyong serve。The worker should be running: xinyong serve."
    alone = "" if witnesses.keys() else "没有见证方：见 docs/how-to/verify-the-log.md。There is no witness yet."
    said = (
        f"checkpoint {str(age).split('.')[0]} old, {found.waiting:,} entries waiting, {len(witnesses.keys())} witnesses"
    )
    return [Check("evidence", BAD if late else GOOD, said, late or alone)]


_READ_TABLES: tuple[Callable[[], list[Check]], ...] = (
    _calendar, _catalogue, _keys, _work, _interruptions, _docking, _feeds, _evidence,
)  # fmt: skip
