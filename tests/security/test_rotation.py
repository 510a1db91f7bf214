"""Keys are changed while the platform runs, and every value opens before, during and after."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import psycopg
import pytest
from django.conf import settings
from django.db import connection, transaction
from django.db.utils import DatabaseError

from tests.intake import made
from xinyong.records import evidence
from xinyong.security import audit, ciphers, encryption, keyring, keys, providers, reseal, sealed, separation, vault
from xinyong.security.access import Actor, NotAllowed, Role, system
from xinyong.security.ledger.findings import Kind
from xinyong.subjects.models import Subject

BY = system("test")

pytestmark = pytest.mark.usefixtures("planted")


@pytest.fixture(autouse=True)
def _at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """This process looks for new keys so often that no test waits for it."""
    monkeypatch.setattr(keyring, "KNOWN_FOR", 0.05)
    keyring.forget()


ROOT = Path(__file__).parents[2]


@pytest.fixture(scope="module")
def planted(django_db_setup: None, django_db_blocker: Any, tmp_path_factory: pytest.TempPathFactory) -> Iterator[int]:
    """Persons' rows in every sealed place, handed in; how many persons went in."""
    from tests.conftest import _empty

    with django_db_blocker.unblock():
        unit, people = made.department(), [made.person() for _ in range(8)]
        rows = [made.person_row(one, unit) for one in people]
        rows += [made.person_row(made.person(), unit, CF_WSH="")]
        made.hand_in(made.csv_file(tmp_path_factory.mktemp("rotation") / "a.csv", rows), "admin-penalty-person", unit)
        yield len(people)
        _empty()


@pytest.fixture
def chosen(monkeypatch: pytest.MonkeyPatch) -> Iterator[dict[str, str]]:
    """The settings of keys, to be changed by a test; afterwards the suite's own key wraps every data key again."""
    monkeypatch.setattr(settings, "KEYS", dict(settings.KEYS))
    keyring.forget()
    yield settings.KEYS
    settings.KEYS |= {"provider": "file", "cipher": ciphers.AES_256_GCM}
    reseal.rewrap(by=BY)
    reseal.run(by=BY)
    settings.KEYS |= {"master": "", "master_old": ""}
    keyring.forget()


def _values() -> dict[str, list[bytes]]:
    """Every sealed value, opened, by place; files by their own digest."""
    found = {}
    with keyring.connect(as_owner=True) as own:
        for place in sealed.declared():
            if isinstance(place, sealed.SealedColumn):
                rows = own.execute(
                    f"SELECT {place.column} FROM {place.table} WHERE {place.column} IS NOT NULL ORDER BY {', '.join(place.key)}"
                )
                found[place.name] = [encryption.unseal(value, context=place.context) for (value,) in rows]
    return found


def _originals() -> list[Path]:
    return sorted(settings.XINYONG_HOME.glob("intake/originals/*/*.sealed"))


@pytest.mark.parametrize("cipher", [ciphers.AES_256_GCM, ciphers.SM4_GCM])
def test_after_a_rotation_everything_lies_under_the_new_key_and_says_the_same(
    planted: int, chosen: dict[str, str], cipher: str, tmp_path: Path
) -> None:
    before, contents = _values(), _digests()
    assert {name: len(values) for name, values in before.items() if values} == {
        "record.sealed": planted, "subjects_subject.sealed": planted, "intake_waitingrow.sealed": 1
    }  # fmt: skip
    chosen["cipher"] = cipher
    numbers = reseal.rotate(by=BY)
    assert [one.renewed for one in reseal.status()] == [0] * len(reseal.status())
    fresh = encryption.seal(b"new", context="test")
    assert int.from_bytes(fresh[2:4]) == numbers[0]

    count = reseal.run(by=BY)
    assert (
        count == sum(one.count for one in reseal.status()) == 2 * planted + 3
    )  # a waiting row, its file, the demo key that signs papers
    assert [one.by_key for one in reseal.status()] == [
        {one.newest: one.count} if one.count else {} for one in reseal.status()
    ]
    assert keyring.current(keyring.SEAL).algorithm == cipher
    assert _values() == before
    assert _digests() == contents
    for path in _originals():
        vault.take(path, tmp_path / "plain", context="intake.original")
        assert vault.digest_of(tmp_path / "plain")[0] == path.stem
    assert reseal.run(by=BY) == 0


