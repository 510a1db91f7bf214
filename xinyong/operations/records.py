"""``xinyong show``: a subject's file as a role may see it on a date."""

from datetime import datetime, timedelta
from typing import Any

import click

from xinyong.kernel import clock
from xinyong.operations import command


@click.command()
@click.argument("code")
@click.option(
    "--as", "role", type=click.Choice(["public", "source_unit", "operator"]), default="public", show_default=True
)
@click.option("--on", "day", type=click.DateTime(["%Y-%m-%d"]), default=None, help="as of this date (default: today)")
@click.option("--json", "as_json", is_flag=True)
def show(code: str, role: str, day: datetime | None, as_json: bool) -> None:
    """查看档案。Shows the file of the organisation CODE as a role may see it on a date."""
    command.with_database()
    from xinyong.records import dossier
    from xinyong.security.access import Actor, Role

    as_of = day.date() if day else clock.today()
    seen_by = Actor(role=Role(role), name="command line")
    file = dossier.of(code, as_of=as_of, seen_by=seen_by, purpose="command line")
    if as_json:
        command.print_json(_plain(file))
        return
    click.echo(f"{file.name}  {file.code}\n{file.subject_class_zh} · {file.status_zh} · {file.region_name or '—'}")
    for one in file.successions:
        click.echo(f"{one.sentence_zh}{one.name} {one.code}")
    for section in file.sections:
        click.echo(f"\n{section.title_zh} ({section.total})")
        for record in section.records:
            until = (
                f" 公示至 {record.publish_until - timedelta(days=1)}" if record.publish_until else ""
            )  # the last day with
            click.echo(
                f"  {record.decided_on} {record.document_no} {record.title[:40]} · {record.authority}{until}{_label(record)}"
            )


def _label(record: Any) -> str:
    return f" 【{record.declared.label_zh}】" if record.declared else ""


def _plain(file: Any) -> dict[str, Any]:
    return {
        "code": file.code,
        "name": file.name,
        "subject_class": file.subject_class,
        "status": file.status,
        "as_of": file.as_of,
        "known_at": file.known_at,
        "names": [{"name": n.name, "valid_from": n.valid_from, "valid_to": n.valid_to} for n in file.names],
        "successions": [
            {"relation": one.relation, "is_successor": one.is_successor, "code": one.code, "name": one.name,
             "effective_on": one.effective_on, "instrument": one.instrument}
            for one in file.successions
        ],
        "sections": [
            {
                "section": section.section.value,
                "total": section.total,
                "records": [
                    {
                        "ref": r.ref, "version": r.version, "item": r.item_id, "document_no": r.document_no,
                        "title": r.title, "authority": r.authority, "source": r.source, "decided_on": r.decided_on,
                        "valid_to": r.valid_to, "publish_until": r.publish_until, "severity": r.severity,
                        "marks": [mark.value for mark in r.marks],
                        "declared": r.declared.label_zh if r.declared else None,
                        "fields": {f.code: f.text for f in r.fields},
                    }
                    for r in section.records
                ],
            }
            for section in file.sections
        ],
    }  # fmt: skip
