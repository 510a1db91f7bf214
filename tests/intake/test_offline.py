"""A department's own check, with a bundle and nothing else, finds what the platform finds."""

import json
import os
import random
import subprocess
import sys
import zipfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from unittest import mock

import pytest
from django.db import connection
from hypothesis import settings

from tests.conftest import ROOT
from tests.intake import made, messy
from tests.intake.made import NOW, SYSTEM
from xinyong.catalogue import bundle as bundles
from xinyong.catalogue import publish, tables
from xinyong.catalogue.bundle import AlteredBundle, Bundle, NotABundle
from xinyong.intake import offline, submit
from xinyong.intake.views import Trial
from xinyong.kernel import clock
from xinyong.security import keyring
from xinyong.security.identity import SourceUnit
from xinyong.security.ledger import notes, signing

pytestmark = pytest.mark.usefixtures("module_db", "on_the_day")

#: Files of each of the eight items; ``XINYONG_TEST_PROFILE=evidence`` makes them many.
FILES = 1 if settings().max_examples < 1000 else 60


@pytest.fixture(scope="module")
def unit(module_db: None, on_the_day: object) -> SourceUnit:
    return made.department()


@pytest.fixture(scope="module")
def bundle_of(unit: SourceUnit, tmp_path_factory: pytest.TempPathFactory) -> Callable[[str], Path]:
    folder = tmp_path_factory.mktemp("bundles")

    def make(item_id: str) -> Path:
        path = folder / f"{item_id}.zip"
        if not path.exists():
            bundles.make(item_id, path, made_at=NOW)
        return path

    return make


@contextmanager
def _no_database() -> Iterator[None]:
    """Nor keys, which lie in the database: this process may know them already, a clerk's computer never does."""

    def refuse(*_: Any) -> Any:
        raise AssertionError("a query, or a key")

    with connection.execute_wrapper(refuse), mock.patch.object(keyring, "current", refuse):
        yield


def _offline(path: Path, bundle: Bundle, unit: SourceUnit) -> offline.OfflineTrial:
    with _no_database():
        return offline.check(path, bundle, file_name=path.name, received_at=NOW, source_code=unit.code)


def _server(path: Path, item_id: str, unit: SourceUnit) -> Trial:
    return submit.check(path, item_id=item_id, file_name=path.name, received_at=NOW, by=SYSTEM, source_code=unit.code)


def _without_linking(trial: Trial) -> list[Any]:
    return [one for one in trial.findings if not one.rule.startswith("V05-")]


def test_a_file_of_any_item_is_found_faulty_alike_with_the_bundle_and_at_the_platform(
    unit: SourceUnit, bundle_of: Callable[[str], Path], tmp_path: Path
) -> None:
    seed = random.SystemRandom().randrange(10**6)
    chance = random.Random(seed)
    rows = rules = 0
    for item in publish.reported(on=NOW.date()):
        bundle = bundles.read(bundle_of(item.id))
        for number in range(FILES):
            who = [made.organisation() for _ in range(6)]
            path = messy.write(tmp_path, f"{item.id}-{number}", messy.rows(item, unit, chance, 40, who), chance)
            here, there = _offline(path, bundle, unit), _server(path, item.id, unit)
            assert list(here.findings) == _without_linking(there), f"seed {seed}, {path.name}"
            assert here.counts.is_whole
            assert (here.counts.rows_read, here.counts.rejected, here.counts.duplicate) == (
                there.counts.rows_read, there.counts.rejected, there.counts.duplicate,
            )  # fmt: skip
            assert here.counts.accepted - here.unsettled == there.counts.accepted, f"seed {seed}, {path.name}"
            assert (here.late, here.columns) == (there.late, there.columns)
            rows += here.counts.rows_read
            rules += len({one.rule for one in here.findings})
    assert rows > 8 * FILES * 30
    assert rules > 8 * FILES * 3  # the files were as messy as they are meant to be


