"""``xinyong rates``, ``bulletin``, ``declare`` and ``duties``: how well departments report, at the command line."""

from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from xinyong.kernel import clock, periods
from xinyong.kernel.periods import Period
from xinyong.operations import command

if TYPE_CHECKING:
    from xinyong.analytics.rates import Figure, Line

_JSON = click.option("--json", "as_json", is_flag=True, help="one JSON document with stable keys")


def _month(context: click.Context, parameter: click.Parameter, value: str) -> Period:
    try:
        return periods.month(value)
    except ValueError as error:
        raise click.BadParameter(f"应写成 年-月，如 2026-10 / write YYYY-MM: {value!r}") from error


_PERIOD = click.option("--period", callback=_month, required=True, metavar="YYYY-MM", help="月份 the month")


@click.command()
@_PERIOD
@click.option("--by", type=click.Choice(["department", "item", "division"]), default="department", show_default=True)
@click.option("--as-of", "day", type=click.DateTime(["%Y-%m-%dT%H:%M"]), default=None, help="当时已知 as known then")
@_JSON
def rates(period: Period, by: str, day: datetime | None, as_json: bool) -> None:
    """报送指标 The rates of a month: each with numerator, denominator and what was left out."""
    command.with_database()
    from xinyong.analytics import rates as room
    from xinyong.security.access import system

    as_of = day.replace(tzinfo=clock.ZONE) if day else clock.now()
    found = room.overview(period, by=room.By(by), as_of=as_of, seen_by=system("xinyong rates"))
    if as_json:
        command.print_json(
            {
                "period": f"{period.start:%Y-%m}", "by": by, "as_of": as_of.isoformat(timespec="seconds"),
                "total": _line(found.total), "lines": [_line(one) for one in found.lines],
            }
        )  # fmt: skip
        return
    for one in (*found.lines, found.total):
        shown = room.shown(one, ("collection", "reporting", "compliance", "timeliness", "late"))
        click.echo(f"{one.key or '':20} {one.zh}")
        click.echo("    " + "  ".join(f"{rate.zh} {figure.percent}（{_parts(figure)}）" for rate, figure in shown))


@click.command()
@_PERIOD
@click.option(
    "-o",
    "--output",
    required=True,
    type=click.Path(file_okay=False, path_type=Path),
    help="目录 folder for PDF and DOCX",
)
@click.option("--edition", type=click.IntRange(1), default=None, help="第几版 an edition that was issued; none is made")
@click.option("--new", "is_new", is_flag=True, help="再印发一版 issue another edition, though there is one")
@_JSON
def bulletin(period: Period, output: Path, edition: int | None, is_new: bool, as_json: bool) -> None:
    """通报 The month's bulletin as PDF and DOCX; issued, and so frozen, if it was not yet."""
    if edition is not None and is_new:
        raise click.UsageError("--edition 和 --new 只能用一个。 Give --edition or --new, not both.")
    command.with_database()
    from xinyong.analytics import bulletins, render
    from xinyong.security.access import system

    by = system("xinyong bulletin")
    try:
        found = None if is_new else bulletins.find(period, edition=edition, seen_by=by)
    except bulletins.UnknownBulletin:
        if edition is not None:
            raise
        found = None
    made = found or bulletins.issue(period, by=by, at=clock.now())
    output.mkdir(parents=True, exist_ok=True)
    stem = f"bulletin-{made.period:%Y-%m}-{made.edition}"
    files = {output / f"{stem}.pdf": render.pdf(made), output / f"{stem}.docx": render.docx(made)}
    for path, data in files.items():
        path.write_bytes(data)
    if as_json:
        command.print_json(
            {
                "period": f"{made.period:%Y-%m}", "edition": made.edition, "is_new": found is None, "digest": made.digest,
                "as_of": made.as_of.isoformat(timespec="seconds"), "files": [str(path) for path in files],
                "interviews": made.content["interviews"],
            }
        )  # fmt: skip
        return
    click.echo(
        f"✓ {made.period:%Y-%m} 第{made.edition}版{'，已印发 issued' if found is None else ''}  {made.digest[:16]}"
    )
    for path in files:
        click.echo(f"  {path}")
    for one in made.content["interviews"]:
        click.echo(f"  约谈 interview: {one['name']}")


