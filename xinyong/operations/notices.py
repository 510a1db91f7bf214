"""``xinyong notices``: what departments are told, where it goes, and what could not be delivered."""

import sys

import click

from xinyong.kernel import clock
from xinyong.operations import command

_JSON = click.option("--json", "as_json", is_flag=True, help="one JSON document with stable keys")


@click.group()
def notices() -> None:
    """通知 What departments are told, and what could not be delivered."""


@notices.command("list")
@click.option("--source", "source_code", default="", help="单位代码 code of the source unit")
@click.option("--unread", is_flag=True, help="只列未读 only those nobody has read")
@click.option("--limit", type=click.IntRange(1, 1000), default=50, show_default=True)
@_JSON
def listing(source_code: str, unread: bool, limit: int, as_json: bool) -> None:
    """列出 List notices, the newest first."""
    command.with_database()
    from xinyong.security.access import system
    from xinyong.workflow import notices as room

    found = room.inbox(
        seen_by=system("xinyong notices list"), source_code=source_code, unread_only=unread, limit=limit
    )  # fmt: skip
    if as_json:
        keys = ("id", "kind", "source_code", "body_zh", "body_en", "link", "made_at", "read_at", "read_by")
        command.print_json([{key: getattr(one, key) for key in keys} for one in found])
        return
    for one in found:
        click.echo(f"{one.made_at.astimezone(clock.ZONE):%Y-%m-%d %H:%M}  {one.source_code}  {one.body_zh}")
    if not found:
        click.echo("没有通知。 No notices.")


@notices.command("channels")
@click.argument("source_code")
@click.option("--mail", type=click.Choice(["off", "immediate", "daily"]), default=None, help="邮件 how mail is sent")
@click.option("--address", "addresses", multiple=True, help="接收地址，可多次 an address; may be given more than once")
@click.option("--webhook", default=None, help="回调地址，空为不用 an https address; empty: none")
@_JSON
def set_channels(
    source_code: str, mail: str | None, addresses: tuple[str, ...], webhook: str | None, as_json: bool
) -> None:  # fmt: skip
    """渠道 Show where a department is told besides the office, or say it anew."""
    command.with_database()
    from xinyong.security.access import system
    from xinyong.workflow import channels

    by = system("xinyong notices channels")
    found = channels.of(source_code, seen_by=by)
    if mail is not None or addresses or webhook is not None:
        found = channels.set_up(
            source_code, mail=mail or found.mail, addresses=addresses or found.addresses,
            webhook=found.webhook if webhook is None else webhook, by=by, at=clock.now(),
        )  # fmt: skip
    if as_json:
        command.print_json(
            {
                "source_code": found.source_code,
                "mail": found.mail,
                "addresses": found.addresses,
                "webhook": found.webhook,
            }
        )
        return
    click.echo(
        f"{found.source_code}  邮件 mail: {found.mail} ({len(found.addresses)})  回调 webhook: {found.webhook or '—'}"
    )


@notices.command()
@_JSON
def undelivered(as_json: bool) -> None:
    """未送达 What could not be delivered. Exit 1: something was given up."""
    command.with_database()
    from xinyong.security.access import system
    from xinyong.workflow import outbox

    found = outbox.undelivered(seen_by=system("xinyong notices undelivered"), limit=1000)
    if as_json:
        keys = (
            "id",
            "source_code",
            "channel",
            "state",
            "notices",
            "attempts",
            "made_at",
            "due_at",
            "failure_zh",
            "failure_en",
        )
        command.print_json([{key: getattr(one, key) for key in keys} for one in found])
    else:
        for one in found:
            click.echo(f"#{one.id}  {one.state}  {one.channel}  {one.source_code}  ×{one.attempts}  {one.failure_zh}")
        if not found:
            click.echo("全部送达。 Everything was delivered.")
    sys.exit(1 if any(one.state == "given-up" for one in found) else 0)


@notices.command()
@click.argument("message_id", type=int)
def resend(message_id: int) -> None:
    """再次发送 Try a message again."""
    command.with_database()
    from xinyong.security.access import system
    from xinyong.workflow import outbox

    outbox.resend(message_id, by=system("xinyong notices resend"), at=clock.now())
    click.echo(f"✓ #{message_id}")


@notices.command()
@_JSON
def deliver(as_json: bool) -> None:
    """发送 Send what is due, now; the worker does this every minute. Exit 1: something failed."""
    command.with_database()
    from xinyong.security.access import system
    from xinyong.workflow import outbox

    done = outbox.deliver_due(now=clock.now(), by=system("xinyong notices deliver"))
    if as_json:
        command.print_json({"sent": done.sent, "failed": done.failed})
    else:
        click.echo(f"送达 sent {done.sent}，失败 failed {done.failed}")
    sys.exit(1 if done.failed else 0)


@notices.command()
@_JSON
def remind(as_json: bool) -> None:
    """提醒 Tell departments which reports and tasks are near their day or overdue, each once; the worker does this every morning."""
    command.with_database()
    from xinyong.analytics import task_reminders
    from xinyong.intake import told
    from xinyong.security.access import system

    by, at = system("xinyong notices remind"), clock.now()
    near, overdue = told.remind(by=by, at=at)
    near_tasks, overdue_tasks = task_reminders.tell(by=by, at=at)
    if as_json:
        command.print_json({"near": near, "overdue": overdue, "tasks_near": near_tasks, "tasks_overdue": overdue_tasks})
    else:
        click.echo(f"报送 reports：临近 near {near}，逾期 overdue {overdue}")
        click.echo(f"任务 tasks：临近 near {near_tasks}，逾期 overdue {overdue_tasks}")