def test_where_the_register_knows_everybody_the_platform_says_the_same_and_no_more(
    unit: SourceUnit, bundle_of: Callable[[str], Path], tmp_path: Path
) -> None:
    who = [made.organisation() for _ in range(5)]
    made.register(*who)
    rows = [made.penalty_row(one, unit) for one in who]
    rows += [rows[0], rows[1] | {"CF_NR": "另一内容"}, rows[2] | {"CF_WSH": made.document(), "CF_JDRQ": "2026-05-06"}]
    rows += [rows[3] | {"CF_WSH": made.document(), "CF_NR_FK": "多"}, rows[4] | {"CF_SJLYDM": made.code_of("11")}]
    path = made.csv_file(tmp_path / "known.csv", rows)
    here, there = (
        _offline(path, bundles.read(bundle_of("admin-penalty-org")), unit),
        _server(path, "admin-penalty-org", unit),
    )
    assert list(here.findings) == list(there.findings)
    assert here.counts == there.counts
    assert {"V11-duplicate", "V11-same-key-twice", "W_LATE", "V07-amount", "V09-source"} <= {
        one.rule for one in here.findings
    }


def test_the_platforms_exceptions_and_working_days_travel_with_the_bundle(unit: SourceUnit, tmp_path: Path) -> None:
    who = made.organisation()
    wrong = made.mistyped(who.code)
    tables.add_exception(wrong, reason="市监局 2026 年第 1 号函", by=SYSTEM)
    bundles.make("admin-penalty-org", tmp_path / "b.zip", made_at=NOW)
    bundle = bundles.read(tmp_path / "b.zip")
    path = made.csv_file(tmp_path / "rows.csv", [made.penalty_row(who, unit, CF_XDR_SHXYM=wrong)])
    rules = {one.rule for one in _offline(path, bundle, unit).findings}
    assert rules == {"V04-legally-issued-exception"}
    assert bundle.calendar.overrides == tables.calendar().overrides
    assert bundle.calendar.official_years == tables.calendar().official_years


def test_refusals_are_the_platforms_own(unit: SourceUnit, bundle_of: Callable[[str], Path], tmp_path: Path) -> None:
    path = tmp_path / "no-such-columns.csv"
    path.write_text("甲,乙\n1,2\n", encoding="utf-8")
    bundle = bundles.read(bundle_of("admin-penalty-org"))
    with pytest.raises(Exception) as there:
        _server(path, "admin-penalty-org", unit)
    with pytest.raises(type(there.value), match=there.value.zh[:12]):
        _offline(path, bundle, unit)
    with pytest.raises(bundles.NoSuchUnit):
        offline.check(path, bundle, file_name="x.csv", received_at=NOW, source_code=made.code_of("11"))


@pytest.mark.parametrize(
    "member", ["item.json", "code_lists.json", "calendar.json", "units.json", "exceptions.json", "README.txt"]
)
def test_a_bundle_of_which_one_member_was_changed_is_refused(
    member: str, bundle_of: Callable[[str], Path], tmp_path: Path
) -> None:
    path = _rewritten(bundle_of("admin-penalty-org"), tmp_path, member, lambda text: text.replace("1", "2", 1) + " ")
    with pytest.raises(AlteredBundle):
        bundles.read(path)


def test_a_manifest_that_was_made_to_fit_needs_the_platforms_key(
    bundle_of: Callable[[str], Path], tmp_path: Path
) -> None:
    good = bundle_of("admin-penalty-org")
    keys = [one.public for one in signing.signers()]
    assert bundles.read(good, keys=keys).signed_by == tuple(keys)
    forged = notes.Signer(signing.origin(), notes.LOG, bytes(range(32)))

    def sign_anew(note: str) -> str:
        text = note.partition("\n\n")[0].replace('"version": 1', '"version": 2') + "\n"
        return f"{text}\n{forged.line(text)}"

    path = _rewritten(good, tmp_path, "manifest.note", sign_anew)
    with pytest.raises(AlteredBundle):
        bundles.read(path)
    path = _rewritten(path, tmp_path, "key", lambda _: f"{forged.public}\n")
    assert bundles.read(path).signed_by == (forged.public,)  # its own key says nothing; the platform's says no
    with pytest.raises(AlteredBundle):
        bundles.read(path, keys=keys)