@click.command()
@_PERIOD
@click.option("--source", "source_code", required=True, help="单位代码 code of the source unit")
@click.option("--item", "item_id", required=True, help="目录事项 catalogue item")
@click.option(
    "--number", type=click.IntRange(0), default=None, help="应报数，0 为零报告 decisions made; 0: nothing this month"
)
@click.option("--take-back", is_flag=True, help="撤回 take back what was declared")
@click.option("--checked", type=click.IntRange(0), default=None, help="抽查件数 decisions looked at in a spot check")
@click.option("--found", type=click.IntRange(0), default=None, help="其中已报 of these reported")
@click.option("--note", default="", help="说明 a note")
@_JSON
def declare(
    period: Period, source_code: str, item_id: str, number: int | None, take_back: bool, checked: int | None,
    found: int | None, note: str, as_json: bool,
) -> None:  # fmt: skip
    """应报数 Declare how many decisions a unit made in a month, report zero, or enter a spot check."""
    said = [number is not None, take_back, checked is not None]
    if sum(said) != 1 or (checked is None) != (found is None):
        raise click.UsageError(
            "--number、--take-back、--checked 与 --found 三者选一。 Give --number, or --take-back, or --checked with --found."
        )
    command.with_database()
    from xinyong.intake import declared
    from xinyong.security.access import system

    where: dict[str, Any] = {
        "item_id": item_id, "source_code": source_code, "period": period, "note": note, "by": system("xinyong declare"),
        "at": clock.now(),
    }  # fmt: skip
    if number is not None:
        word = declared.declare(number=number, **where)
    elif checked is not None and found is not None:
        word = declared.spot_check(checked=checked, found=found, **where)
    else:
        word = declared.take_back(**where)
    if as_json:
        keys = ("item_id", "kind", "version", "number", "found", "note", "made_at", "made_by")
        command.print_json({"source": source_code, **{key: getattr(word, key) for key in keys}})
        return
    click.echo(
        f"✓ {period.start:%Y-%m} {item_id} 第{word.version}版：{'已撤回 taken back' if word.number is None else word.number}"
    )


@click.group()
def duties() -> None:
    """报送责任 Which unit owes which item, from when to when."""


@duties.command("list")
@_JSON
def list_duties(as_json: bool) -> None:
    """列出 List the duties."""
    command.with_database()
    from xinyong.intake import duties as room
    from xinyong.security.access import system

    found = room.listing(seen_by=system("xinyong duties list"))
    if as_json:
        keys = ("source_code", "source_name", "item_id", "starts_on", "ends_on", "made_at", "made_by")
        command.print_json([{key: getattr(one, key) for key in keys} for one in found])
        return
    for one in found:
        click.echo(f"{one.source_code}  {one.item_id:24} {one.starts_on} – {one.ends_on or ''}  {one.source_name}")
    if not found:
        click.echo("还没有设定报送责任，归集率没有分母。 No duties yet: the collection rate has no denominator.")


@duties.command("set")
@click.argument("source_code")
@click.argument("item_id")
@click.option("--from", "start", type=click.DateTime(["%Y-%m-%d"]), required=True, help="起 first day")
@click.option("--to", "end", type=click.DateTime(["%Y-%m-%d"]), default=None, help="止 first day it is owed no more")
@_JSON
def set_duty(source_code: str, item_id: str, start: datetime, end: datetime | None, as_json: bool) -> None:
    """设定 Say that a unit owes an item from a day on; the same first day again says it anew."""
    command.with_database()
    from xinyong.intake import duties as room
    from xinyong.security.access import system

    room.assign(
        item_id=item_id, source_code=source_code, starts_on=start.date(), ends_on=end.date() if end else None,
        by=system("xinyong duties set"), at=clock.now(),
    )  # fmt: skip
    if as_json:
        command.print_json(
            {
                "source_code": source_code,
                "item_id": item_id,
                "starts_on": start.date(),
                "ends_on": end.date() if end else None,
            }
        )
        return
    click.echo(f"✓ {source_code} {item_id} {start.date()} – {end.date() if end else ''}")


def _line(one: "Line") -> dict[str, Any]:
    return {
        "key": one.key,
        "name": one.zh,
        "group": one.group,
        "rates": {k: _figure(f) for k, f in one.figures.items()},
    }


def _figure(one: "Figure") -> dict[str, Any]:
    numerator, denominator = one.parts
    return {
        "numerator": float(numerator) if numerator % 1 else int(numerator),
        "denominator": None if denominator is None else float(denominator) if denominator % 1 else int(denominator),
        "value": None if one.value is None else f"{one.value:.6f}", "percent": one.percent, "excluded": dict(one.excluded),
    }  # fmt: skip


def _parts(one: "Figure") -> str:
    numerator, denominator = one.parts
    return f"{numerator:,} / {'—' if denominator is None else f'{denominator:,}'}"
