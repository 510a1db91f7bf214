"""``xinyong interruptions``: what the worker had to interrupt, why, what to do; and trying it now."""

import sys
from dataclasses import asdict

import click

from xinyong.kernel import clock
from xinyong.operations import command


@click.group()
def interruptions() -> None:
    """处理中断 What the worker had to interrupt: list, retry."""


@interruptions.command("list")
@click.option("--json", "as_json", is_flag=True)
def list_(as_json: bool) -> None:
    """列出。Which submissions, since when, why, what happens next, what to do; room on the disks. Exit 1: something needs care."""
    command.with_database()
    from xinyong.intake import interruptions as rooms
    from xinyong.intake import space
    from xinyong.security.access import system

    found = rooms.unfinished(seen_by=system("interruptions"), limit=1000)
    disks = space.disks()
    if as_json:
        command.print_json(
            {
                "interruptions": [asdict(one) for one in found],
                "disks": [
                    {"name": one.name, "free": one.free, "total": one.total, "state": one.state.value} for one in disks
                ],
            }
        )
    else:
        for one in found:
            then = f"{one.next_at.astimezone(clock.ZONE):%H:%M:%S} 再试 next try" if one.next_at else "等待处理 held"
            click.echo(
                f"! {one.submission_id} {one.source_name} {one.item_id}：{one.stage_said[0]}时 while {one.stage_said[1]}，"
                f"{one.happened[0]} {one.happened[1]}\n"
                f"  自 since {one.since.astimezone(clock.ZONE):%Y-%m-%d %H:%M}，{one.tries} 次 times，{then}\n"
                f"  → {one.advice[0]} {one.advice[1]}"
            )
        for disk in disks:
            sign = "✓" if disk.state is space.State.GOOD else "!" if disk.state is space.State.CARE else "✗"
            click.echo(f"{sign} {disk.name}: {disk.free / 2**30:.1f} GiB free ({disk.percent}%) {disk.folder}")
        if not found:
            click.echo("✓ 没有中断的处理 nothing is interrupted")
    is_well = not found and all(disk.state is space.State.GOOD for disk in disks)
    sys.exit(0 if is_well else 1)


@interruptions.command()
@click.argument("submission_id", type=int, metavar="SUBMISSION")
def retry(submission_id: int) -> None:
    """立即重试。Lets the worker try SUBMISSION now, and counts anew."""
    command.with_database()
    from xinyong.intake import jobs
    from xinyong.security.access import system

    jobs.try_again(submission_id, by=system("interruptions"))
    click.echo("✓ 已交后台重试 the worker tries it now")
