"""``xinyong processing`` and ``xinyong records``: the register of processing activities, erasing what is over, its proofs."""

import sys
from dataclasses import asdict
from pathlib import Path

import click

from xinyong.kernel import clock
from xinyong.operations import command


@click.command()
@click.option("--json", "as_json", is_flag=True, help="one JSON document with stable keys")
@click.option("-o", "--output", type=click.Path(dir_okay=False, path_type=Path), help="a workbook (.xlsx)")
def processing(as_json: bool, output: Path | None) -> None:
    """处理活动记录 The register of processing activities. Exit 1: something needs an impact assessment and has none."""
    command.with_database()
    from xinyong.analytics import processing as room
    from xinyong.security.access import system

    by, today = system("xinyong processing"), clock.today()
    if output:
        count = room.export(output, seen_by=by, on=today)
        click.echo(f"✓ {output}: {count} 项 activities")
        return
    said = room.plain(seen_by=by, on=today)
    if as_json:
        command.print_json(said)
    else:
        for one in said["activities"]:
            sign = "✗" if one["is_lacking"] else "✓"
            until = one["assessed_until"] or ("缺评估 none" if one["is_lacking"] else "不需要 not needed")
            click.echo(
                f"{sign} {one['id']:28} {one['title_zh']} · {one['retention_zh']} · 影响评估 assessment: {until}"
            )
    sys.exit(1 if any(one["is_lacking"] for one in said["activities"]) else 0)


@click.group()
def records() -> None:
    """期满删除 erase what may be kept no longer; erased: the proofs."""


@records.command()
@click.option("--json", "as_json", is_flag=True)
def erase(as_json: bool) -> None:
    """删除 Erases now what is over, as the nightly job does; a run that was killed goes on."""
    command.with_database()
    from django.conf import settings

    from xinyong.intake import erasing
    from xinyong.records import erased
    from xinyong.security.access import system

    by, today, grace = system("xinyong records erase"), clock.today(), settings.ERASE_GRACE_DAYS
    made = erased.run(today=today, grace_days=grace, by=by)
    made += erasing.run(today=today, grace_days=grace, originals_years=settings.ORIGINALS_YEARS, by=by)
    if as_json:
        command.print_json([asdict(one) for one in made])
        return
    for one in made:
        click.echo(f"✓ {one.id}: {one.what} {one.item_id} {one.count:,} · {one.root}")
    if not made:
        click.echo("✓ 没有期满的内容 nothing is over")


@records.command("erased")
@click.option(
    "--check", "is_check", is_flag=True, help="核对每一份凭证 check every proof; exit 1 when one does not hold"
)
@click.option("--limit", type=click.IntRange(1, 10_000), default=50, show_default=True)
@click.option("--json", "as_json", is_flag=True)
def proofs(is_check: bool, limit: int, as_json: bool) -> None:
    """删除凭证 The proofs of deletion, the newest first."""
    command.with_database()
    from xinyong.intake import erasing
    from xinyong.records import erased
    from xinyong.security.access import system

    by = system("xinyong records erased")
    found = erased.proofs(seen_by=by, limit=limit)
    checked = {one.id: erasing.check(one.id, seen_by=by) for one in found} if is_check else {}
    if as_json:
        more = {
            number: {"holds": one.holds, "digests": one.digests, "is_root_right": one.is_root_right, "left": one.left}
            for number, one in checked.items()
        }
        command.print_json([asdict(one) | more.get(one.id, {}) for one in found])
    else:
        for one in found:
            sign = "" if not is_check else "✓ " if checked[one.id].holds else "✗ "
            when = f"{one.finished_at.astimezone(clock.ZONE):%Y-%m-%d %H:%M}"
            click.echo(f"{sign}{one.id}: {when} {one.what} {one.item_id} {one.count:,} · {one.root}")
        if not found:
            click.echo("还没有删除凭证 no proofs yet")
    sys.exit(0 if all(one.holds for one in checked.values()) else 1)
