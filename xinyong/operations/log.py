"""Commands about evidence: the log's state and keys, verification, export, the witness, receipts."""

import base64
import sys
import threading
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import click

from xinyong.kernel import clock
from xinyong.kernel.errors import XinyongError
from xinyong.operations import command

if TYPE_CHECKING:
    from xinyong.security.ledger.notes import PublicKey
    from xinyong.security.ledger.verify import Report

#: Seconds between two checkpoints: a minute is promised.
EVERY = 45

_FILE = click.Path(exists=True, dir_okay=False, path_type=Path)
_FOLDER = click.Path(file_okay=False, path_type=Path)


@click.group()
def log() -> None:
    """存证日志 The evidence log: status, publish, key, rotate-key, trust-witness."""


@log.command()
@click.option("--json", "as_json", is_flag=True)
def status(as_json: bool) -> None:
    """Says how old the last checkpoint is, how much waits for it, who witnessed it. Exit 1: something needs care."""
    command.with_database()
    from xinyong.security.ledger import health, signing, witnesses

    now = clock.now()
    found = health.now(now)
    age = found.age(now)
    is_well = age is not None and age <= found.limit and found.trouble is None
    seen = witnesses.all_seen()
    if as_json:
        last = found.checkpoint
        command.print_json(
            {
                "origin": signing.origin(), "size": last.size if last else None, "number": last.number if last else None,
                "signed_at": found.signed_at.isoformat() if found.signed_at else None, "waiting": found.waiting,
                "age_seconds": int(age.total_seconds()) if age is not None else None, "is_well": is_well,
                "trouble": found.trouble, "witnesses": [
                    {"name": one.name, "size": one.checkpoint.size if one.checkpoint else None,
                     "signed_at": one.signed_at.isoformat() if one.signed_at else None} for one in seen
                ],
            }
        )  # fmt: skip
    else:
        _say_status(found, age, seen)
    sys.exit(0 if is_well else 1)


def _say_status(found: object, age: object, seen: Sequence[object]) -> None:
    from xinyong.security.ledger.health import Health
    from xinyong.security.ledger.witnesses import Seen

    assert isinstance(found, Health)
    if found.checkpoint is None:
        click.echo("! 还没有检查点 no checkpoint yet")
    else:
        click.echo(
            f"✓ 检查点 checkpoint {found.checkpoint.number:,}: {found.checkpoint.size:,} 条 leaves, "
            f"{str(age).split('.')[0]} 前 ago; 待写入 waiting {found.waiting:,}"
        )
    if found.trouble:
        click.echo(f"✗ {found.trouble[0]}\n  {found.trouble[1]}")
    for one in seen:
        assert isinstance(one, Seen)
        click.echo(
            f"  见证 witness {one.name}: "
            + (
                f"{one.checkpoint.size:,} 条, {one.signed_at:%Y-%m-%d %H:%M}"
                if one.checkpoint
                else "— 尚未签名 not yet"
            )
        )


@log.command()
def publish() -> None:
    """Appends what waits and signs a checkpoint now."""
    command.with_database()
    from xinyong.security.ledger import sequencer

    done = sequencer.publish(now=clock.now())
    click.echo(
        f"✓ {done.checkpoint.size:,} 条 leaves (+{done.appended:,}), {base64.b64encode(done.checkpoint.root).decode()}"
    )


@log.command()
def key() -> None:
    """Prints the public keys that checkpoints and receipts are verified with, the newest first."""
    command.without_database()
    from xinyong.security.ledger import signing

    for signer in signing.signers():
        click.echo(str(signer.public))


@log.command("rotate-key")
def rotate_key() -> None:
    """Makes a new signing key; the old one signs beside it until the next rotation, and the log states the new one."""
    command.with_database()
    from django.db import transaction

    from xinyong.security import audit
    from xinyong.security.access import system
    from xinyong.security.ledger import sequencer, signing, statements

    sequencer.publish(now=clock.now())
    made = signing.fresh_key()
    fresh = made.public
    with transaction.atomic():
        statements.make("log-key", about="log", facts={"key": str(fresh), "made_at": clock.now().isoformat()})
        audit.enter(audit.Event.LOG_KEY_ADDED, by=system("xinyong log"), object_kind="log", object_ref=fresh.id.hex())
        signing.add_key(made)  # last: a key that signs without its statement and its entry would be nobody's
    sequencer.publish(now=clock.now())
    click.echo(str(fresh))


@log.command("trust-witness")
@click.argument("public_key")
def trust_witness(public_key: str) -> None:
    """Makes a witness known by its PUBLIC_KEY (a file or the line itself): its signatures are shown from now on."""
    command.without_database()
    from xinyong.security.ledger import witnesses

    for one in public_keys([public_key]):
        witnesses.add(one)
        click.echo(f"✓ {one.name}")


