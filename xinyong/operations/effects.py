"""``xinyong effects``: what follows from a repair, a correction, a withdrawal, the end of an authorisation; and who has not followed."""

import sys

import click

from xinyong.kernel import clock
from xinyong.operations import command


@click.command()
@click.option(
    "--lagging", is_flag=True, help="谁逾期未回执 who has not acknowledged in time; exit 1 when anybody is late"
)
@click.option("--json", "as_json", is_flag=True, help="one JSON document with stable keys")
def effects(lagging: bool, as_json: bool) -> None:
    """后果 The one list of effects: which cause carries out what, and what undoes it."""
    if lagging:
        command.with_database()
        _lagging(as_json)
        return
    command.without_database()
    from xinyong.rights import effects as room
    from xinyong.rights.effects import UNDONE_BY, WORDS, Cause

    if as_json:
        command.print_json(
            {
                "causes": [
                    {
                        "cause": one.value, "zh": WORDS[one][0], "en": WORDS[one][1], "is_undone": one in UNDONE_BY,
                        "effects": [
                            {"name": each.name, "zh": each.zh, "en": each.en, "is_undone": each.undo is not None}
                            for each in room.declared(one)
                        ],
                        "kept": [
                            {"name": each.name, "zh": each.zh, "en": each.en, "basis_zh": each.basis_zh, "basis_en": each.basis_en}
                            for each in room.kept(one)
                        ],
                    }
                    for one in Cause
                ]
            }
        )  # fmt: skip
        return
    for one in Cause:
        click.echo(f"{one.value}  {WORDS[one][0]} {WORDS[one][1]}")
        for each in room.declared(one):
            undone = "  ↩" if one in UNDONE_BY and each.undo else ""
            click.echo(f"    {each.name:14} {each.zh} {each.en}{undone}")
        for stays in room.kept(one):
            click.echo(f"    ({stays.name}) {stays.zh} {stays.en} · {stays.basis_zh}")


def _lagging(as_json: bool) -> None:
    from xinyong.rights import recipients
    from xinyong.security.access import system

    found = recipients.lagging(seen_by=system("xinyong effects"), at=clock.now())
    if as_json:
        command.print_json(
            [
                {
                    "unit": one.unit, "name": one.client_name, "is_partner": one.is_partner, "count": one.count,
                    "hours_over": one.hours_over,
                }
                for one in found
            ]
        )  # fmt: skip
    else:
        for one in found:
            click.echo(
                f"✗ {one.unit} · {one.client_name}：{one.count} 项未回执，逾期 {one.hours_over:,} 小时 hours over"
            )
        if not found:
            click.echo("✓ 没有逾期未回执的使用方 nobody lags behind")
    sys.exit(1 if found else 0)