def test_no_byte_of_a_bundle_can_be_changed_unnoticed(bundle_of: Callable[[str], Path], tmp_path: Path) -> None:
    good = bundle_of("abnormal-operation")
    content = good.read_bytes()
    wanted = bundles.read(good)
    chance = random.Random(4)
    for _ in range(150):
        spoilt = bytearray(content)
        spoilt[chance.randrange(len(content))] ^= 1 << chance.randrange(8)
        path = tmp_path / "spoilt.zip"
        path.write_bytes(spoilt)
        try:
            found = bundles.read(path)
        except (NotABundle, AlteredBundle):
            continue
        assert (found.item, found.editions, found.units, found.digest) == (
            wanted.item, wanted.editions, wanted.units, wanted.digest,
        )  # fmt: skip


@pytest.mark.parametrize("content", [b"", b"PK\x03\x04", b"not a zip", b"PK\x05\x06" + bytes(18)])
def test_what_is_no_bundle_is_refused_with_a_sentence(content: bytes, tmp_path: Path) -> None:
    path = tmp_path / "b.zip"
    path.write_bytes(content)
    with pytest.raises(NotABundle):
        bundles.read(path)


def _rewritten(path: Path, folder: Path, member: str, change: Callable[[str], str]) -> Path:
    with zipfile.ZipFile(path) as archive:
        members = {name: archive.read(name).decode() for name in archive.namelist()}
    members[member] = change(members[member])
    to = folder / f"{member}.{len(list(folder.iterdir()))}.zip"
    with zipfile.ZipFile(to, "w") as archive:
        for name, text in members.items():
            archive.writestr(name, text)
    return to


def test_on_another_computer_there_is_no_database_no_data_directory_and_nothing_is_left_behind(
    unit: SourceUnit, bundle_of: Callable[[str], Path], tmp_path: Path
) -> None:
    rows = [
        made.penalty_row(made.organisation(), unit),
        made.penalty_row(made.organisation(), unit, CF_JDRQ="2026-02-30"),
    ]
    path = made.csv_file(tmp_path / "rows.csv", rows)
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    key = str(signing.signers()[0].public)
    environment = {name: value for name, value in os.environ.items() if not name.startswith("XINYONG_")}
    environment |= {
        "DATABASE_URL": "broken://nowhere",
        "XINYONG_HOME": "",
        "PYTHONPATH": str(ROOT),
        "HOME": str(elsewhere),
    }
    environment.pop("DJANGO_SETTINGS_MODULE", None)
    done = subprocess.run(
        [sys.executable, "-m", "xinyong.config", "check", str(path), "--bundle", str(bundle_of("admin-penalty-org")),
         "--source", unit.code, "--key", key, "--json"],
        env=environment, cwd=elsewhere, capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.returncode == 1, done.stderr
    said = json.loads(done.stdout)
    there = _server(path, "admin-penalty-org", unit)
    wrong = [(one["row"], one["rule"], one["message"]) for one in said["findings"] if one["rule"] != "W_LATE"]
    assert wrong == [(one.row_no, one.rule, one.message) for one in _without_linking(there) if one.rule != "W_LATE"]
    assert said["bundle"]["version"] == 1
    assert said["bundle"]["is_key_given"]
    assert len(said["not_checked"]) == len(offline.NOT_CHECKED)
    assert list(elsewhere.iterdir()) == []


def test_the_platform_says_by_digest_what_has_changed_since(unit: SourceUnit, tmp_path: Path) -> None:
    stamp = bundles.make("honour", tmp_path / "b.zip", made_at=clock.now())
    assert bundles.present("honour")["members"] == dict(stamp.digests)
    made.department()
    now = bundles.present("honour")["members"]
    assert {name for name, digest in now.items() if stamp.digests[name] != digest} == {"units.json"}
