"""数据库对接 Docking: a department's own database, and which of its tables or views are which catalogue item.

Declared here, pulled in pulling.py. Only tables and views are docked, no statement of anybody's; names are looked up in the
database before they are kept. A new table is paused until somebody has looked at a preview and starts it. What is removed is
closed for good and stays, with the history of its pulls. How to: docs/how-to/dock-a-database.md.
"""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime, time, timedelta
from pathlib import Path
from typing import Any

from django.conf import settings
from django.db import IntegrityError, transaction

from xinyong.catalogue import publish
from xinyong.catalogue.schema import Item
from xinyong.intake import _connecting, _network, headers, supply
from xinyong.intake._connecting import Place
from xinyong.intake.models import DockedDatabase, DockedTable
from xinyong.kernel import clock
from xinyong.kernel.errors import Conflict, Invalid, NotFound
from xinyong.security import audit, encryption, identity
from xinyong.security.access import Action, Actor, require
from xinyong.security.models import Department

_CONTEXT = "docking.password"
SLICE_ROWS, MOST_SLICE_ROWS = 200_000, 2_000_000
#: Read again before the watermark, for rows whose transaction ended late: seconds, or with a number how many.
OVERLAP_SECONDS, OVERLAP_NUMBERS = 600, 1000
LEAST_MINUTES, MOST_MINUTES = 5, 7 * 24 * 60


class UnknownDocking(NotFound):
    """No such docked database or table, or it is another unit's, which looks the same."""

    code = "intake.unknown-docking"


class BadDatabase(Invalid):
    """What was declared of a database cannot be."""

    code = "intake.bad-database"


class BadMapping(Invalid):
    """What was declared of a table cannot be: columns, watermark, key, schedule."""

    code = "intake.bad-docking"


class NameTaken(Conflict):
    """Another docked database has this name."""

    code = "intake.docking-name-taken"


class DockingRemoved(Conflict):
    """The docked database or table was removed; it is not opened again."""

    code = "intake.docking-removed"


@dataclass(frozen=True, slots=True)
class Access:
    """How to get into a database. ``password`` is sealed when it is kept; ``password_file`` names a file of the folder
    XINYONG_DOCKING_SECRETS instead. One of the two."""

    dialect: str
    host: str
    database: str
    username: str
    port: int | None = None
    password: str = ""
    password_file: str = ""
    tls: str = "require"
    ca_pem: str = ""


@dataclass(frozen=True, slots=True)
class Schedule:
    """When a table is pulled: every so many minutes, or once a day at this Beijing time."""

    every_minutes: int | None = None
    daily_at: time | None = None


def declare(*, name: str, department: str, access: Access, by: Actor, now: datetime) -> int:
    """Keeps a database of a department; returns its number. Nothing is called yet (pulling.try_out does).

    Raises NotAllowed, UnknownDepartment, BadDatabase, HostRefused, NameTaken.
    """
    require(by, Action.MANAGE_DOCKING, department=department)
    unit = identity.source_unit(department)
    kept = DockedDatabase(
        name=_name(name), source=Department.objects.get(pk=unit.id), made_at=now, made_by=by.name, **_checked(access),
        sealed=encryption.seal(access.password.encode(), context=_CONTEXT) if access.password else None,
    )  # fmt: skip
    _one_password(access)
    with _named_once(), transaction.atomic():
        kept.save()
        audit.enter(
            audit.Event.DOCKING_DECLARED, by=by, object_kind="docked-database", object_ref=str(kept.pk), unit=unit.code,
            dialect=kept.dialect, host=kept.host, port=kept.port, tls=kept.tls,
        )  # fmt: skip
    return kept.pk


