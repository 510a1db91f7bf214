"""``xinyong supply``: which unit may report which item, at the command line."""

from datetime import datetime

import click

from xinyong.kernel import clock
from xinyong.operations import command

_JSON = click.option("--json", "as_json", is_flag=True, help="one JSON document with stable keys")
_DAY = click.DateTime(["%Y-%m-%d"])
_BASIS = click.option("--basis", required=True, help="依据或理由 the basis or the reason")


@click.group()
def supply() -> None:
    """供数授权 Which unit may report which item."""


@supply.command("list")
@click.option("--source", "source_code", default="", help="单位代码 code of the source unit")
@click.option("--item", "item_id", default="", help="目录事项 catalogue item")
@_JSON
def listing(source_code: str, item_id: str, as_json: bool) -> None:
    """列出 List the items with who may report them today, and the grants."""
    command.with_database()
    from xinyong.intake import supply_view
    from xinyong.security.access import system

    found = supply_view.listing(
        seen_by=system("xinyong supply list"), on=clock.today(), source_code=source_code, item_id=item_id
    )
    if as_json:
        of_item = ("item_id", "mode", "version", "basis", "made_at", "made_by", "granted", "owed")
        of_grant = (
            "source_code", "source_name", "item_id", "starts_on", "ends_on", "basis", "version", "made_at", "made_by", "holds"
        )  # fmt: skip
        command.print_json(
            {
                "items": [{key: getattr(one, key) for key in of_item} for one in found.items],
                "grants": [{key: getattr(one, key) for key in of_grant} for one in found.grants],
            }
        )
        return
    for item in found.items:
        who = "" if item.is_open else f"  {'、'.join(item.suppliers) or '没有单位 nobody'}"
        click.echo(f"{item.item_id:32} {'不限单位 open' if item.is_open else '须经授权 granted'}{who}")
    for one in found.grants:
        mark = "✓" if one.holds else "·"
        click.echo(
            f"{mark} {one.source_code}  {one.item_id:24} {one.starts_on} – {one.ends_on or ''}  {one.source_name}"
        )
    if not found.grants:
        click.echo("还没有授权。 Nothing is granted yet.")


@supply.command()
@click.argument("source_code")
@click.argument("item_id")
@click.option("--from", "start", type=_DAY, required=True, help="起 first day")
@click.option(
    "--to", "end", type=_DAY, default=None, help="止 first day it holds no more; the first day: never granted"
)
@_BASIS
@_JSON
def grant(
    source_code: str, item_id: str, start: datetime, end: datetime | None, basis: str, as_json: bool
) -> None:  # fmt: skip
    """授权 Say that a unit may report an item from a day on; the same first day again says it anew."""
    command.with_database()
    from xinyong.intake import supply as room
    from xinyong.security.access import system

    room.grant(
        item_id=item_id, source_code=source_code, starts_on=start.date(), ends_on=end.date() if end else None, basis=basis,
        by=system("xinyong supply grant"), at=clock.now(),
    )  # fmt: skip
    if as_json:
        said = {"source_code": source_code, "item_id": item_id, "starts_on": start.date()}
        command.print_json(said | {"ends_on": end.date() if end else None, "basis": basis})
        return
    click.echo(f"✓ {source_code} {item_id} {start.date()} – {end.date() if end else ''}")


@supply.command()
@click.argument("item_id")
@click.argument("wanted", metavar="open|granted", type=click.Choice(["open", "granted"]))
@_BASIS
@click.option("--dry-run", is_flag=True, help="只看影响 only show whom it would refuse")
@_JSON
def mode(item_id: str, wanted: str, basis: str, dry_run: bool, as_json: bool) -> None:
    """供数方式 Open an item to every unit, or to those granted; says who reported it within a year and could not any more."""
    command.with_database()
    from xinyong.intake import supply as room
    from xinyong.intake import supply_view
    from xinyong.security.access import system

    by, now = system("xinyong supply mode"), clock.now()
    concerned = supply_view.effect(item_id, seen_by=by, at=now) if wanted == room.Mode.GRANTED else []
    if not dry_run:
        room.set_mode(item_id=item_id, mode=wanted, basis=basis, by=by, at=now)
    if as_json:
        keys = ("source_code", "source_name", "count", "last_at", "channels")
        refused = [{key: getattr(one, key) for key in keys} for one in concerned]
        command.print_json({"item_id": item_id, "mode": wanted, "is_set": not dry_run, "refused": refused})
        return
    for one in concerned:
        click.echo(
            f"  将被拒收 refused from now on: {one.source_code}  {one.source_name}  {one.count}  {one.last_at:%Y-%m-%d}"
        )
    click.echo(f"{'· 没有改 not set' if dry_run else '✓'} {item_id} {wanted}")
