"""``xinyong check``, ``submit``, ``feedback`` and ``revert``: a department's files at the command line; ``submit --to`` for a
platform elsewhere (``remote``)."""

import sys
from collections.abc import Sequence
from dataclasses import asdict
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from xinyong.kernel import clock
from xinyong.operations import command, remote

if TYPE_CHECKING:
    from xinyong.intake.outcome import Counts, Found

_SHOWN = 30
_LABELS = {"accepted": "入库", "doubtful": "疑问", "rejected": "退回", "duplicate": "重复", "unchanged": "未变"}

_path = click.Path(exists=True, dir_okay=False, path_type=Path)
_file = click.argument("file", type=_path)
_item = click.option("--item", "item_id", required=True, help="目录事项 catalogue item, e.g. admin-penalty-org")
_json = click.option("--json", "as_json", is_flag=True, help="one JSON document with stable keys")
_map = click.option(
    "--map", "mapping", multiple=True, metavar="HEADER=FIELD", help="表头对应的数据项 which field a header is"
)


def _mapping(pairs: Sequence[str]) -> dict[str, str]:
    mapping = {}
    for pair in pairs:
        header, sign, field = pair.rpartition("=")
        if not sign or not header or not field:
            raise click.BadParameter(f"应写成 表头=数据项代码 / write HEADER=FIELD: {pair!r}", param_hint="--map")
        mapping[header] = field
    return mapping


@click.command()
@_file
@click.option("--item", "item_id", help="目录事项 catalogue item, e.g. admin-penalty-org; a bundle names its own")
@click.option("--source", "source_code", default=None, help="报送单位代码 code of the source unit")
@_map
@click.option(
    "--bundle", type=_path, help="离线校验包 check with these rules alone: no database, no platform (xinyong bundle)"
)
@click.option(
    "--key", "keys", multiple=True, help="公钥 with --bundle: the platform's public key, a file or the line itself"
)
@click.option(
    "--against", metavar="URL", help="平台网址 with --bundle: asks the platform whether its rules have changed since"
)
@_json
def check(
    file: Path, item_id: str | None, source_code: str | None, mapping: tuple[str, ...], bundle: Path | None,
    keys: tuple[str, ...], against: str | None, as_json: bool,
) -> None:  # fmt: skip
    """试校验文件，不保留任何内容。Checks FILE as submit would; nothing is kept."""
    if bundle is not None:
        command.with_nothing()
        from xinyong.operations import bundles

        offline, said = bundles.check(
            file,
            bundle,
            item_id=item_id,
            source_code=source_code,
            mapping=_mapping(mapping),
            keys=keys,
            against=against,
        )
        if not as_json:
            bundles.tell(said)
        _report(offline.counts, offline.findings, as_json=as_json, columns=offline.columns, **said)
        return
    if item_id is None:
        raise click.UsageError("请指定 --item 事项 或 --bundle 校验包 / give --item or --bundle")
    if keys or against:
        raise click.UsageError("--key、--against 只与 --bundle 一起使用 / go with --bundle only")
    command.with_database()
    from xinyong.intake import submit as intake
    from xinyong.security.access import system

    trial = intake.check(
        file, item_id=item_id, source_code=source_code, file_name=file.name, received_at=clock.now(),
        by=system("check"), mapping=_mapping(mapping),
    )  # fmt: skip
    _report(trial.counts, trial.findings, as_json=as_json, columns=trial.columns)


@click.command()
@_file
@_item
@click.option("--source", "source_code", default=None, help="报送单位代码 code of the source unit (not with --to)")
@click.option("--received", type=click.DateTime(["%Y-%m-%d"]), default=None, help="收到日期 (default: now)")
@_map
@_json
@click.option("--to", default=None, metavar="URL", help="经接口报送到此平台 hand in to this platform by its interface")
@click.option("--client-id", default="", help="with --to: 客户端标识 the client's id")
@click.option(
    "--secret-file",
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
    default=None,
    help="with --to: 密钥文件 file with the client's secret; otherwise XINYONG_CLIENT_SECRET",
)
@click.option("--client-secret", envvar="XINYONG_CLIENT_SECRET", default="", hidden=True)
@click.option("--key", default="", help="with --to: 幂等键 the same key and content are one submission")
@click.option("--trial", "is_trial", is_flag=True, help="with --to: 只校验，不保留 validated there, nothing kept")
@click.option(
    "--feedback",
    "feedback_file",
    type=click.Path(dir_okay=False, path_type=Path),
    default=None,
    help="with --to: 反馈工作簿写到 write the returned workbook here",
)
@click.option(
    "--ca-file",
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
    default=None,
    help="with --to: 自建根证书 a certificate authority of your own",
)
def submit(
    file: Path, item_id: str, source_code: str | None, received: datetime | None, mapping: tuple[str, ...], as_json: bool,
    to: str | None, client_id: str, secret_file: Path | None, client_secret: str, key: str, is_trial: bool,
    feedback_file: Path | None, ca_file: Path | None,
) -> None:  # fmt: skip
    """报送文件。Submits FILE for a source unit: good rows go in, bad rows wait, feedback says what to correct. With --to it goes
    to a platform elsewhere, for the department of the client."""
    if to is not None:
        if source_code or received:
            raise click.UsageError("--to 不能与 --source、--received 同用 / --to goes without --source and --received")
        remote.submit(
            file, item_id=item_id, to=to, client_id=client_id, client_secret=remote.secret(secret_file, client_secret),
            key=key, mapping=_mapping(mapping), is_trial=is_trial, feedback=feedback_file, ca_file=ca_file, as_json=as_json,
        )  # fmt: skip
        return
    if source_code is None:
        raise click.UsageError("缺少 --source（或用 --to 报送到别处）/ give --source, or --to for a platform elsewhere")
    command.with_database()
    from xinyong.intake import submit as intake
    from xinyong.intake import views
    from xinyong.security.access import system

    by = system("submit")
    received_at = _received(received)
    entered = intake.receive(
        file, item_id=item_id, source_code=source_code, file_name=file.name, by=by, received_at=received_at,
        mapping=_mapping(mapping),
    )  # fmt: skip
    was_done = entered.status == "deposited"
    done = intake.run(entered.id, by=by, original=file, progress=None if as_json else _progress)
    if done.refusal:
        if as_json:
            command.print_json({"submission": done.id, "status": done.status, "refusal": dict(done.refusal)})
        click.echo(f"✗ {done.refusal['zh']}\n  {done.refusal['en']}\n  [{done.refusal['code']}]", err=True)
        sys.exit(3)
    found = [one.found for one in views.findings(done.id, seen_by=by, limit=100_000)]
    if was_done and not as_json:
        click.echo(
            f"内容相同的文件已于 {done.received_at.astimezone(clock.ZONE):%Y-%m-%d %H:%M} 报送过，以下是当时的结果。",
            err=True,
        )
    _report(
        done.counts, found, as_json=as_json, columns=[list(pair) for pair in done.columns], submission=done.id,
        already_submitted=was_done,
    )  # fmt: skip