def change(database_id: int, *, access: Access, by: Actor) -> None:
    """Replaces how to get in. Without a password the one that is kept stays, but only for the same server and account: it
    is never sent to another. Raises UnknownDocking, DockingRemoved, BadDatabase, HostRefused, NotAllowed."""
    kept = _open(database_id, by)
    values = _checked(access)
    if access.password or access.password_file:
        _one_password(access)
        values["sealed"] = encryption.seal(access.password.encode(), context=_CONTEXT) if access.password else None
    else:
        values["password_file"] = kept.password_file
        moved = [name for name in ("dialect", "host", "port", "username") if values[name] != getattr(kept, name)]
        weaker = kept.tls != access.tls and access.tls != "verify"
        if moved or weaker:
            raise BadDatabase(
                "服务器、账号或加密方式变了，请重新填写密码：原来的密码不会发往别处。",
                "The server, the account or the encryption changed: give the password again. The old one goes nowhere else.",
            )
    with transaction.atomic():
        DockedDatabase.objects.filter(pk=kept.pk).update(**values)
        audit.enter(
            audit.Event.DOCKING_CHANGED, by=by, object_kind="docked-database", object_ref=str(kept.pk), change="access",
            host=str(values["host"]), port=int(values["port"]), tls=str(values["tls"]),
        )  # fmt: skip


@transaction.atomic
def remove(database_id: int, *, by: Actor, now: datetime) -> None:
    """Ends a database's docking and forgets its password; tables and pulls stay as history. Same call twice: once."""
    kept = _find(database_id, by)
    require(by, Action.MANAGE_DOCKING, department=kept.source.code)
    if kept.removed_at is not None:
        return
    closed = encryption.seal(b"", context=_CONTEXT)
    DockedDatabase.objects.filter(pk=kept.pk).update(removed_at=now, sealed=closed, password_file="")
    DockedTable.objects.filter(database=kept).update(state=DockedTable.State.REMOVED, next_at=None, seen=b"")
    audit.enter(audit.Event.DOCKING_REMOVED, by=by, object_kind="docked-database", object_ref=str(kept.pk))


def declare_table(
    database_id: int,
    *,
    item_id: str,
    table: str,
    columns: Mapping[str, str],
    watermark: str,
    schedule: Schedule,
    schema: str = "",
    key: str = "",
    overlap: int | None = None,
    slice_rows: int = SLICE_ROWS,
    by: Actor,
    now: datetime,
) -> int:
    """Declares that a table or view holds an item; returns its number. ``columns``: column → field code, no others are read.
    The database is asked whether they exist. The table is paused until it is started (``resume``).

    Raises UnknownDocking, UnknownItem, NotGranted, BadMapping, NotAllowed, DatabaseFailed and its kinds.
    """
    kept = _open(database_id, by)
    require(by, Action.MANAGE_DOCKING, department=kept.source.code, item=item_id)
    item = publish.current_reported(item_id, on=now.date())
    supply.require_may(identity.source_unit(kept.source.code), item, on=now.date())
    require_mapped(item, columns)
    _require_schedule(schedule, slice_rows)
    is_number = _asked(kept, schema, table, columns, watermark, key)
    usual = OVERLAP_NUMBERS if is_number else OVERLAP_SECONDS
    made = DockedTable(
        database=kept, source=kept.source, item_id=item.id, schema=schema, table=table, watermark=watermark, key=key,
        columns=[[name, code] for name, code in columns.items()], is_number=is_number,
        overlap=usual if overlap is None else overlap, slice_rows=slice_rows, every_minutes=schedule.every_minutes,
        daily_at=schedule.daily_at, made_at=now, made_by=by.name,
    )  # fmt: skip
    with transaction.atomic():
        made.save()
        audit.enter(
            audit.Event.DOCKING_DECLARED, by=by, object_kind="docked-table", object_ref=str(made.pk), item=item.id,
            unit=kept.source.code, table=_shown(schema, table), columns=len(columns), watermark=watermark,
        )  # fmt: skip
    return made.pk


def pause(table_id: int, *, by: Actor) -> None:
    """No more pulls until it is started again; one under way hands in what it has read. Raises UnknownDocking,
    DockingRemoved, NotAllowed."""
    _set(table_id, by, "pause", state=DockedTable.State.PAUSED, next_at=None)


