"""``xinyong keys``: which keys protect persons' data, and how they are changed while the platform runs."""

import sys
import time
from typing import Any

import click

from xinyong.operations import command

_JSON = click.option("--json", "as_json", is_flag=True, help="JSON")


@click.group()
def keys() -> None:
    """密钥 Keys that protect persons' data: status, rotate, rewrap, provider."""


@keys.command()
@_JSON
def status(as_json: bool) -> None:
    """状态 Show which key wraps the data keys and how many values lie under which. Exit 1: some wait to be sealed again."""
    command.with_database()
    from xinyong.security import keyring, providers, reseal

    keyring.current(keyring.SEAL)
    known, held, wrapper = keyring.all_keys(), reseal.status(), providers.current()
    waiting = sum(one.count - one.renewed for one in held)
    wrapped = sum(one.wrapped_by == wrapper.label for one in known)
    if as_json:
        command.print_json(
            {
                "wrapped_by": wrapper.label,
                "data_keys": [
                    {"number": one.number, "use": one.use, "algorithm": one.algorithm, "made_at": one.made_at,
                     "wrapped_by": one.wrapped_by, "is_current": keyring.current(one.use).number == one.number}
                    for one in known
                ],
                "sealed": [
                    {"place": one.place, "values": one.count, "newest_key": one.newest, "under_newest": one.renewed,
                     "by_key": {str(number): count for number, count in sorted(one.by_key.items())}}
                    for one in held
                ],
                "waiting": waiting,
            }
        )  # fmt: skip
        sys.exit(1 if waiting or wrapped < len(known) else 0)
    click.echo(f"主密钥 key-encryption key: {wrapper.label}")
    for key in known:
        is_current = keyring.current(key.use).number == key.number
        note = "" if key.wrapped_by == wrapper.label else f"  ! {key.wrapped_by}"
        click.echo(
            f"  {key.number:>4}  {key.use:<7}{key.algorithm:<13}{key.made_at:%Y-%m-%d %H:%M}"
            f"{'  现用 current' if is_current else ''}{note}"
        )
    click.echo(f"已由它加密的数据密钥 data keys wrapped by it: {wrapped} / {len(known)}")
    for place in held:
        share = place.renewed / place.count if place.count else 1
        older = {number: count for number, count in sorted(place.by_key.items()) if number != place.newest}
        rest = f"  其余 others: {', '.join(f'{count} × {number}' for number, count in older.items())}" if older else ""
        click.echo(
            f"  {place.place:<32}{place.renewed:>10} / {place.count:<10} {share:7.2%}  密钥 key {place.newest}{rest}"
        )
    if waiting:
        click.echo(f"! {waiting} 项仍用旧密钥。运行 xinyong keys rotate --resume。 {waiting} are under older keys.")
    if wrapped < len(known):
        click.echo("! 部分数据密钥仍由旧主密钥加密。运行 xinyong keys rewrap。 Some data keys wait to be wrapped anew.")
    sys.exit(1 if waiting or wrapped < len(known) else 0)


@keys.command()
@click.option("--resume", is_flag=True, help="只继续重新加密 make no new keys; go on sealing again")
@click.option("--later", is_flag=True, help="只换密钥 new keys only; seal again later, with --resume")
@_JSON
def rotate(resume: bool, later: bool, as_json: bool) -> None:
    """更换数据密钥 Make new data keys, then seal again all that lies under older ones. The platform goes on running."""
    if resume and later:
        raise click.UsageError("--resume 与 --later 不能同时使用 / not together")
    command.with_database()
    from xinyong.security import reseal
    from xinyong.security.access import system

    by, began = system("xinyong keys rotate"), time.monotonic()
    made = [] if resume else reseal.rotate(by=by)
    count = 0 if later else reseal.run(by=by, progress=None if as_json else _tell)
    answer: dict[str, Any] = {
        "made": made, "sealed_again": count, "seconds": round(time.monotonic() - began, 1)
    }  # fmt: skip
    if as_json:
        command.print_json(answer)
        return
    if made:
        click.echo(f"✓ 新数据密钥 new data keys: {', '.join(map(str, made))}")
    if not later:
        click.echo(f"✓ 已重新加密 sealed again: {count}  ({answer['seconds']} s)")


def _tell(place: str, count: int) -> None:
    if sys.stderr.isatty():
        click.echo(f"\r· {place}: {count}", nl=False, err=True)


@keys.command()
@click.option(
    "--new", "is_new", is_flag=True, help="先生成新的主密钥 make a new key-encryption key first (file, pkcs11)"
)
@_JSON
def rewrap(is_new: bool, as_json: bool) -> None:
    """更换主密钥 Wrap every data key with the provider's key: after a change of provider or of its key. Touches no value."""
    command.with_database()
    from xinyong.security import reseal
    from xinyong.security.access import system

    label, count = reseal.rewrap(by=system("xinyong keys rewrap"), is_new=is_new)
    if as_json:
        command.print_json({"wrapped_by": label, "rewrapped": count})
    else:
        click.echo(f"✓ {count} 个数据密钥改由 {label} 加密。 {count} data keys are now wrapped by it.")


@keys.command()
@_JSON
def provider(as_json: bool) -> None:
    """来源 Show where the key-encryption key lies, and try it."""
    command.with_database()
    from django.conf import settings

    from xinyong.security import providers

    wrapper = providers.current()
    works = wrapper.unwrap(wrapper.wrap(b"try", b"try"), b"try") == b"try"
    answer: dict[str, Any] = {"provider": settings.KEYS["provider"], "label": wrapper.label, "works": works}
    if settings.KEYS["provider"] == "pkcs11":
        from xinyong.security import hsm

        answer["is_extractable"] = hsm.is_extractable()
    if as_json:
        command.print_json(answer)
    else:
        for name, value in answer.items():
            click.echo(f"{name:<16}{value}")