def test_the_evidence_holds_after_a_rotation_and_sealed_contents_that_changed_places_are_found(planted: int) -> None:
    assert _altered() == []
    reseal.rotate(by=BY)
    reseal.run(by=BY)
    assert _altered() == [], "a rotation alters nothing that came in"
    with keyring.connect(as_owner=True) as own, own.transaction(force_rollback=True):
        own.execute("SET LOCAL session_replication_role = replica")
        own.execute(
            "UPDATE record a SET sealed = b.sealed FROM record b WHERE a.sealed <> b.sealed"
            " AND a.ctid = (SELECT min(ctid) FROM record WHERE tableoid = a.tableoid AND sealed IS NOT NULL)"
            " AND (b.subject_id, b.key_digest) = (SELECT subject_id, key_digest FROM record"
            "   WHERE sealed IS NOT NULL ORDER BY subject_id DESC LIMIT 1)"
        )
        assert own.execute("SELECT count(*) - count(DISTINCT sealed) FROM record").fetchone() != (0,)
        assert {one.kind for one in evidence.findings(own, settings.LOG_HASH)} == {Kind.ALTERED}


def _altered() -> list[Any]:
    with keyring.connect(as_owner=True) as own:
        return list(evidence.findings(own, settings.LOG_HASH))


def _digests() -> list[tuple[Any, ...]]:
    with keyring.connect(as_owner=True) as own:
        return own.execute(
            "SELECT subject_id, key_digest, version, content_digest, payload FROM record ORDER BY 1, 2, 3"
        ).fetchall()


