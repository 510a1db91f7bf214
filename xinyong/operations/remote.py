"""``xinyong submit --to``: hands a file in to a platform elsewhere, by its interface; nothing of a platform need be here."""

import sys
from collections.abc import Mapping
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING

import click

from xinyong.operations import command

if TYPE_CHECKING:
    from xinyong.client.answers import Counts, Row

_SHOWN = 30
_LABELS = {"accepted": "入库", "doubtful": "疑问", "rejected": "退回", "duplicate": "重复", "unchanged": "未变"}


def secret(file: Path | None, from_environment: str) -> str:
    """The client's secret, from a file or the environment; never from the command line, which everybody here can read."""
    context = click.get_current_context()
    if context.get_parameter_source("client_secret") is click.core.ParameterSource.COMMANDLINE:
        raise click.UsageError(
            "密钥不能写在命令行上（其他用户可见）。请用 --secret-file 或环境变量 XINYONG_CLIENT_SECRET。\n"
            "The secret does not belong on the command line, where others see it: use --secret-file or XINYONG_CLIENT_SECRET."
        )
    found = file.read_text(encoding="utf-8").strip() if file else from_environment.strip()
    if not found:
        raise click.UsageError(
            "没有客户端密钥。请用 --secret-file 或环境变量 XINYONG_CLIENT_SECRET。\n"
            "There is no client secret: use --secret-file or XINYONG_CLIENT_SECRET."
        )
    return found


def submit(
    file: Path,
    *,
    item_id: str,
    to: str,
    client_id: str,
    client_secret: str,
    key: str,
    mapping: Mapping[str, str],
    is_trial: bool,
    feedback: Path | None,
    ca_file: Path | None,
    as_json: bool,
) -> None:
    """Hands in, waits, prints what became of the rows. Exit codes as ``xinyong submit``."""
    from xinyong.client.answers import NotOver, PlatformError, Unreachable
    from xinyong.client.platform import Platform

    try:
        platform = Platform(to, client_id, client_secret, ca_file=ca_file)
        if is_trial:
            tried = platform.trial(item_id, file=file, mapping=mapping)
            _report(tried.counts, tried.rows, as_json=as_json)
            return
        entered = platform.submit(item_id, file=file, key=key, mapping=mapping)
        if not as_json:
            click.echo(f"已收到，报送编号 {entered.id}，等待处理……  received as {entered.id}", err=True)
        done = platform.wait(entered)
        if done.refusal or done.status in {"cancelled", "reverted"}:
            _refused(done.id, done.status, done.refusal, as_json=as_json)
        told = tuple(platform.rows(done.id))
        if feedback:
            platform.feedback(done.id, feedback)
        _report(done.counts, told, as_json=as_json, submission=done.id)
        return
    except PlatformError as error:
        click.echo(f"✗ {error.zh}\n  {error.en}\n  [{error.code}]", err=True)
    except Unreachable as error:
        click.echo(f"✗ 连接不上平台：{error}。请稍后用同一个 --key 重试。\n  The platform cannot be reached.", err=True)
    except NotOver as error:
        click.echo(f"✗ 报送 {error.submission.id} 还在处理，请稍后查看。\n  Still being worked on.", err=True)
    except ValueError as error:
        raise click.UsageError(str(error)) from error
    sys.exit(3)


def _refused(number: int, status: str, refusal: Mapping[str, object] | None, *, as_json: bool) -> None:
    if as_json:
        command.print_json({"submission": number, "status": status, "refusal": dict(refusal or {})})
    if refusal:
        click.echo(f"✗ {refusal['zh']}\n  {refusal['en']}\n  [{refusal['code']}]", err=True)
    else:
        click.echo("✗ 这批数据已取消或撤回，没有入库。\n  This submission was cancelled or taken back.", err=True)
    sys.exit(3)


def _report(counts: "Counts", told: tuple["Row", ...], *, as_json: bool, **more: int) -> None:
    if as_json:
        command.print_json({**more, **asdict(counts), "rows": [asdict(one) for one in told]})
    else:
        parts = "  ".join(f"{label} {getattr(counts, name):,}" for name, label in _LABELS.items())
        click.echo(f"读取 {counts.rows_read:,} 行：{parts}")
        said = [(one, found) for one in told for found in one.findings]
        for one, found in said[:_SHOWN]:
            hint = f"  建议：{found.suggestion}" if found.suggestion else ""
            click.echo(f"  第 {one.row} 行 {found.column or '—'} [{found.severity} {found.rule}] {found.zh}{hint}")
        if len(said) > _SHOWN:
            click.echo(f"  …… 共 {len(said):,} 条；用 --feedback 反馈.xlsx 取回全部。")
    if counts.doubtful or counts.rejected:
        sys.exit(1)
