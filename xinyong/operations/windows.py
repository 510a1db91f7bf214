"""``xinyong windows``: by when which unit has to report what, what is locked, and exceptions, at the command line."""

from datetime import datetime

import click

from xinyong.kernel import clock
from xinyong.operations import command

_JSON = click.option("--json", "as_json", is_flag=True, help="one JSON document with stable keys")
_DAY = click.DateTime(["%Y-%m-%d"])


@click.group()
def windows() -> None:
    """报送窗口 Reporting windows: due days, locks, exceptions."""


@windows.command("list")
@click.option("--source", "source_code", default="", help="单位代码 code of the source unit")
@click.option("--item", "item_id", default="", help="目录事项 catalogue item")
@click.option(
    "--state",
    type=click.Choice(["overdue", "grace", "open", "excepted", "locked", "done"]),
    default=None,
    help="状态 how it stands",
)
@_JSON
def listing(source_code: str, item_id: str, state: str | None, as_json: bool) -> None:
    """列出 List the windows of the last months, the most urgent first."""
    command.with_database()
    from xinyong.intake import windows as room
    from xinyong.security.access import system

    found = room.listing(
        seen_by=system("xinyong windows list"),
        at=clock.now(),
        source_code=source_code,
        item_id=item_id,
        state=state or "",
    )
    if as_json:
        keys = (
            "source_code",
            "item_id",
            "name",
            "state",
            "due_on",
            "grace_until",
            "open_until",
            "days_left",
            "arrived",
            "said",
        )
        command.print_json(
            [
                {key: getattr(one, key) for key in keys}
                | {"exception": one.exception.id if one.exception else None, "until": one.exception.until if one.exception else None}
                for one in found
            ]
        )  # fmt: skip
        return
    for one in found:
        lock = f"  锁定 locks after {one.open_until}" if one.open_until else ""
        opened = f"  补报至 open to {one.exception.until} (#{one.exception.id})" if one.exception else ""
        said = "—" if one.said is None else one.said
        click.echo(
            f"{one.state.value:9} {one.name:8} {one.due_on}  {one.arrived}/{said}  {one.source_code}  {one.item_id}{lock}{opened}"
        )
    if not found:
        click.echo("没有报送窗口。请先设定报送责任（xinyong duties set）。 No windows: set duties first.")


@windows.command("set")
@click.argument("source_code")
@click.argument("item_id")
@click.option("--since", type=_DAY, required=True, help="自哪一期起 first day of the first period")
@click.option("--every", type=click.Choice(["month", "quarter"]), default="month", show_default=True, help="报送周期")
@click.option("--due", type=int, default=7, show_default=True, help="期后第几个工作日 working days after the period")
@click.option("--grace", type=int, default=0, show_default=True, help="宽限工作日 working days of grace")
@click.option(
    "--lock", type=int, default=None, help="宽限满后几个工作日锁定，不填不锁 working days to the lock; none: never"
)
def set_rule(
    source_code: str, item_id: str, since: datetime, every: str, due: int, grace: int, lock: int | None
) -> None:  # fmt: skip
    """设定 Say when a unit has to report an item, from a period on."""
    command.with_database()
    from xinyong.intake import windows as room
    from xinyong.security.access import system

    room.set_rule(
        item_id=item_id, source_code=source_code, rule=room.Rule(every, due, grace, lock), since=since.date(),
        by=system("xinyong windows set"), at=clock.now(),
    )  # fmt: skip
    click.echo(f"✓ {source_code} {item_id} {every} {due}+{grace}{'' if lock is None else f'+{lock}'} {since.date()}")


@windows.command()
@click.argument("source_code")
@click.argument("item_id")
@click.option("--period", type=_DAY, required=True, help="该期中的一天 a day in the period")
@click.option("--until", type=_DAY, required=True, help="截止，含当日 last day")
@click.option("--reason", required=True, help="理由 why; the department sees it")
def grant(source_code: str, item_id: str, period: datetime, until: datetime, reason: str) -> None:
    """准予补报 Open a locked period up to a day; what was refused because of the lock goes on."""
    command.with_database()
    from xinyong.intake import jobs
    from xinyong.security.access import system

    made, count = jobs.grant_exception(
        item_id=item_id, source_code=source_code, day=period.date(), until=until.date(), reason=reason,
        by=system("xinyong windows grant"), at=clock.now(),
    )  # fmt: skip
    click.echo(f"✓ #{made}  {until.date()}  继续处理 taken up again: {count}")


@windows.command()
@click.argument("exception_id", type=int)
def withdraw(exception_id: int) -> None:
    """撤回 End an exception before its day."""
    command.with_database()
    from xinyong.intake import jobs
    from xinyong.security.access import system

    jobs.withdraw_exception(exception_id, by=system("xinyong windows withdraw"), at=clock.now())
    click.echo(f"✓ #{exception_id}")