def test_a_rotation_reaches_processes_that_run(planted: int) -> None:
    code = (
        "import django; django.setup(); from xinyong.security import encryption, keyring\n"
        "for line in __import__('sys').stdin: print(int.from_bytes(encryption.seal(b'x', context='t')[2:4]), flush=True)"
    )
    address = connection.settings_dict
    environment = os.environ | {
        "DATABASE_URL": f"postgresql://{address['USER']}@/{address['NAME']}", "PGHOST": address["HOST"],
        "PYTHONPATH": str(ROOT), "DJANGO_SETTINGS_MODULE": "xinyong.config.settings",
    }  # fmt: skip
    with subprocess.Popen(
        [sys.executable, "-c", code], env=environment, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as other:
        assert other.stdin
        assert other.stdout

        def asked() -> int:
            other.stdin.write("\n")
            other.stdin.flush()
            return int(other.stdout.readline())

        first = asked()
        number = reseal.rotate(by=BY)[0]
        began = time.monotonic()
        while asked() != number:
            assert time.monotonic() - began < 3
            time.sleep(0.1)
        other.stdin.close()
    assert first < number
    reseal.run(by=BY)


def test_sealing_again_that_was_killed_goes_on_where_it_was(planted: int, monkeypatch: pytest.MonkeyPatch) -> None:
    before = _values()
    reseal.rotate(by=BY)
    child = os.fork()
    if not child:
        connection.connection = None  # the parent's
        monkeypatch.setattr(reseal, "_BATCH", 2)
        reseal.run(by=BY, progress=lambda place, count: os.kill(os.getpid(), signal.SIGKILL) if count >= 4 else None)
        os._exit(1)
    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == -signal.SIGKILL
    half = sum(one.renewed for one in reseal.status())
    assert 0 < half < sum(one.count for one in reseal.status())
    assert _values() == before  # under two keys at once
    deadline = time.monotonic() + 5
    while True:  # the server notices that the killed process is gone
        try:
            rest = reseal.run(by=BY)
            break
        except reseal.Busy:
            assert time.monotonic() < deadline
            time.sleep(0.05)
    assert half + rest == sum(one.count for one in reseal.status())
    assert _values() == before


def test_a_new_master_key_wraps_the_data_keys_and_touches_no_value(planted: int, chosen: dict[str, str]) -> None:
    before, originals = _raw(), [path.read_bytes() for path in _originals()]
    old = providers.current().label
    label, count = reseal.rewrap(by=BY, is_new=True)
    assert (label != old, count) == (True, len(keyring.all_keys()))
    assert {one.wrapped_by for one in keyring.all_keys()} == {label} == {providers.current().label}
    assert (_raw(), [path.read_bytes() for path in _originals()]) == (before, originals)
    keyring.forget()
    assert _values()  # opens with the new one from the start
    files = sorted((settings.XINYONG_HOME / "keys").iterdir())
    assert {path.stat().st_mode & 0o777 for path in files} == {0o600}


def _raw() -> list[bytes]:
    return [bytes(value) for value in Subject.objects.order_by("id").values_list("sealed", flat=True)]


def test_a_change_of_the_master_key_that_was_killed_leaves_every_key_readable(
    planted: int, chosen: dict[str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    changed = providers.renewed()
    with separation.as_owner(), transaction.atomic():
        keyring.rewrap(changed.wrapper)
    keyring.forget()  # killed here: the data keys are wrapped by a key that lies in master.next
    assert _values()
    assert providers.renewed().wrapper.label == changed.wrapper.label
    label, _ = reseal.rewrap(by=BY, is_new=True)
    assert label == changed.wrapper.label == providers.current().label


def test_the_key_may_move_into_the_environment_and_be_changed_there(planted: int, chosen: dict[str, str]) -> None:
    one, two = os.urandom(32).hex(), os.urandom(32).hex()
    chosen |= {"provider": "environment", "master": one}
    reseal.rewrap(by=BY)
    chosen |= {"master": two, "master_old": one}
    reseal.rewrap(by=BY)
    chosen["master_old"] = ""
    keyring.forget()
    assert _values()
    chosen["master"] = os.urandom(32).hex()
    keyring.forget()
    with pytest.raises(keys.NoKey, match="XINYONG_MASTER_KEY_OLD"):
        _values()
    chosen["master"] = two


@pytest.mark.parametrize("text", ["", "0" * 64, "changeme", "ab" * 32, "0123456789abcdef" * 4])
def test_an_empty_or_guessable_master_key_in_the_environment_is_refused(
    monkeypatch: pytest.MonkeyPatch, text: str
) -> None:
    monkeypatch.setattr(settings, "KEYS", settings.KEYS | {"provider": "environment", "master": text})
    with pytest.raises(keys.NoKey):
        providers.current()


def test_a_record_may_be_sealed_again_and_nothing_else_of_it_changed(planted: int) -> None:
    def attempt(assignment: str, *parameters: Any) -> None:
        with separation.as_owner(), transaction.atomic(), connection.cursor() as cursor:
            cursor.execute("SET LOCAL xinyong.reseal = 'on'")
            cursor.execute(f"UPDATE record SET {assignment} WHERE sealed IS NOT NULL", parameters)

    other = b"\x02\x01\xff\xff" + os.urandom(40)
    for assignment, parameters in (
        ("payload = '{}'", ()), ("sealed = NULL", ()), ("sealed = sealed || %s", (b"x",)),
        ("sealed = %s, row_no = row_no + 1", (other,)), ("state = 2", ()),
    ):  # fmt: skip
        with pytest.raises(DatabaseError, match="only added"):
            attempt(assignment, *parameters)
    with pytest.raises(DatabaseError, match="only added"), separation.as_owner(), connection.cursor() as cursor:
        cursor.execute("UPDATE record SET sealed = %s WHERE sealed IS NOT NULL", [other])
    with pytest.raises(DatabaseError, match="permission denied"), connection.cursor() as cursor:
        cursor.execute("UPDATE record SET sealed = %s WHERE sealed IS NOT NULL", [other])


def test_data_keys_are_only_added(planted: int) -> None:
    for statement in (
        "DELETE FROM security_datakey", "TRUNCATE security_datakey", "UPDATE security_datakey SET wrapped = ''",
        "SET LOCAL xinyong.rewrap = 'on'; UPDATE security_datakey SET number = number + 100",
    ):  # fmt: skip
        with pytest.raises(DatabaseError, match="only added"), separation.as_owner(), transaction.atomic():
            connection.cursor().execute(statement)
        with pytest.raises(DatabaseError, match="permission denied"), transaction.atomic():
            connection.cursor().execute(statement)


def test_who_changes_keys_stands_in_the_log_and_others_may_not(planted: int) -> None:
    reseal.rotate(by=BY)
    reseal.run(by=BY)
    events = [one.event for one in audit.entries(seen_by=BY, limit=2)]
    assert events == ["keys-resealed", "keys-rotated"]
    for verb in (reseal.rotate, reseal.run, reseal.rewrap):
        with pytest.raises(NotAllowed):
            verb(by=Actor(role=Role.OPERATOR, name="operator"))


def test_a_data_key_that_was_altered_or_put_in_anothers_place_does_not_open(planted: int) -> None:
    wrapper = providers.current()
    wrapped = wrapper.wrap(b"k" * 32, b"number 1")
    assert wrapper.unwrap(wrapped, b"number 1") == b"k" * 32
    for damaged, about in ((wrapped, b"number 2"), (wrapped[:-1], b"number 1"), (b"\x09" + wrapped[1:], b"number 1")):
        with pytest.raises(keys.WrongKey):
            wrapper.unwrap(damaged, about)


def test_an_installation_from_before_data_keys_keeps_what_it_sealed(
    planted: int, chosen: dict[str, str], tmp_path: Path
) -> None:
    """Values without a key number open with the key that was derived from the master key."""
    from cryptography.hazmat.primitives.ciphers.aead import AESGCM

    secret = keys.derived(keys.master(settings.XINYONG_HOME), "seal")
    nonce = os.urandom(12)
    old = encryption.OLD_FORM + nonce + AESGCM(secret).encrypt(nonce, b"old", b"subject.sealed")
    with pytest.raises(encryption.Unreadable):
        encryption.unseal(old, context="subject.sealed")
    with transaction.atomic():
        own = connection.connection
        keyring._insert(own, "seal", ciphers.AES_256_GCM, secret, keyring.DERIVED)
        transaction.on_commit(keyring.forget)
    assert encryption.unseal(old, context="subject.sealed") == b"old"


#: Contexts of what lives for hours and opens with old keys until then: sessions half signed in, cursors of pages.
_SHORT_LIVED = {"session.sign-in"}


def test_every_sealed_column_is_declared_with_its_context() -> None:
    from django.apps import apps
    from django.db.models import BinaryField

    columns = {
        (model._meta.db_table, field.column)
        for model in apps.get_models() if model.__module__.startswith("xinyong.")
        for field in model._meta.get_fields()
        if isinstance(field, BinaryField) and ("sealed" in field.name or field.help_text.startswith("sealed"))
    }  # fmt: skip
    declared = [place for place in sealed.declared() if isinstance(place, sealed.SealedColumn)]
    assert columns == {(place.table, place.column) for place in declared}
    used = {context for path in (ROOT / "xinyong").rglob("*.py") for context in _contexts(path)}
    assert used - _SHORT_LIVED == {place.context for place in sealed.declared()}


def _contexts(path: Path) -> Iterator[str]:
    """The ``context=`` of every call that seals, where it is a text or a constant of some module of ours."""
    import ast

    constants = {
        target.id: node.value.value
        for other in (path, path.with_name("factors.py"), path.with_name("models.py")) if other.exists()
        for node in ast.parse(other.read_text(encoding="utf-8")).body
        if isinstance(node, ast.Assign) and isinstance(node.value, ast.Constant)
        for target in node.targets if isinstance(target, ast.Name)
    }  # fmt: skip
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if not (isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute)):
            continue
        if node.func.attr not in ("seal", "put", "put_block", "keep"):
            continue
        for keyword in node.keywords:
            if keyword.arg == "context" and isinstance(keyword.value, ast.Constant):
                yield keyword.value.value
            elif keyword.arg == "context":
                name = getattr(keyword.value, "id", getattr(keyword.value, "attr", ""))
                if name in constants:
                    yield constants[name]


def test_nonces_never_repeat_in_one_process_nor_in_several() -> None:
    count = 20_000
    read, write = os.pipe()
    encryption.seal(b"", context="test")
    child = os.fork()
    if not child:
        os.write(write, b"".join(encryption.seal(b"", context="test")[4:16] for _ in range(2_000)))
        os._exit(0)
    ours = [encryption.seal(b"", context="test")[4:16] for _ in range(count)]
    theirs = os.read(read, 65536)
    os.waitpid(child, 0)
    pieces = [theirs[place : place + 12] for place in range(0, len(theirs), 12)]
    assert len(set(ours) | set(pieces)) == count + len(pieces) > count
    os.close(read)
    os.close(write)


def test_the_ring_goes_on_with_what_it_knows_while_the_database_is_away(
    planted: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    number = keyring.current(keyring.SEAL).number

    def away(**_: Any) -> Any:
        raise psycopg.OperationalError("away")

    monkeypatch.setattr(keyring, "connect", away)
    assert keyring._ring
    keyring._ring.until = 0.0
    assert keyring.current(keyring.SEAL).number == number
    keyring.forget()
    with pytest.raises(psycopg.OperationalError):
        keyring.current(keyring.SEAL)


def test_the_secret_of_a_data_key_is_in_no_repr() -> None:
    key = keyring.current(keyring.SEAL)
    assert repr(key.secret)[2:-1] not in repr(key)
    assert key.secret.hex() not in repr(key)
    assert "<file:" in repr(providers.current())


def test_who_is_not_the_owner_of_the_tables_is_told_so(monkeypatch: pytest.MonkeyPatch) -> None:
    app = {**settings.DATABASE_AS["owner"], "USER": connection.settings_dict["USER"]}
    monkeypatch.setattr(settings, "DATABASE_AS", settings.DATABASE_AS | {"owner": app})
    reseal.rotate(by=BY)
    for verb in (reseal.run, lambda *, by: reseal.rewrap(by=by, is_new=True)):
        with pytest.raises(keyring.NotOwner):
            verb(by=BY)
    monkeypatch.undo()
    reseal.rewrap(by=BY, is_new=True)
    reseal.run(by=BY)