def _received(day: datetime | None) -> datetime:
    """When the file is held to have come: now, or the end of an earlier working day. What comes later is not known yet,
    and would not be shown."""
    now = clock.now()
    if day is None:
        return now
    if day.date() > now.date():
        raise click.BadParameter("收到日期不能晚于今天 / the day of receipt has not come yet", param_hint="--received")
    return min(now, day.replace(hour=17, tzinfo=clock.ZONE))


def _progress(done: int, total: int) -> None:
    if sys.stderr.isatty():
        click.echo(f"\r{done:,} / {total:,}", nl=done >= total, err=True)


def _report(counts: "Counts", found: Sequence["Found"], *, as_json: bool, **more: Any) -> None:
    if as_json:
        command.print_json(
            {
                **more,
                "rows_read": counts.rows_read,
                **{name: getattr(counts, name) for name in _LABELS},
                "findings": [
                    {
                        "row": one.row_no, "column": one.column, "value": one.value, "rule": one.rule,
                        "severity": one.severity, "message": one.message, "message_en": one.message_en,
                        "basis": one.basis, "suggestion": one.suggestion,
                    }
                    for one in found
                ],
            }
        )  # fmt: skip
    else:
        parts = "  ".join(f"{label} {getattr(counts, name):,}" for name, label in _LABELS.items())
        click.echo(f"读取 {counts.rows_read:,} 行：{parts}")
        if "submission" in more:
            click.echo(f"报送编号 {more['submission']}（取回反馈：xinyong feedback {more['submission']} -o 反馈.xlsx）")
        for one in found[:_SHOWN]:
            hint = f"  建议：{one.suggestion}" if one.suggestion else ""
            click.echo(f"  第 {one.row_no} 行 {one.column or '—'} [{one.severity} {one.rule}] {one.message}{hint}")
        if len(found) > _SHOWN:
            click.echo(f"  …… 共 {len(found):,} 条，全部见反馈文件。")
    if counts.doubtful or counts.rejected:
        sys.exit(1)


@click.command()
@click.argument("submission", type=int)
@click.option("-o", "--output", required=True, type=click.Path(dir_okay=False, path_type=Path), help=".xlsx 或 .csv")
def feedback(submission: int, output: Path) -> None:
    """取回反馈。Writes the returned workbook (.xlsx) or list (.csv) of a submission."""
    command.with_database()
    from xinyong.intake import returned
    from xinyong.security.access import system

    returned.write(submission, to=output, seen_by=system("feedback"))
    click.echo(f"已写入 {output}")


@click.command()
@click.argument("submission", type=int)
@click.option("--reason", default=None, help="撤回原因 why; without it only the effect is shown")
@_json
def revert(submission: int, reason: str | None, as_json: bool) -> None:
    """整批撤回。Takes a submission back as a whole; run again after a break, it finishes what is left."""
    command.with_database()
    from xinyong.intake import revert as reverting
    from xinyong.intake import views
    from xinyong.security.access import system

    by = system("revert")
    if views.find(submission, seen_by=by).status != "reverted":
        effect = reverting.preview(submission, seen_by=by)
        if reason is None:
            if as_json:
                command.print_json({"submission": submission, "reverted": False, **asdict(effect)})
            else:
                click.echo(
                    f"撤回后退出 {effect.withdrawn:,} 条，恢复 {effect.restored:,} 条，不受影响 {effect.superseded:,} 条。"
                )
                click.echo("加上 --reason 即撤回。Add --reason to take it back.")
            return
        reverting.begin(submission, reason=reason, by=by)
    done = reverting.finish(submission, by=by).facts["reverted"]
    if as_json:
        command.print_json({"submission": submission, "reverted": True, **done})
    else:
        click.echo(f"✓ 已撤回：退出 {done['withdrawn']:,} 条，恢复 {done['restored']:,} 条。")
