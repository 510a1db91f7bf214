"""``xinyong bundle``, and ``xinyong check --bundle``: rules to take away, and files checked with nothing else."""

import json
import urllib.request
from collections.abc import Mapping
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

import click

from xinyong.kernel import clock
from xinyong.kernel.errors import Invalid
from xinyong.operations import command

if TYPE_CHECKING:
    from xinyong.catalogue.bundle import Bundle
    from xinyong.intake.offline import OfflineTrial

_SECONDS = 10
_MOST_BYTES = 1 << 20
_PARTS = {
    "item.json": "事项与规则 item and rules", "code_lists.json": "代码表 code lists", "units.json": "信源单位 source units",
    "calendar.json": "工作日 working days", "exceptions.json": "例外代码 exceptions",
}  # fmt: skip


class NoComparison(Invalid):
    """The platform could not be asked for its present rules."""

    code = "operations.no-comparison"


@click.command()
@click.argument("item_id", metavar="ITEM")
@click.option("-o", "--output", required=True, type=click.Path(dir_okay=False, path_type=Path), help="文件.zip")
def bundle(item_id: str, output: Path) -> None:
    """离线校验包。Writes the rules of ITEM as one signed file: xinyong check FILE --bundle THAT needs no database."""
    command.with_database()
    from xinyong.catalogue import bundle as bundles

    stamp = bundles.make(item_id, output, made_at=clock.now())
    click.echo(f"✓ {output}：{stamp.item_id} 第 {stamp.version} 版 version {stamp.version}，{stamp.made_at:%Y-%m-%d}")


def check(
    file: Path, path: Path, *, item_id: str | None, source_code: str | None, mapping: Mapping[str, str],
    keys: tuple[str, ...], against: str | None,
) -> "tuple[OfflineTrial, dict[str, Any]]":  # fmt: skip
    """Checks a file with a bundle; says on standard error which rules these are. Returns the trial and what is said of it."""
    from xinyong.catalogue import bundle as bundles
    from xinyong.intake import offline
    from xinyong.operations.log import public_keys

    opened = bundles.read(path, keys=public_keys(keys))
    if item_id is not None and item_id != opened.item.id:
        raise click.BadParameter(
            f"校验包是事项 {opened.item.id} 的 / the bundle is of {opened.item.id}", param_hint="--item"
        )
    newer = None if against is None else _newer(opened, against)
    trial = offline.check(
        file, opened, file_name=file.name, received_at=clock.now(), source_code=source_code, mapping=mapping
    )
    said = {
        "item": opened.item.id, "title": opened.item.title_zh, "version": opened.item.version, "made_at": opened.stamp.made_at.isoformat(),
        "platform": opened.stamp.platform, "program": opened.stamp.program, "digest": opened.digest,
        "signed_by": [str(one) for one in opened.signed_by], "is_key_given": bool(keys), "changed_since": newer,
    }  # fmt: skip
    not_checked = [{"rules": rules, "zh": zh, "en": en} for rules, zh, en in offline.NOT_CHECKED]
    return trial, {"bundle": said, "unsettled": trial.unsettled, "not_checked": not_checked}


def tell(said: Mapping[str, Any]) -> None:
    """Which rules these were, and what they cannot say."""
    from xinyong import __version__

    of = said["bundle"]
    made_at = datetime.fromisoformat(of["made_at"])
    days = (clock.now() - made_at).days
    click.echo(
        f"校验包 {of['title']}（{of['item']}）第 {of['version']} 版，{made_at:%Y-%m-%d} 由 {of['platform']} 制作（{days} 天前 days ago）"
    )
    if not of["is_key_given"]:
        click.echo(f"  签名有效，公钥 {of['signed_by'][0]}；请与信用中心公布的公钥核对，或用 --key 指定。")
    if of["program"] != __version__:
        click.echo(f"! 制作校验包的程序是 {of['program']} 版，本机为 {__version__} 版，个别结果可能不同；请更新。")
    if of["changed_since"]:
        parts = "、".join(_PARTS.get(one, one) for one in of["changed_since"])
        click.echo(f"! 平台此后有更新，请重新取校验包 the platform has changed since: {parts}")
    elif of["changed_since"] == []:
        click.echo("✓ 与平台现行规则一致 these are the platform's present rules")
    click.echo("以下由平台核定，本机未检查 not checked here:")
    for one in said["not_checked"]:
        click.echo(f"  - {one['zh']}")
    if said["unsettled"]:
        click.echo(f"  入库行中有 {said['unsettled']:,} 行没有有效的统一代码，须由平台关联主体后才能确定。")


def _newer(opened: "Bundle", against: str) -> list[str]:
    """Which parts the platform has otherwise today. Raises NoComparison."""
    address = urlsplit(against)
    if address.scheme != "https" and address.hostname not in {"127.0.0.1", "localhost", "::1"}:
        raise click.BadParameter("应以 https:// 开头 / must begin with https://", param_hint="--against")
    url = f"{against.rstrip('/')}/catalogue/{opened.item.id}/bundle.json"
    try:
        # nosemgrep: outgoing-request  the platform whose address is given at the command line
        with urllib.request.urlopen(url, timeout=_SECONDS) as answer:  # noqa: S310  # nosec B310  https, or this machine
            present = json.loads(answer.read(_MOST_BYTES))["members"]
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise NoComparison(
            f"无法从 {against} 取得现行规则的版本。请检查网址和网络，或不带 --against 校验（以校验包的日期为准）。",
            f"{against} does not say its present rules. Check the address, or check without --against.",
        ) from error
    return [name for name in _PARTS if present.get(name) != opened.stamp.digests.get(name)]