def resume(table_id: int, *, by: Actor, now: datetime) -> None:
    """Starts the schedule: the next pull is due at once. Also asks for a pull out of turn. Raises as ``pause`` does."""
    _set(table_id, by, "resume", state=DockedTable.State.ACTIVE, next_at=now, failures=0)


def rewind(table_id: int, *, by: Actor) -> None:
    """Lets the next pull read from the beginning: what is in the archive already is "unchanged". Raises as ``pause``."""
    _set(table_id, by, "rewind", mark="", ceiling="", at=None, seen=b"", seen_rows=0)


@transaction.atomic
def remove_table(table_id: int, *, by: Actor) -> None:
    """Ends a table's docking; its pulls and what they brought stay. Same call twice: once. Raises UnknownDocking."""
    kept = find_table(table_id, by, for_change=True)
    if kept.state != DockedTable.State.REMOVED:
        DockedTable.objects.filter(pk=kept.pk).update(state=DockedTable.State.REMOVED, next_at=None, seen=b"")
        audit.enter(audit.Event.DOCKING_REMOVED, by=by, object_kind="docked-table", object_ref=str(kept.pk))


def next_time(table: DockedTable, now: datetime) -> datetime:
    """When a table that was pulled now is due again."""
    if table.every_minutes is not None:
        return now + timedelta(minutes=table.every_minutes)
    assert table.daily_at is not None
    local = now.astimezone(clock.ZONE)
    today = datetime.combine(local.date(), table.daily_at, tzinfo=clock.ZONE)
    return today if today > local else today + timedelta(days=1)


def place(kept: DockedDatabase) -> Place:
    """Where a database is."""
    return Place(
        kept.name, kept.dialect, kept.host, kept.port, kept.database, kept.username, kept.tls, kept.ca_pem
    )  # fmt: skip


def password(kept: DockedDatabase) -> str:
    """The password, for connecting and nothing else. Raises BadDatabase when its file is not there."""
    if not kept.password_file:
        assert kept.sealed is not None
        return encryption.unseal(bytes(kept.sealed), context=_CONTEXT).decode()
    try:
        return (Path(settings.DOCKING_SECRETS) / kept.password_file).read_text(encoding="utf-8").strip("\r\n")
    except OSError as error:
        raise _no_file(kept.password_file) from error


def require_mapped(item: Item, columns: Mapping[str, str]) -> None:
    """Raises BadMapping, UnknownChoice unless these columns can be a file of the item."""
    if not columns:
        raise BadMapping("请至少对应一列。", "Map at least one column.")
    found = headers.map_headers(list(columns), item, chosen=columns)
    if found.missing:
        names = "、".join(item.field_of(code).name_zh for code in found.missing)
        raise BadMapping(
            f"还缺必填项：{names}。请把它们对应到表中的列。",
            f"Required fields have no column: {', '.join(found.missing)}.",
            missing=list(found.missing),
        )


def find_table(table_id: int, by: Actor, *, for_change: bool = False) -> DockedTable:
    """The table with its database; within a transaction and ``for_change`` locked. Raises UnknownDocking, NotAllowed."""
    require(by, Action.MANAGE_DOCKING)
    asked = DockedTable.objects.select_related("database", "source")
    kept = (asked.select_for_update(of=("self",)) if for_change else asked).filter(pk=table_id).first()
    if kept is None or not may_see(kept.item_id, by):
        raise unknown(table_id)
    require(by, Action.MANAGE_DOCKING, department=kept.source.code, item=kept.item_id)
    return kept


def may_see(item_id: str, seen_by: Actor) -> bool:
    """True when the item is among the reader's."""
    return seen_by.items is None or item_id in seen_by.items


def unknown(number: int) -> UnknownDocking:
    """The error for a number nobody knows, or not this reader."""
    return UnknownDocking(f"没有编号为 {number} 的数据库对接。", f"There is no docking with the number {number}.")


