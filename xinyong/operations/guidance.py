"""``xinyong guidance``: how many of those on a list of the seriously dishonest were trained or interviewed."""

from datetime import datetime

import click

from xinyong.kernel import clock
from xinyong.operations import command


@click.command()
@click.option("--on", "on_day", type=click.DateTime(["%Y-%m-%d"]), default=None, help="哪一天，默认今天 on which day")
@click.option("--json", "as_json", is_flag=True, help="one JSON document with stable keys")
def guidance(on_day: datetime | None, as_json: bool) -> None:
    """培训约谈比例 The share of listed organisations that were trained or interviewed in the twelve months before."""
    command.with_database()
    from xinyong.rights import guidance as room
    from xinyong.security.access import system

    found = room.share(on=on_day.date() if on_day else clock.today(), seen_by=system("xinyong guidance"))
    if as_json:
        command.print_json(
            {"on": found.on, "listed": found.listed, "guided": found.guided, "percent": found.percent, "target": 60}
        )
    elif found.percent is None:
        click.echo(f"{found.on}：没有列入名单的单位，不计算比例。 Nobody is listed.")
    else:
        click.echo(f"{found.on}：{found.percent} %（{found.guided} / {found.listed}，目标 60 % 以上 target over 60 %）")
