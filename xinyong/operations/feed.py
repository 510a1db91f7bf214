"""``xinyong feed``: the change feeds of the base register, and a file where the interface cannot be reached."""

import sys
from collections.abc import Iterator
from itertools import islice
from pathlib import Path
from typing import Any

import click

from xinyong.kernel import clock
from xinyong.kernel.errors import Invalid
from xinyong.kernel.strict_json import NotStrictJson, StrictJson
from xinyong.operations import command


class NoEvent(Invalid):
    """A line of the file is no event."""

    code = "operations.no-event"


@click.group()
def feed() -> None:
    """登记变更通道 Change feeds of the base register: status, apply, skip."""


@feed.command()
@click.option("--json", "as_json", is_flag=True)
def status(as_json: bool) -> None:
    """各通道现状。How far each feed is. Exit 1: one has waited too long for a missing number."""
    command.with_database()
    from xinyong.intake import feed as feeds
    from xinyong.security.access import system

    found = feeds.feeds(seen_by=system("feed status"), now=clock.now())
    if as_json:
        command.print_json({"feeds": [_plain(one) for one in found]})
    for one in [] if as_json else found:
        state = one.state
        took = (
            "" if state.median_seconds is None else f"，p50 {state.median_seconds:.1f} s，p95 {state.p95_seconds:.1f} s"
        )
        click.echo(
            f"{'!' if one.is_late else '·'} {one.source_code} {one.source_name}：已处理到 applied up to {state.position}，"
            f"等待 waiting {state.waiting}，生效 applied {state.applied}，拒绝 refused {state.refused}{took}"
        )
        if state.gap:
            click.echo(f"  缺号 missing {state.gap[0]}–{state.gap[1]}，自 since {state.gap_since:%Y-%m-%d %H:%M} UTC")
    if not found and not as_json:
        click.echo("还没有登记机关接入 no authority has sent a change yet")
    sys.exit(1 if any(one.is_late for one in found) else 0)


@feed.command()
@click.argument("file", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.option("--source", "source_code", required=True, help="登记机关代码 code of the authority")
@click.option("--json", "as_json", is_flag=True)
def apply(file: Path, source_code: str, as_json: bool) -> None:
    """按文件处理变更。Applies a file of events, one JSON object a line (docs/how-to/change-feed.md). Exit 1: not all went in."""
    command.with_database()
    from xinyong.intake import feed as feeds
    from xinyong.security.access import system

    counts: dict[str, int] = {}
    told: list[dict[str, Any]] = []
    events = _events(file)
    while part := list(islice(events, feeds.MOST)):
        answers, _ = feeds.receive(part, source_code=source_code, by=system("feed apply"), received_at=clock.now())
        for one in answers:
            counts[one.outcome] = counts.get(one.outcome, 0) + 1
            if one.outcome != "applied":
                told.append({"sequence": one.sequence, "outcome": one.outcome, "reasons": list(one.reasons)})
    if as_json:
        command.print_json({"counts": counts, "not_applied": told})
    else:
        click.echo("，".join(f"{name} {count}" for name, count in counts.items()) or "没有事件 no events")
        for line in told:
            why = " ".join(f"{each['zh']} {each['en']}" for each in line["reasons"])
            click.echo(f"✗ {line['sequence']} {line['outcome']} {why}")
    sys.exit(0 if counts.keys() <= {"applied"} else 1)


@feed.command()
@click.argument("source_code", metavar="UNIT")
@click.option("--until", required=True, type=click.IntRange(1), help="跳过到此序号 the last number given up")
@click.option("--reason", required=True, help="理由，记入日志 why; it stands in the log")
def skip(source_code: str, until: int, reason: str) -> None:
    """跳过缺号。Gives up missing numbers, also those before a feed that begins in the middle."""
    command.with_database()
    from xinyong.intake import feed as feeds
    from xinyong.security.access import system

    first, last = feeds.skip(
        source_code=source_code, until=until, reason=reason, by=system("feed skip"), now=clock.now()
    )
    click.echo(f"✓ 跳过 skipped {first}–{last}")


def _events(file: Path) -> Iterator[Any]:
    from xinyong.intake import feed as feeds

    reader = StrictJson(most_bytes=1 << 20)
    with file.open("rb") as lines:
        for number, line in enumerate(lines, start=1):
            if line.strip():
                try:
                    yield feeds.Change.of(reader.parse(line))
                except (NotStrictJson, KeyError, TypeError, ValueError, AttributeError) as error:
                    raise NoEvent(
                        f"第 {number} 行不是变更事件。每行一个 JSON 对象，格式见 docs/how-to/change-feed.md。",
                        f"Line {number} is no event. One JSON object a line: see docs/how-to/change-feed.md.",
                    ) from error


def _plain(one: Any) -> dict[str, Any]:
    state = one.state
    return {
        "source": one.source_code, "last_sequence": state.position, "received_up_to": state.received_up_to,
        "waiting": state.waiting, "gap": list(state.gap) if state.gap else None, "gap_since": state.gap_since,
        "is_late": one.is_late, "applied": state.applied, "refused": state.refused,
        "median_seconds": state.median_seconds, "p95_seconds": state.p95_seconds,
    }  # fmt: skip