def find_database(database_id: int, by: Actor) -> DockedDatabase:
    """A database that is not removed. Raises UnknownDocking, DockingRemoved, NotAllowed."""
    return _open(database_id, by)


def _set(table_id: int, by: Actor, change: str, **values: Any) -> None:
    with transaction.atomic():
        kept = find_table(table_id, by, for_change=True)
        if kept.state == DockedTable.State.REMOVED:
            raise removed()
        DockedTable.objects.filter(pk=kept.pk).update(**values)
        audit.enter(
            audit.Event.DOCKING_CHANGED, by=by, object_kind="docked-table", object_ref=str(kept.pk), change=change
        )


def removed() -> DockingRemoved:
    """The error for what was removed."""
    return DockingRemoved(
        "这项对接已经移除，不能再用。如需恢复，请重新登记。", "This docking was removed and stays so. Declare it anew."
    )


def _find(database_id: int, by: Actor) -> DockedDatabase:
    require(by, Action.MANAGE_DOCKING)
    kept = DockedDatabase.objects.select_related("source").filter(pk=database_id).first()
    if kept is None:
        raise unknown(database_id)
    return kept


def _open(database_id: int, by: Actor) -> DockedDatabase:
    kept = _find(database_id, by)
    require(by, Action.MANAGE_DOCKING, department=kept.source.code)
    if kept.removed_at is not None:
        raise removed()
    return kept


@contextmanager
def _named_once() -> Iterator[None]:
    """Translates the constraint that a name is one database's."""
    try:
        yield
    except IntegrityError as error:
        if "docked_database_name_once" not in str(error):
            raise
        raise NameTaken(
            "已有同名的数据库对接，请换一个名称。", "A docked database has this name already; choose another."
        ) from error


def _name(text: str) -> str:
    name = " ".join(text.split())
    if not 1 <= len(name) <= 80:
        raise BadDatabase(
            "请给这个数据库起一个 80 字以内的名称。", "Give the database a name of at most 80 characters."
        )
    return name


def _checked(access: Access) -> dict[str, Any]:
    if access.dialect not in DockedDatabase.Dialect.values or access.tls not in DockedDatabase.Tls.values:
        raise BadDatabase(
            f"数据库种类应为 {'、'.join(DockedDatabase.Dialect.values)}，加密方式应为 {'、'.join(DockedDatabase.Tls.values)}。",
            f"The kind is one of {', '.join(DockedDatabase.Dialect.values)}; tls one of "
            f"{', '.join(DockedDatabase.Tls.values)}.",
        )
    if access.tls == "verify" and access.dialect in {"mssql", "oracle"}:
        raise BadDatabase(
            "SQL Server 和 Oracle 的驱动不能核对证书：请选“加密”，并把两台机器放在可信的网络里。",
            "The drivers of SQL Server and Oracle cannot verify certificates as used here: choose require, on a trusted network.",
        )
    port = access.port or _connecting.PORTS[access.dialect]
    texts = {"database": access.database.strip(), "username": access.username.strip()}
    if not 1 <= port <= 65535 or not all(1 <= len(text) <= 128 and text.isprintable() for text in texts.values()):
        raise BadDatabase(
            "请填写库名、用户名（各 128 字以内）和 1 至 65535 的端口。",
            "Give database and user (128 characters each at most) and a port from 1 to 65535.",
        )
    return {
        "dialect": access.dialect, "host": _network.require_host(access.host), "port": port, **texts, "tls": access.tls,
        "ca_pem": _authority(access.ca_pem), "password_file": access.password_file,
    }  # fmt: skip


def _authority(pem: str) -> str:
    if pem.strip() and ("BEGIN CERTIFICATE" not in pem or "PRIVATE KEY" in pem or not pem.isascii()):
        raise BadDatabase(
            "根证书应为 PEM 格式的证书（BEGIN CERTIFICATE），不要粘贴私钥。",
            "The authority must be a certificate in PEM form (BEGIN CERTIFICATE), and no private key.",
        )
    return pem.strip()


