"""Commands about papers: give one out, verify one, the certificate, revocation."""

import sys
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from xinyong.operations import command

if TYPE_CHECKING:
    from xinyong.reports.issue import Issued
    from xinyong.reports.offline import Told

_FILE = click.Path(exists=True, dir_okay=False, path_type=Path)
_NEW = click.Path(dir_okay=False, path_type=Path)
_DAY = click.DateTime(["%Y-%m-%d"])


@click.command()
@click.argument("code")
@click.option("-o", "--output", type=_NEW, required=True, help="PDF 文件 to write")
@click.option("--on", "on", type=_DAY, help="信息截至日期 as of this day (default today)")
@click.option("--json", "as_json", is_flag=True, help="JSON with stable keys")
def report(code: str, output: Path, on: datetime | None, as_json: bool) -> None:
    """出具信用报告 Issues the credit report of the organisation CODE as a signed PDF and registers it."""
    command.with_database()
    from xinyong.kernel import clock
    from xinyong.reports import issue
    from xinyong.security.access import system

    as_of = on.date() if on else clock.today()
    issued = issue.issue(code, as_of=as_of, seen_by=system("xinyong report"), issued_at=clock.now())
    output.write_bytes(issued.pdf)
    counts = [{"zh": one.title.zh, "en": one.title.en, "total": one.total} for one in issued.content.counts]
    _tell(issued, output, as_json=as_json, counts=counts)


@click.group()
def reports() -> None:
    """报告和证明 Papers: special, statement, facts, revoke, certificate."""


@reports.command()
@click.argument("code")
@click.option("-o", "--output", type=_NEW, required=True, help="PDF 文件 to write")
@click.option("--from", "first_day", type=_DAY, required=True, help="起始日期 first day of the period")
@click.option("--to", "last_day", type=_DAY, required=True, help="截止日期 last day of the period")
@click.option("--domain", "chosen", multiple=True, help="领域 a domain by its id; none: all")
@click.option("--branches", is_flag=True, help="包括分支机构 with the branches known here")
@click.option("--json", "as_json", is_flag=True, help="JSON with stable keys")
def special(
    code: str, output: Path, first_day: datetime, last_day: datetime, chosen: tuple[str, ...], branches: bool, as_json: bool
) -> None:  # fmt: skip
    """专项信用报告 Issues the special report in place of no-violation certificates."""
    command.with_database()
    from xinyong.kernel import clock
    from xinyong.reports import special as making
    from xinyong.security.access import system

    wanted = making.Wanted(first_day.date(), last_day.date(), chosen, branches)
    issued = making.issue_special(code, wanted, by=system("xinyong reports"), issued_at=clock.now())
    output.write_bytes(issued.pdf)
    _tell(issued, output, as_json=as_json, domains=issued.content.totals, found=issued.content.found)


@reports.command()
@click.argument("code")
@click.argument("fact")
@click.option("-o", "--output", type=_NEW, required=True, help="PDF 文件 to write")
@click.option("--jws", "beside", type=_NEW, help="the same fact as signed JSON (JWS), to write")
@click.option("--from", "first_day", type=_DAY, help="起始日期 first day, for facts about a period")
@click.option("--to", "last_day", type=_DAY, help="截止日期 last day")
@click.option("--json", "as_json", is_flag=True, help="JSON with stable keys")
def statement(
    code: str, fact: str, output: Path, beside: Path | None, first_day: datetime | None, last_day: datetime | None, as_json: bool
) -> None:  # fmt: skip
    """单项证明 Issues a statement of one FACT (see facts) about the organisation CODE."""
    command.with_database()
    from xinyong.kernel import clock
    from xinyong.reports import statement as making
    from xinyong.security.access import system

    issued = making.issue_statement(
        code, fact, by=system("xinyong reports"), issued_at=clock.now(),
        first_day=first_day.date() if first_day else None, last_day=last_day.date() if last_day else None,
    )  # fmt: skip
    output.write_bytes(issued.pdf)
    if beside is not None:
        beside.write_text(issued.beside + "\n", encoding="ascii")
    _tell(issued, output, as_json=as_json, fact=fact)


@reports.command()
def facts() -> None:
    """可证明的事实 Lists the facts that a statement can be of."""
    command.without_database()
    from xinyong.kernel import clock
    from xinyong.reports import statement as making

    for one in making.facts(clock.today()):
        click.echo(f"{one.id:26} {one.title.zh}  {one.title.en}{'  (--from --to)' if one.has_period else ''}")


@reports.command()
@click.argument("number")
@click.option("--reason", required=True, help="原因 why; whoever verifies it reads this")
def revoke(number: str, reason: str) -> None:
    """撤销 Takes back the paper with this NUMBER: from now on it is said to be revoked wherever it is verified."""
    command.with_database()
    from xinyong.kernel import clock
    from xinyong.reports import given
    from xinyong.security.access import system

    done = given.revoke(number, reason=reason, by=system("xinyong reports"), at=clock.now())
    click.echo(f"✓ {done.number} {done.subject_name}: 已撤销 revoked")


