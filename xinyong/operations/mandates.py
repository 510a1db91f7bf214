"""``xinyong mandates`` and ``xinyong declarations``: who acts for organisations, and what these declare of themselves."""

from datetime import datetime, timedelta
from pathlib import Path

import click

from xinyong.kernel import clock
from xinyong.operations import command

_JSON = click.option("--json", "as_json", is_flag=True, help="one JSON document with stable keys")
_DAY = click.DateTime(["%Y-%m-%d"])


@click.group()
def mandates() -> None:
    """代表关系 Mandates: who acts for which organisation."""


@mandates.command("list")
@click.argument("text", default="")
@_JSON
def listing(text: str, as_json: bool) -> None:
    """列出 List mandates, the newest first. TEXT is part of a code or a user name."""
    command.with_database()
    from xinyong.security import mandates as room
    from xinyong.security.access import system

    found = room.listing(text=text, limit=1000, seen_by=system("xinyong mandates list"), at=clock.now())
    if as_json:
        keys = ("id", "subject_code", "username", "kind", "state", "last_on", "given_by", "end_reason")
        command.print_json([{key: getattr(one, key) for key in keys} for one in found])
        return
    for one in found:
        click.echo(f"{one.id:<6} {one.state:8} {one.subject_code}  {one.username}  {one.kind}  → {one.last_on}")
    if not found:
        click.echo("还没有登记代表关系。 No mandates.")


@mandates.command("give")
@click.argument("code")
@click.argument("username")
@click.option("--name", "display_name", required=True, help="称呼 what to call them")
@click.option("--kind", type=click.Choice(["legal", "agent"]), default="agent", show_default=True, help="身份 acts as")
@click.option("--until", type=_DAY, default=None, help="截止日，默认一年 last day, a year from now by default")
@click.option(
    "--proof",
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
    required=True,
    help="证明文件 file of proof",
)
def give(code: str, username: str, display_name: str, kind: str, until: datetime | None, proof: Path) -> None:
    """登记 Give USERNAME the mandate of the organisation CODE, on a proof you have looked at."""
    command.with_database()
    from xinyong.security.access import system
    from xinyong.subjects import mandates as counter

    today = clock.today()
    made = counter.give(
        code, kind=kind, username=username, display_name=display_name, starts_on=today,
        last_on=until.date() if until else today + timedelta(days=365), proof=proof, proof_name=proof.name,
        by=system("xinyong mandates give"), at=clock.now(),
    )  # fmt: skip
    click.echo(f"✓ {made.mandate.id}: {username} → {made.subject_name} {code} ({made.mandate.last_on})")
    if made.token:
        click.echo(f"  一次性链接 one-time link: /office/welcome/{made.token}")


@mandates.command("end")
@click.argument("mandate_id", type=int)
@click.option("--reason", required=True, help="原因 why")
def end(mandate_id: int, reason: str) -> None:
    """终止 End a mandate now."""
    command.with_database()
    from xinyong.security import mandates as room
    from xinyong.security.access import system

    one = room.end(mandate_id, reason=reason, by=system("xinyong mandates end"), at=clock.now())
    click.echo(f"✓ {one.id}: {one.username} ✕ {one.subject_code}")


@click.group()
def declarations() -> None:
    """自主申报 What organisations declare of themselves."""


@declarations.command("list")
@click.option(
    "--state", type=click.Choice(["waiting", "checked", "refused", "withdrawn", "all"]), default="waiting", show_default=True,
    help="状态 how it stands",
)  # fmt: skip
@click.option("--code", default="", help="统一社会信用代码 unified social credit code")
@_JSON
def declared(state: str, code: str, as_json: bool) -> None:
    """列出 List declarations; those that wait, the oldest first."""
    command.with_database()
    from xinyong.intake import voluntary_desk
    from xinyong.security.access import system

    found = voluntary_desk.listing(state=state, code=code, limit=1000, seen_by=system("xinyong declarations list"))
    if as_json:
        keys = ("id", "subject_code", "subject_name", "item_id", "title", "stored", "declared_at")
        command.print_json([{key: getattr(one, key) for key in keys} for one in found])
        return
    for one in found:
        click.echo(
            f"{one.id:<6} {one.stored:9} {one.declared_at:%Y-%m-%d}  {one.subject_code}  {one.item_id}  {one.title}"
        )
    if not found:
        click.echo("没有申报。 No declarations.")