def _one_password(access: Access) -> None:
    if bool(access.password) == bool(access.password_file):
        raise BadDatabase(
            "请填写密码，或指定密码文件，二者取一。", "Give a password, or a file that holds it: one of the two."
        )
    if access.password_file:
        name = access.password_file
        if not settings.DOCKING_SECRETS or Path(name).name != name or name.startswith("."):
            raise _no_file(name)
        if not (Path(settings.DOCKING_SECRETS) / name).is_file():
            raise _no_file(name)


def _no_file(name: str) -> BadDatabase:
    return BadDatabase(
        f"密码文件“{name[:80]}”不在 XINYONG_DOCKING_SECRETS 所指的文件夹里，或不能读取。",
        f"The password file “{name[:80]}” is not in the folder XINYONG_DOCKING_SECRETS, or cannot be read.",
    )


def _require_schedule(schedule: Schedule, slice_rows: int) -> None:
    minutes = schedule.every_minutes
    if (minutes is None) == (schedule.daily_at is None):
        raise BadMapping(
            "请选择每隔几分钟，或每天几点拉取，二者取一。", "Pull every so many minutes or daily: one of the two."
        )
    if minutes is not None and not LEAST_MINUTES <= minutes <= MOST_MINUTES:
        raise BadMapping(
            f"间隔应为 {LEAST_MINUTES} 至 {MOST_MINUTES} 分钟。",
            f"Pull every {LEAST_MINUTES} to {MOST_MINUTES} minutes.",
        )
    if not 1 <= slice_rows <= MOST_SLICE_ROWS:
        raise BadMapping(f"每批行数应为 1 至 {MOST_SLICE_ROWS:,}。", f"A slice has 1 to {MOST_SLICE_ROWS:,} rows.")


def _asked(kept: DockedDatabase, schema: str, table: str, columns: Mapping[str, str], watermark: str, key: str) -> bool:
    """Asks the database whether all this is there; True when the watermark is a number."""
    from xinyong.intake import _source  # half a second, which only those pay who connect

    with _source.session(place(kept), password(kept)) as connection:
        found = _source.columns(connection, schema, table)
    missing = [name for name in (*columns, watermark, *([key] if key else [])) if name not in found]
    if missing:
        raise BadMapping(
            f"表 {_shown(schema, table)} 中没有这些列：{'、'.join(missing)}。现有：{'、'.join(list(found)[:40])}。",
            f"{_shown(schema, table)} has no such columns: {', '.join(missing)}. It has: {', '.join(list(found)[:40])}.",
        )
    unfit = [name for name in columns if found[name].kind == "unfit"]
    if unfit:
        raise BadMapping(
            f"这些列不是文字、数字或日期，不能报送：{'、'.join(unfit)}。",
            f"These columns hold no text, number or date: {', '.join(unfit)}.",
        )
    if found[watermark].kind not in {"moment", "day", "number"}:
        raise BadMapping(
            f"水位列 {watermark} 应是更新时间、日期或只增的数字。",
            f"The watermark {watermark} must be an instant, a date or a number that only grows.",
        )
    if key and found[key].kind not in {"number", "text"}:
        raise BadMapping(f"主键列 {key} 应是数字或文字。", f"The key {key} must be a number or a text.")
    return found[watermark].kind == "number"


def _shown(schema: str, table: str) -> str:
    return f"{schema}.{table}" if schema else table


def meant(item: Item, columns: Sequence[tuple[str, str]]) -> dict[str, str]:
    """The field that each column (name, comment) means, by its name first and then by its comment; none twice."""
    by_name = headers.map_headers([name for name, _ in columns], item)
    found = {columns[place][0]: code for place, code in by_name.columns.items()}
    rest = [(name, comment) for name, comment in columns if name not in found and comment]
    by_comment = headers.map_headers([comment for _, comment in rest], item)
    taken = set(found.values())
    return found | {rest[place][0]: code for place, code in by_comment.columns.items() if code not in taken}