@reports.command()
@click.option("--chain", is_flag=True, help="the signing certificate and what leads to the root, too")
@click.option("--json", "as_json", is_flag=True, help="who signs now, as JSON")
def certificate(chain: bool, as_json: bool) -> None:
    """证书 Prints the root certificate that papers are verified with (PEM)."""
    command.with_database()
    from xinyong.reports import signing

    if as_json:
        found = signing.signer()
        command.print_json(
            {
                "subject": found.subject, "issuer": found.issuer, "sha256": found.fingerprint,
                "ends_at": found.ends_at.isoformat(), "is_demo": found.is_demo,
            }
        )  # fmt: skip
        return
    click.echo(signing.chain_pem() if chain else signing.trust_pem(), nl=False)


@click.command()
@click.argument("file", type=_FILE)
@click.option("--trust", type=_FILE, help="根证书 root certificate (PEM); default: this installation's own")
@click.option("--register", is_flag=True, help="also asks this installation's register: revoked, superseded")
@click.option("--json", "as_json", is_flag=True, help="JSON with stable keys")
def verify(file: Path, trust: Path | None, register: bool, as_json: bool) -> None:
    """核验 Is a report (PDF) or a statement (PDF, JWS) genuine? Offline, by its signature; no database unless --register.

    Exit code 0: genuine. 1: altered, not this issuer's, or revoked. 2: cannot be told (no signature, no root, certificate ended).
    """
    if register:
        command.with_database()
    elif trust is not None:
        command.with_nothing()
    else:
        command.without_database()
    from xinyong.kernel import clock
    from xinyong.reports import offline

    data = file.read_bytes()
    told = offline.look(data, trust=offline.roots(trust.read_bytes()) if trust else _own_roots(), at=clock.now())
    known = _registered(data) if register else None
    code = {offline.Answer.GENUINE: 0, offline.Answer.ALTERED: 1, offline.Answer.UNTOLD: 2}[told.answer]
    if known is not None:
        code = 0 if known["is_genuine"] and code != 1 else 1
    if as_json:
        command.print_json(_as_json(told) | ({"register": known} if known is not None else {}))
    else:
        _say(told, known)
    sys.exit(code)


def _own_roots() -> list[Any]:
    from xinyong.reports import offline, signing

    place = signing.trust_place()
    return offline.roots(place.read_bytes()) if place.is_file() else []


def _registered(data: bytes) -> dict[str, Any]:
    from xinyong.reports import verify as verifying

    answer = verifying.file(data)
    return {
        "verdict": answer.verdict.value, "is_genuine": answer.is_genuine, "zh": answer.zh, "en": answer.en,
        "number": answer.number, "code": answer.subject_code, "name": answer.subject_name, "as_of": answer.as_of,
        "issued_at": answer.issued_at.isoformat(timespec="seconds") if answer.issued_at else None,
        "newer_at": answer.newer_at.isoformat(timespec="seconds") if answer.newer_at else None,
        "is_newer_same": answer.is_newer_same,
        "revoked_at": answer.revoked_at.isoformat(timespec="seconds") if answer.revoked_at else None,
    }  # fmt: skip


def _as_json(told: "Told") -> dict[str, Any]:
    return {
        "answer": told.answer.value, "kind": told.kind, "is_demo": told.is_demo, "number": told.number,
        "check_code": told.check_code, "facts_sha256": told.facts, "statement": told.statement, "signer": told.signer,
        "signed_at": told.signed_at.isoformat() if told.signed_at else None, "is_stamped": told.is_stamped,
        "verify_url": told.verify_url, "sha256": told.digest, "holds": told.holds, "fails": told.fails, "open": told.open,
    }  # fmt: skip


def _say(told: "Told", known: dict[str, Any] | None) -> None:
    words = {"genuine": "✓ 真实 genuine", "altered": "✗ 不真实 not genuine", "untold": "? 无法判断 cannot be told"}
    click.echo(words[told.answer.value] + (" · 演示文件，无法律效力 demo, no legal force" if told.is_demo else ""))
    for sign, found in (("✓", told.holds), ("✗", told.fails), ("?", told.open)):
        for zh, en in found:
            click.echo(f"  {sign} {zh}\n    {en}")
    if told.number:
        click.echo(f"  编号 Number: {told.number}\n  签名者 Signer: {told.signer}")
    if told.statement:
        click.echo(f"  {told.statement['said']['zh']}\n  {told.statement['said']['en']}")
    if known is not None:
        click.echo(f"{'✓' if known['is_genuine'] else '✗'} {known['zh']}\n  {known['en']}")


def _tell(issued: "Issued", output: Path, *, as_json: bool, **more: Any) -> None:
    content = issued.content
    if as_json:
        command.print_json(
            {
                "number": issued.number, "check_code": issued.check_code, "verify_url": issued.verify_url,
                "code": content.code, "name": content.name, "as_of": content.as_of,
                "issued_at": issued.issued_at.isoformat(timespec="seconds"), "file": str(output),
                "bytes": len(issued.pdf), "sha256": issued.file_digest, "facts_sha256": issued.facts, **more,
            }
        )  # fmt: skip
        return
    click.echo(f"✓ {content.name}  {content.code_grouped}")
    click.echo(f"  编号 Number:  {issued.number}")
    click.echo(f"  核验 Verify:  {issued.verify_url}")
    click.echo(f"  文件 File:    {output} ({len(issued.pdf):,} bytes)")
