"""Which key-encryption key wraps the data keys, and how it is changed for another.

``file``, ``environment`` (security/keys.py) or ``pkcs11`` (security/hsm.py), by XINYONG_KEY_PROVIDER. A wrapped data key names
the key that wrapped it; whoever opens it looks there, whatever provider wraps new ones, so that one can be changed for
another while the platform runs.
"""

from dataclasses import dataclass
from pathlib import Path

from django.conf import settings

from xinyong.kernel.secrets_kept import kept
from xinyong.security import keys


def current() -> keys.Wrapper:
    """The key that wraps new data keys, of the provider that is set. Raises NoKey, and what the token's library says."""
    chosen = settings.KEYS
    if chosen["provider"] == "pkcs11":
        from xinyong.security import hsm  # its library is loaded only where a token is used

        return hsm.current()
    if chosen["provider"] == "environment":
        return keys.Master(
            "environment", keys.from_environment("XINYONG_MASTER_KEY", chosen["master"]), chosen["cipher"]
        )
    return keys.Master("file", keys.master(settings.XINYONG_HOME), chosen["cipher"])


def named(label: str) -> keys.Wrapper:
    """The key that wrapped something, by its label. Raises NoKey when it is not to be found any more."""
    if label.startswith("pkcs11:"):
        from xinyong.security import hsm

        return hsm.named(label)
    for found in keys.masters():
        # The same key may have moved from the file into the environment: its mark says that it is the same.
        if found.label.partition(":")[2] == label.partition(":")[2]:
            return found
    raise keys.NoKey(
        f"找不到主密钥 {label}：数据库中的数据密钥由它加密，没有它打不开。请恢复数据目录 keys 下的主密钥文件，或设置"
        " XINYONG_MASTER_KEY；正在更换主密钥时，旧的放在 XINYONG_MASTER_KEY_OLD。",
        f"The master key {label} is not here, and the data keys of this database are wrapped with it. Restore the key file in "
        "the data directory's folder keys, or set XINYONG_MASTER_KEY (while changing it: the old one in "
        "XINYONG_MASTER_KEY_OLD).",
    )


@dataclass(frozen=True, slots=True)
class Changed:
    """A new key-encryption key that waits to become the one in force."""

    wrapper: keys.Wrapper
    place: Path | None  # the file that holds it until then


def renewed() -> Changed:
    """A new key-encryption key beside the old one: in a second file, or in the token. One that an interrupted change made is
    taken up again. The environment's is the operator's to change. Raises NoKey."""
    chosen = settings.KEYS
    if chosen["provider"] == "pkcs11":
        from xinyong.security import hsm

        return Changed(hsm.make(), None)
    if chosen["provider"] == "environment":
        raise keys.NoKey(
            "环境变量中的主密钥由您更换：把旧值放到 XINYONG_MASTER_KEY_OLD，新值放到 XINYONG_MASTER_KEY，重启后运行"
            " xinyong keys rewrap。",
            "The environment's master key is yours to change: put the old one into XINYONG_MASTER_KEY_OLD and the new one into "
            "XINYONG_MASTER_KEY, start again, and run xinyong keys rewrap.",
        )
    path = settings.XINYONG_HOME / "keys" / "master.next"
    made = keys.whole(kept(path, keys.fresh), str(path))
    return Changed(keys.Master("file", made, chosen["cipher"]), path)


def settle(changed: Changed) -> None:
    """Puts a new key in force, now that it has wrapped every data key. The old file stays, under its mark, for back-ups."""
    if changed.place is None:
        return
    path = changed.place.with_name("master")
    if path.exists():
        old = keys.Master(
            "file", keys.whole(path.read_text(encoding="ascii").strip(), str(path)), settings.KEYS["cipher"]
        )
        path.replace(path.with_name(f"master.{old.label.partition(':')[2]}"))
    changed.place.replace(path)
