"""``xinyong drop``: the watched folders of the departments (front-end exchange host)."""

import sys

import click

from xinyong.kernel import clock
from xinyong.operations import command


@click.group()
def drop() -> None:
    """前置机交换目录 Watched folders: scan, status, open, release, discard."""


@drop.command()
@click.option("--json", "as_json", is_flag=True)
def scan(as_json: bool) -> None:
    """扫描一次。Takes what is ready, works on it, answers. The worker does this every minute. Exit 1: something is in the way."""
    command.with_database()
    from xinyong.intake import drop_desk, interruptions, jobs, submit
    from xinyong.security.access import system

    first = jobs.look()
    for submission_id in drop_desk.unworked(seen_by=system("drop scan")):
        try:
            submit.run(submission_id, by=system("drop scan"))
        except (submit.Busy, interruptions.Interrupted):
            continue  # a worker is at it, or it broke off; a later look answers
    last = jobs.look()
    problems = last.problems
    if as_json:
        done, aside = first.done + last.done, first.quarantined + last.quarantined
        command.print_json(
            {
                "taken": first.taken + last.taken, "done": done, "quarantined": aside, "is_busy": first.is_busy,
                "folders": last.folders, "problems": problems,
            }
        )  # fmt: skip
    elif first.is_busy:
        click.echo("另一进程正在扫描 another process is looking")
    else:
        taken, done, aside = (getattr(first, n) + getattr(last, n) for n in ("taken", "done", "quarantined"))
        click.echo(f"取走 taken {taken}，办结 done {done}，隔离 quarantined {aside}")
        _tell(problems)
    sys.exit(1 if problems else 0)


@drop.command()
@click.option("--json", "as_json", is_flag=True)
def status(as_json: bool) -> None:
    """各目录现状。What waits in each folder, what is in quarantine and why. Exit 1: something needs care."""
    command.with_database()
    from xinyong.intake import drop_desk
    from xinyong.security.access import system

    by = system("drop status")
    found = drop_desk.overview(now=clock.now(), seen_by=by)
    aside = drop_desk.quarantined(seen_by=by, limit=1000)
    is_well = found.is_on and not (found.is_silent or found.problems or aside)
    if as_json:
        command.print_json(
            {
                "is_on": found.is_on, "looked_at": found.looked_at, "is_silent": found.is_silent, "problems": found.problems,
                "folders": [
                    {name: getattr(one, name) for name in ("code", "name", "waiting", "under_way", "quarantined", "last_taken_at")}
                    for one in found.folders
                ],
                "quarantine": [
                    {"id": one.id, "number": one.number, "source": one.source_code, "item": one.item_id, "file": one.file_name,
                     "taken_at": one.taken_at, "reason": one.reason} for one in aside
                ],
            }
        )  # fmt: skip
        sys.exit(0 if is_well else 1)
    if not found.is_on:
        click.echo("! 没有启用：请设置 XINYONG_DROP_FOLDERS。 There are no watched folders.")
        sys.exit(1)
    if found.is_silent:
        click.echo(f"! 最近一次扫描 last look: {found.looked_at or '—'}；后台作业应在运行 the worker should be running")
    for folder in found.folders:
        last = f"{folder.last_taken_at.astimezone(clock.ZONE):%Y-%m-%d %H:%M}" if folder.last_taken_at else "—"
        click.echo(
            f"{folder.code} {folder.name}：等待 waiting {folder.waiting}，处理中 under way {folder.under_way}，"
            f"隔离 quarantined {folder.quarantined}，上次取件 last taken {last}"
        )
    _tell(found.problems)
    for one in aside:
        click.echo(
            f"✗ [{one.id}] {one.source_name} {one.item_id or '?'} {one.file_name}：{(one.reason or {}).get('zh', '')}"
        )
    sys.exit(0 if is_well else 1)


def _tell(problems: list[dict[str, str]]) -> None:
    for one in problems:
        click.echo(f"! {one['folder'] or '根目录 root'}：{one['zh']}\n  {one['en']}")


@drop.command("open")
@click.argument("source_code", metavar="UNIT")
def open_(source_code: str) -> None:
    """开设目录。Makes the folders of a source unit, one for each item."""
    command.with_database()
    from xinyong.intake import drop_desk
    from xinyong.security.access import system

    made = drop_desk.open_folders(source_code, by=system("drop open"))
    click.echo(f"✓ {made}\n  属主和权限见 docs/how-to/drop-folder.md / set owner and mode as described there")


@drop.command()
@click.argument("drop_id", type=int)
@click.option("--item", "item_id", default="", help="目录事项 the item, where the file came without one")
def release(drop_id: int, item_id: str) -> None:
    """放行。Hands a file in quarantine in again as it is; the next scan takes it."""
    command.with_database()
    from xinyong.intake import drop_desk
    from xinyong.security.access import system

    one = drop_desk.release(drop_id, item_id=item_id, by=system("drop release"))
    click.echo(f"✓ {one.file_name}：下次扫描时重新报送 handed in again by the next scan")


@drop.command()
@click.argument("drop_id", type=int)
@click.confirmation_option(prompt="删除后无法恢复，继续？ It cannot be brought back. Go on?")
def discard(drop_id: int) -> None:
    """删除。Removes a file in quarantine."""
    command.with_database()
    from xinyong.intake import drop_desk
    from xinyong.security.access import system

    one = drop_desk.discard(drop_id, by=system("drop discard"))
    click.echo(f"✓ {one.file_name}：下次扫描时删除 removed by the next scan")