@click.command("verify-log")
@click.option("--checkpoint", type=_FILE, required=True, help="检查点 the signed checkpoint that you have kept")
@click.option(
    "--key", "keys", multiple=True, required=True, help="公钥 public key of the log: a file or the line itself"
)
@click.option("--witness-key", "witness_keys", multiple=True, help="见证公钥 public key of a witness")
@click.option("--witnesses", default=0, show_default=True, help="how many of these witnesses must have signed")
@click.option("--files", type=_FOLDER, help="导出目录 verify exported files (export-log) instead of the database")
@click.option("--tiles", "tile_folder", type=_FOLDER, help="a copy of the published tiles, to say more exactly where")
@click.option("--json", "as_json", is_flag=True)
def verify_log(
    checkpoint: Path, keys: tuple[str, ...], witness_keys: tuple[str, ...], witnesses: int, files: Path | None,
    tile_folder: Path | None, as_json: bool,
) -> None:  # fmt: skip
    """验证日志 Is the log, and every entry and record, what a checkpoint says? Exit 1: no; each line says what and where.

    Trusts the keys on the command line and nothing in the database.
    """
    from xinyong.security.ledger import notes

    trusted, signatures = notes.trusted(
        checkpoint.read_text("utf-8"), keys=public_keys([*keys, *witness_keys]), witnesses=witnesses
    )
    began = time.monotonic()
    if files is not None:
        command.without_database()
        from xinyong.security.ledger import export

        report = export.read(files, trusted, keys=public_keys(keys))
    else:
        report = _database(trusted, public_keys(keys), tile_folder)
    witnessed = sum(key.kind == notes.WITNESS for key in signatures)
    _tell(report, trusted.size, witnessed, time.monotonic() - began, as_json=as_json)
    sys.exit(0 if report.is_whole else 1)


def _database(trusted: object, keys: "Sequence[PublicKey]", folder: Path | None) -> "Report":
    command.with_database()
    from xinyong.records import evidence
    from xinyong.security.ledger import signing, verified
    from xinyong.security.ledger.notes import Checkpoint

    assert isinstance(trusted, Checkpoint)
    report = evidence.check(trusted, keys=keys, folder=folder or signing.home())
    verified.keep(report, at=clock.now())
    return report


def _tell(report: "Report", size: int, witnessed: int, took: float, *, as_json: bool) -> None:
    if as_json:
        command.print_json(
            {
                "is_whole": report.is_whole, "leaves": report.leaves, "rows": report.rows, "checkpoint_size": size,
                "checkpoints": report.checkpoints, "waiting": report.waiting, "witnesses": witnessed,
                "seconds": round(took, 3), "findings": [
                    {"kind": one.kind.value, "where": one.where, "detail": one.detail} for one in report.findings
                ],
            }
        )  # fmt: skip
        return
    for one in report.findings:
        click.echo(f"✗ {one}")
    sign = "✓ 完整 whole" if report.is_whole else f"✗ 发现 {len(report.findings)} 处 found"
    click.echo(
        f"{sign}: {report.leaves:,} 条 leaves, {report.rows:,} 条记录 record versions, {report.checkpoints:,} 个检查点 checkpoints, "
        f"见证 witnesses {witnessed}, {took:.1f} s"
    )
    if report.waiting:
        click.echo(f"  最新 {report.waiting:,} 条还没有检查点覆盖 newest entries no checkpoint covers yet")


@click.command("export-log")
@click.argument("folder", type=_FOLDER)
def export_log(folder: Path) -> None:
    """导出日志 Writes the whole log into FOLDER, to be verified without our database (verify-log --files)."""
    command.with_database()
    from xinyong.security import audit
    from xinyong.security.access import system
    from xinyong.security.ledger import export, sequencer

    by = system("xinyong export-log")
    audit.enter(audit.Event.LOG_EXPORTED, by=by, object_kind="log", object_ref="all")
    sequencer.publish(now=clock.now())
    done = export.write(folder, by=by)
    click.echo(f"✓ {folder}: {done.size:,} 条 leaves")


@click.command()
@click.option("--log", "place", required=True, help="日志 the published files: a directory or http(s)://…/evidence")
@click.option("--key", "log_key", required=True, help="公钥 public key of the log: a file or the line itself")
@click.option(
    "--state", type=_FOLDER, required=True, help="本方目录 the witness's own directory: key, what it has signed"
)
@click.option(
    "--name", default="witness.local/1", show_default=True, help="名称 the witness's name, as a URL without scheme"
)
@click.option(
    "--deliver", type=_FOLDER, help="where the cosigned checkpoint is laid: <home>/log/witness of the platform"
)
@click.option("--every", default=0, show_default=True, help="seconds between looks; 0 looks once")
@click.option("--show-key", is_flag=True, help="prints the witness's public key and ends")
def witness(place: str, log_key: str, state: Path, name: str, deliver: Path | None, every: int, show_key: bool) -> None:
    """见证 Looks at a log, has it proved that it only grew, and cosigns its checkpoint with a key of its own.

    Exit 1: the log contradicts what it showed before; nothing was signed. Needs no database.
    """
    from xinyong.security.ledger import tiles
    from xinyong.security.ledger.witness import Split, Unreachable, Witness, source

    mine = Witness(state, name)
    if show_key:
        click.echo(str(mine.signer.public))
        return
    (key,) = public_keys([log_key])
    while True:
        try:
            seen = mine.look(source(place), key, at=int(clock.now().timestamp()))
        except Split as error:
            click.echo(f"✗ {error.zh}\n  {error.en}", err=True)
            sys.exit(1)
        except Unreachable as error:
            click.echo(f"! {error.zh}\n  {error.en}", err=True)
            if not every:
                sys.exit(3)
        else:
            if deliver is not None:
                tiles.put(deliver / f"{mine.signer.public.id.hex()}.note", seen.note.encode())
            click.echo(f"✓ {seen.before:,} → {seen.checkpoint.size:,} 条 leaves")
        if not every:
            return
        time.sleep(every)


