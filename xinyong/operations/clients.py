"""``xinyong clients`` and ``xinyong partners``: who calls the interface, and which nodes exchange messages with this one."""

from datetime import datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING

import click

from xinyong.operations import command

if TYPE_CHECKING:
    from xinyong.security.clients import ClientView

_JSON = click.option("--json", "as_json", is_flag=True, help="JSON")
_DAY = click.DateTime(["%Y-%m-%d", "%Y-%m-%dT%H:%M:%S"])


@click.group()
def clients() -> None:
    """接口客户端 Programs of departments that call the interface (docs/how-to/api-clients.md)."""


@clients.command("list")
@_JSON
def list_clients(as_json: bool) -> None:
    """列出 List the clients."""
    command.with_database()
    from xinyong.kernel import clock
    from xinyong.security import clients as room
    from xinyong.security.access import system

    found = room.clients(seen_by=system("xinyong clients list"))
    if as_json:
        command.print_json([_facts(one) for one in found])
        return
    for one in found:
        state = "" if one.is_active else "（已停用 disabled）"
        good = sum(secret.valid_until > clock.now() for secret in one.secrets)
        click.echo(f"{one.client_id}  {one.department}  {one.name}{state}  密钥 secrets: {good}")
        click.echo(f"    {' '.join(one.scopes)}")
    if not found:
        click.echo("还没有接口客户端。请用 xinyong clients add 建立。 No clients yet.")


@clients.command("add")
@click.argument("name")
@click.option("--department", required=True, help="所属单位的统一社会信用代码 code of its department")
@click.option("--scope", "scopes", multiple=True, required=True, help="权限，可多次 read:catalogue, submit:<item>, …")
@click.option("--network", "networks", multiple=True, required=True, help="允许调用的网段，可多次 10.1.2.0/24")
@click.option("--item", "items", multiple=True, help="只限这些事项；不给即全部 only these catalogue items")
@click.option("--per-minute", default=60, show_default=True, help="每分钟配额 quota a minute")
@click.option("--per-day", default=10_000, show_default=True, help="每天配额 quota a day")
@click.option(
    "--key",
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
    help="绑定的公钥（PEM）：每次调用须签名 a public key that every call must be signed by",
)
@click.option("--sandbox", is_flag=True, help="沙箱 invented data only, nothing kept")
@_JSON
def add_client(
    name: str, department: str, scopes: tuple[str, ...], networks: tuple[str, ...], items: tuple[str, ...],
    per_minute: int, per_day: int, key: Path | None, sandbox: bool, as_json: bool,
) -> None:  # fmt: skip
    """建立 Make a client. Its secret is drawn here and printed once; nobody can read it again."""
    command.with_database()
    from xinyong.kernel import clock
    from xinyong.security import clients as room
    from xinyong.security.access import system

    made, secret = room.register(
        name=name, department=department, scopes=scopes, networks=networks, items=items or None, per_minute=per_minute,
        per_day=per_day, key_pem=key.read_text(encoding="utf-8") if key else "", is_sandbox=sandbox,
        by=system("xinyong clients add"), now=clock.now(),
    )  # fmt: skip
    _show_secret(made, secret, as_json)


@clients.command("rotate")
@click.argument("client_id")
@click.option(
    "--overlap", default=7, show_default=True, help="旧密钥再用几天，0 即立即失效 days the old one stays good"
)
@_JSON
def rotate_client(client_id: str, overlap: int, as_json: bool) -> None:
    """更换密钥 Draw a new secret; with --overlap 0 the old one and all tokens end at once."""
    command.with_database()
    from xinyong.kernel import clock
    from xinyong.security import clients as room
    from xinyong.security.access import system

    made, secret = room.rotate(
        client_id, overlap=timedelta(days=overlap), by=system("xinyong clients rotate"), now=clock.now()
    )
    _show_secret(made, secret, as_json)


@clients.command("disable")
@click.argument("client_id")
@_JSON
def disable_client(client_id: str, as_json: bool) -> None:
    """停用 Close a client for good: its tokens are void with the next call."""
    command.with_database()
    from xinyong.kernel import clock
    from xinyong.security import clients as room
    from xinyong.security.access import system

    room.disable(client_id, by=system("xinyong clients disable"), now=clock.now())
    if as_json:
        command.print_json({"client_id": client_id, "is_active": False})
    else:
        click.echo(f"✓ 客户端 {client_id} 已停用，令牌全部作废。 Disabled.")


@click.group()
def partners() -> None:
    """共享节点 Nodes that exchange signed messages with this one (docs/explanation/exchange.md)."""


@partners.command("list")
@_JSON
def list_partners(as_json: bool) -> None:
    """列出 List the partners, their keys, and the numbers that never came."""
    command.with_database()
    from xinyong.security import partners as room
    from xinyong.security.access import system

    found = room.partners(seen_by=system("xinyong partners list"))
    if as_json:
        keys = ("code", "name", "is_active", "message_count", "last_seq", "last_received_at", "gaps")
        command.print_json(
            [
                {key: getattr(one, key) for key in keys}
                | {"keys": [[key.key_id, key.algorithm, key.valid_from, key.valid_to] for key in one.keys]}
                for one in found
            ]
        )
        return
    for one in found:
        state = "" if one.is_active else "（已停用 disabled）"
        click.echo(f"{one.code}  {one.name}{state}  报文 messages: {one.message_count}, 末号 last: {one.last_seq}")
        for key in one.keys:
            click.echo(f"    {key.key_id}  {key.algorithm}  {key.valid_from:%Y-%m-%d} – {key.valid_to or ''}")
        for first, last in one.gaps[:10]:
            click.echo(f"    缺号 missing: {first}–{last}")
    if not found:
        click.echo("还没有共享节点。请用 xinyong partners add 登记。 No partners yet.")


