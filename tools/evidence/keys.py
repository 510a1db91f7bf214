"""Evidence for persons' data: a thousand canaries found nowhere, every value sealed again by a rotation, secrets refused."""

import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import time_machine

COUNT = 1_000
Row = tuple[object, str, bool]


def canaries_found() -> Row:
    """A2, S3-19: a thousand canaries through intake, pages, reports, errors; then everything there is, searched. The one that is
    planted on purpose is found."""
    from django.db import connection

    from tests.intake import made
    from tests.security import canary_run
    from tools import canaries
    from xinyong.security import separation

    _empty()
    with tempfile.TemporaryDirectory() as folder, time_machine.travel(made.NOW, tick=True):
        done = canary_run.run(COUNT, Path(folder))
    found = {f"{hit.what} in {hit.where}" for hit in [*done.hits(), *done.stored()]}
    with separation.as_owner(), connection.cursor() as cursor:
        cursor.execute("CREATE UNLOGGED TABLE planted (said text)")
        cursor.execute("INSERT INTO planted VALUES (%s)", [canaries.canary(1).name])
        is_found = any(hit.where == "table public.planted" for hit in canary_run.in_database())
        cursor.execute("DROP TABLE planted")
    texts, files = len(done.said), sum(path.is_file() for path in Path(os.environ["XINYONG_HOME"]).rglob("*"))
    figure = f"{len(found)} hits of {COUNT} canaries in {texts} texts, {files} files, all tables"
    if found:
        figure += ": " + "; ".join(sorted(found)[:5])
    return (
        figure + f"; planted one {'found' if is_found else 'MISSED'}",
        "0 hits, planted one found",
        not found and is_found,
    )


def rotation() -> Row:
    """S3-34: canaries sealed, data keys rotated under SM4 and back while values are read: all under the newest key each time,
    saying the same; a million nonces without a repetition."""
    from django.conf import settings

    from tests.intake import made
    from tools import canaries
    from xinyong.security import ciphers, encryption, keyring, reseal, sealed
    from xinyong.security.access import system

    _empty()
    by = system("evidence")
    with tempfile.TemporaryDirectory() as folder, time_machine.travel(made.NOW, tick=True):
        unit = made.department()
        for part in range(2):
            rows = [
                made.person_row(made.Person(one.name, one.number), unit)
                for one in map(canaries.canary, range(part * 20_000, (part + 1) * 20_000))
            ]
            path = made.csv_file(Path(folder) / f"{part}.csv", rows)
            made.hand_in(path, "admin-penalty-person", unit)

    def values() -> list[bytes]:
        with keyring.connect(as_owner=True) as own:
            return sorted(
                encryption.unseal(value, context=place.context)
                for place in sealed.declared() if isinstance(place, sealed.SealedColumn)
                for (value,) in own.execute(f"SELECT {place.column} FROM {place.table} WHERE {place.column} IS NOT NULL")
            )  # fmt: skip

    before, count, took, is_whole = values(), 0, 0.0, True
    kept = settings.KEYS
    for cipher in (ciphers.SM4_GCM, ciphers.AES_256_GCM):
        settings.KEYS = kept | {"cipher": cipher}
        began = time.monotonic()
        reseal.rotate(by=by)
        count += reseal.run(by=by)
        took += time.monotonic() - began
        is_whole &= all(one.renewed == one.count for one in reseal.status()) and values() == before
    settings.KEYS = kept
    nonces = {encryption.seal(b"", context="x")[4:16] for _ in range(1_000_000)}
    figure = (
        f"{count} values and files sealed again in {took:.0f} s ({count / took:.0f}/s), "
        f"{'100 %' if is_whole else 'NOT ALL'} under the newest key and unchanged; {len(nonces)} nonces of 1000000 distinct"
    )
    return figure, "100 % re-encrypted and unchanged; no nonce twice", is_whole and len(nonces) == 1_000_000


def secrets_refused() -> Row:
    """S3-36: the program does not start with an empty, short or guessable key; its files of secrets are its owner's alone."""
    refused = 0
    tries: list[dict[str, str]] = [
        {"XINYONG_KEY_PROVIDER": "environment", "XINYONG_MASTER_KEY": text}
        for text in ("", "changeme", "0" * 64, "ab" * 32, "0123456789abcdef" * 4)
    ]
    with tempfile.TemporaryDirectory() as folder:
        for n, text in enumerate(("", "secret", "x" * 64, "django-insecure")):
            (Path(folder) / str(n)).write_text(text, encoding="utf-8")
            tries.append({"XINYONG_SECRET_KEY_FILE": str(Path(folder) / str(n))})
        for one in tries:
            done = subprocess.run(
                [sys.executable, "-m", "xinyong.config", "keys", "provider"], env=os.environ | one, capture_output=True,
                text=True, check=False,
            )  # fmt: skip
            refused += done.returncode != 0 and "Traceback" not in done.stderr
    home = Path(os.environ["XINYONG_HOME"])
    exposed = [path.name for path in (home / "keys").rglob("*") if path.is_file() and path.stat().st_mode & 0o077]
    figure = (
        f"{refused} of {len(tries)} empty or guessable secrets refused; {len(exposed)} secret files readable by others"
    )
    return figure, "all refused, none readable", refused == len(tries) and not exposed


def _empty() -> None:
    from tests.conftest import _empty as empty

    empty()


ROWS: dict[str, Callable[[], Row]] = {
    "A2": canaries_found,
    "S3-19": canaries_found,
    "S3-34": rotation,
    "S3-36": secrets_refused,
}
