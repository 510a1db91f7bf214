"""Commands about credit reports: give one out, verify one."""

from datetime import datetime
from pathlib import Path

import click

from xinyong.operations import command


@click.command()
@click.argument("code")
@click.option(
    "-o", "--output", type=click.Path(dir_okay=False, path_type=Path), required=True, help="PDF 文件 to write"
)
@click.option("--on", "on", type=click.DateTime(["%Y-%m-%d"]), help="信息截至日期 as of this day (default today)")
@click.option("--json", "as_json", is_flag=True, help="JSON with stable keys")
def report(code: str, output: Path, on: datetime | None, as_json: bool) -> None:
    """出具信用报告 Issues the credit report of the organisation CODE as a PDF and registers it."""
    command.with_database()
    from xinyong.kernel import clock
    from xinyong.reports import issue
    from xinyong.security.access import system

    as_of = on.date() if on else clock.today()
    issued = issue.issue(code, as_of=as_of, seen_by=system("xinyong report"), issued_at=clock.now())
    output.write_bytes(issued.pdf)
    if as_json:
        command.print_json(
            {
                "number": issued.number,
                "check_code": issued.check_code,
                "verify_url": issued.verify_url,
                "code": issued.content.code,
                "name": issued.content.name,
                "as_of": issued.content.as_of,
                "issued_at": issued.issued_at.isoformat(timespec="seconds"),
                "file": str(output),
                "bytes": len(issued.pdf),
                "sha256": issued.file_digest,
                "counts": [
                    {"zh": one.title.zh, "en": one.title.en, "total": one.total} for one in issued.content.counts
                ],
            }
        )
        return
    click.echo(f"✓ {issued.content.name}  {issued.content.code_grouped}")
    click.echo(f"  报告编号 Number: {issued.number}")
    click.echo(f"  验证 Verify:     {issued.verify_url}")
    click.echo(f"  文件 File:       {output} ({len(issued.pdf):,} bytes)")


@click.command()
@click.argument("file", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.option("--json", "as_json", is_flag=True, help="JSON with stable keys")
@click.pass_context
def verify(context: click.Context, file: Path, as_json: bool) -> None:
    """验证报告 Verifies a report file: genuine, superseded, altered or unknown.

    Exit code 0 when the file is as issued (genuine or superseded), 1 when it was altered or is unknown.
    """
    command.with_database()
    from xinyong.reports import verify as verifying

    answer = verifying.file(file)
    if as_json:
        command.print_json(
            {
                "verdict": answer.verdict.value,
                "zh": answer.zh,
                "en": answer.en,
                "number": answer.number,
                "code": answer.subject_code,
                "name": answer.subject_name,
                "as_of": answer.as_of,
                "issued_at": answer.issued_at.isoformat(timespec="seconds") if answer.issued_at else None,
                "newer_at": answer.newer_at.isoformat(timespec="seconds") if answer.newer_at else None,
                "is_newer_same": answer.is_newer_same,
                "sha256": answer.file_digest,
            }
        )
    else:
        click.echo(f"{'✓' if answer.is_genuine else '✗'} {answer.zh}\n  {answer.en}")
    context.exit(0 if answer.is_genuine else 1)