@partners.command("add")
@click.argument("code")
@click.argument("name")
@_JSON
def add_partner(code: str, name: str, as_json: bool) -> None:
    """登记 Register a partner; its key comes by add-key."""
    command.with_database()
    from xinyong.kernel import clock
    from xinyong.security import partners as room
    from xinyong.security.access import system

    room.register(code=code, name=name, by=system("xinyong partners add"), now=clock.now())
    if as_json:
        command.print_json({"code": code, "name": name})
    else:
        click.echo(f"✓ 节点 {code} 已登记。请用 xinyong partners add-key 登记公钥。 Registered; now add its key.")


@partners.command("add-key")
@click.argument("code")
@click.argument("key_id")
@click.argument("public_key", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.option("--from", "valid_from", type=_DAY, help="生效，默认现在 when its epoch begins; now")
@click.option("--until", "valid_to", type=_DAY, help="终止，默认不限 when it ends; never")
@_JSON
def add_partner_key(
    code: str, key_id: str, public_key: Path, valid_from: datetime | None, valid_to: datetime | None, as_json: bool
) -> None:
    """登记公钥 Add a partner's public key (PEM: Ed25519 or P-256) and its epoch."""
    command.with_database()
    from xinyong.kernel import clock
    from xinyong.security import partners as room
    from xinyong.security.access import system

    made = room.add_key(
        code, key_id=key_id, public_pem=public_key.read_text(encoding="utf-8"), by=system("xinyong partners add-key"),
        valid_from=valid_from.replace(tzinfo=clock.ZONE) if valid_from else clock.now(),
        valid_to=valid_to.replace(tzinfo=clock.ZONE) if valid_to else None,
    )  # fmt: skip
    if as_json:
        command.print_json({"key_id": made.key_id, "algorithm": made.algorithm, "valid_from": made.valid_from})
    else:
        click.echo(f"✓ 公钥 {made.key_id}（{made.algorithm}）已登记。 Added.")


@partners.command("end-key")
@click.argument("key_id")
@_JSON
def end_partner_key(key_id: str, as_json: bool) -> None:
    """终止公钥 End a key's epoch now: what it signs is refused from now on."""
    command.with_database()
    from xinyong.kernel import clock
    from xinyong.security import partners as room
    from xinyong.security.access import system

    room.end_key(key_id, at=clock.now(), by=system("xinyong partners end-key"))
    if as_json:
        command.print_json({"key_id": key_id, "ended": True})
    else:
        click.echo(f"✓ 公钥 {key_id} 已终止。 Ended.")


@partners.command("supply")
@click.argument("code")
@click.option("--items", default="", help="事项代码，逗号分隔 item ids, by commas")
@click.option("--all", "is_all", is_flag=True, help="全部事项 every item")
@click.option("--none", "is_none", is_flag=True, help="不再供数 nothing any more")
@_JSON
def supply_partner(code: str, items: str, is_all: bool, is_none: bool, as_json: bool) -> None:
    """向节点供数 Say which records a partner gets from here: it then follows repairs, corrections and withdrawals, and acknowledges."""
    if [bool(items), is_all, is_none].count(True) != 1:
        raise click.UsageError("--items、--all、--none 三者选一。 One of the three.")
    command.with_database()
    from xinyong.kernel import clock
    from xinyong.rights import supplied
    from xinyong.security.access import system

    wanted = [one.strip() for one in items.split(",") if one.strip()] if items else None
    supplied.say(
        code, items=wanted, is_on=not is_none, by=system("xinyong partners supply"), at=clock.now()
    )  # fmt: skip
    if as_json:
        command.print_json({"code": code, "items": wanted, "is_on": not is_none})
    else:
        click.echo(f"✓ 节点 {code}：{'不再供数 nothing' if is_none else items or '全部事项 every item'}。")


@partners.command("disable")
@click.argument("code")
@_JSON
def disable_partner(code: str, as_json: bool) -> None:
    """停用 Close a partner: its messages are refused; what it sent stays."""
    command.with_database()
    from xinyong.security import partners as room
    from xinyong.security.access import system

    room.disable(code, by=system("xinyong partners disable"))
    if as_json:
        command.print_json({"code": code, "is_active": False})
    else:
        click.echo(f"✓ 节点 {code} 已停用。 Disabled.")


def _facts(one: "ClientView") -> dict[str, object]:
    keys = ("client_id", "name", "department", "scopes", "items", "networks", "is_bound", "per_minute", "per_day")
    found: dict[str, object] = {key: getattr(one, key) for key in (*keys, "is_sandbox", "is_active", "made_at")}
    return found | {"secrets": [[s.key_id, s.made_at, s.valid_until, s.last_used_at] for s in one.secrets]}


def _show_secret(made: "ClientView", secret: str, as_json: bool) -> None:
    if as_json:
        command.print_json(_facts(made) | {"secret": secret})
        return
    click.echo(f"✓ {made.name}（{made.department_name}）")
    click.echo("  密钥只显示这一次，请当面或用加密方式交给对方。 Shown this once; hand it over in person or encrypted.")
    click.echo(f"  client_id      {made.client_id}")
    click.echo(f"  client_secret  {secret}")