@click.command()
@click.argument("submission", type=int)
@click.option("-o", "--output", type=click.Path(dir_okay=False, path_type=Path), help="文件 to write (default: print)")
@click.option(
    "--compare", type=_FILE, help="对照 the department's file of today: says which rows read otherwise; exit 1"
)
def receipt(submission: int, output: Path | None, compare: Path | None) -> None:
    """报送回执 The signed receipt of SUBMISSION, with its proof, as JSON."""
    command.with_database()
    if compare is not None:
        _compare(submission, compare)
    import json

    from xinyong.intake import receipt as receipts
    from xinyong.security.access import system

    text = json.dumps(receipts.of(submission, seen_by=system("xinyong receipt")), ensure_ascii=False, indent=1) + "\n"
    if output is None:
        click.echo(text, nl=False)
    else:
        output.write_text(text, encoding="utf-8")
        click.echo(f"✓ {output}")


def _compare(submission: int, path: Path) -> None:
    from xinyong.intake import receipt as receipts
    from xinyong.security.access import system

    found = receipts.compare(submission, path, seen_by=system("xinyong receipt"))
    words = {"changed": "改动 changed", "removed": "删除 removed", "added": "增加 added"}
    for one in found:
        click.echo(f"✗ 第 {one.row_no} 行 row: {words[one.kind]}")
    click.echo(f"{'✗' if found else '✓'} {len(found)} 处不同 rows differ")
    sys.exit(1 if found else 0)


@click.command("verify-receipt")
@click.argument("file", type=_FILE)
@click.option(
    "--key", "keys", multiple=True, required=True, help="公钥 public key of the log: a file or the line itself"
)
@click.option("--file", "original", type=_FILE, help="the file that was handed in, to be compared")
@click.option("--json", "as_json", is_flag=True)
def verify_receipt(file: Path, keys: tuple[str, ...], original: Path | None, as_json: bool) -> None:
    """验证回执 Does a receipt hold? Needs the public key and nothing else; no database. Exit 1: it does not."""
    import hashlib

    command.without_database()
    from xinyong.security.ledger import receipts

    digest = None
    if original is not None:
        with original.open("rb") as plain:
            digest = hashlib.file_digest(plain, "sha256").hexdigest()
    verdict = receipts.verify(file.read_text("utf-8"), keys=public_keys(keys), file_digest=digest)
    if as_json:
        said = {"is_genuine": verdict.is_genuine, "statements": verdict.statements}
        command.print_json(said | {"holds": verdict.holds, "fails": verdict.fails})
    else:
        for zh, en in verdict.holds:
            click.echo(f"✓ {zh}\n  {en}")
        for zh, en in verdict.fails:
            click.echo(f"✗ {zh}\n  {en}")
    sys.exit(0 if verdict.is_genuine else 1)


def public_keys(texts: Sequence[str]) -> "list[PublicKey]":
    """Public keys from files (a key a line) or from the line itself."""
    from xinyong.security.ledger import notes

    lines: list[str] = []
    for text in texts:
        path = Path(text)
        lines += path.read_text("utf-8").splitlines() if len(text) < 1000 and path.is_file() else [text]
    return [notes.public_key(line) for line in lines if line.strip()]


@contextmanager
def keeping() -> Iterator[None]:
    """Beside whatever runs in it: a checkpoint every ``EVERY`` seconds, in a thread of its own, so that no long job delays it."""
    stop = threading.Event()
    thread = threading.Thread(target=_keep, args=[stop], name="ledger", daemon=True)
    thread.start()
    try:
        yield
    finally:
        stop.set()
        thread.join(20)


def _keep(stop: threading.Event) -> None:
    import logging

    from xinyong.security.ledger import sequencer

    told = logging.getLogger("xinyong.ledger")
    while True:
        try:
            sequencer.publish(now=clock.now())
        except XinyongError as error:
            told.error("ledger-refused code=%s", error.code)
        except Exception:  # noqa: BLE001 - a job's edge: the next turn tries again, health tells whoever looks
            told.exception("ledger-failed")
        if stop.wait(EVERY):
            return
