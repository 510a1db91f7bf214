"""``xinyong city``: a city goes in through the intake, once, and a second call finds it there."""

import json
import shutil
import stat
from dataclasses import asdict, replace
from datetime import date, datetime, time
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from click.testing import CliRunner
from django.contrib.auth import authenticate

from xinyong.intake import declared, duties, feed, submit, supply_view, views
from xinyong.intake.views import SubmissionView
from xinyong.kernel import clock
from xinyong.kernel.periods import Period
from xinyong.operations import city, city_changes, city_reporting, city_supply, synthetic
from xinyong.operations.synthetic import draw, people
from xinyong.operations.synthetic.agencies import agency
from xinyong.operations.synthetic.organisations import City
from xinyong.security import encryption, identity
from xinyong.security.access import PUBLIC, system
from xinyong.subjects import search, succession

TODAY = date(2026, 3, 18)
SIZE = {"subjects": 120, "records": 200, "seed": 7}


@pytest.fixture
def home(lasting_db: None, settings: Any, tmp_path: Path) -> Path:
    """A data directory of the test's own, with the keys of the database's."""
    encryption.digest("", kind="test")  # makes them, should nothing have needed any yet
    shutil.copytree(settings.XINYONG_HOME / "keys", tmp_path / "keys")
    settings.XINYONG_HOME = tmp_path
    return tmp_path


def _city() -> City:
    return City(**SIZE, today=TODAY)


def _files() -> list[SubmissionView]:
    """Submissions of the city's files: what the registration authority's feed brought, or an organisation declared, is none."""
    every = views.submissions(seen_by=system("test"), limit=500)
    return [one for one in every if one.received_by != "feed" and not one.item_id.startswith("self-")]


def _outcomes(state: city.State) -> int:
    return state.accepted + state.doubtful + state.rejected + state.duplicate + state.unchanged


def test_the_city_goes_in_once_and_a_second_load_finds_it(home: Path) -> None:
    first = city.load(**SIZE, today=TODAY, is_quiet=True)
    again = city.load(**SIZE, today=TODAY, is_quiet=True)
    units = {unit.code for unit in identity.source_units()}
    entered = _files()

    assert first.is_complete
    assert again == first
    assert len(entered) == first.files
    assert {one.status for one in entered} == {"deposited"}
    assert _outcomes(first) == first.rows_read > SIZE["subjects"]
    assert first.accepted > 0.9 * first.rows_read
    assert {one.code for one in synthetic.inhabitants().departments} <= units
    assert identity.regions()["990100"] == "云溪市"
    assert not (home / "city" / "files").exists()
    _assert_persons_went_in_and_nobody_finds_them(entered)
    _assert_its_rates_have_denominators()
    _assert_who_may_report_two_of_its_lists_is_said(entered)
    _assert_only_its_owner_reads_the_passwords(city.accounts_file())
    _assert_its_company_was_asked_once()


def _assert_its_company_was_asked_once() -> None:
    from xinyong.rights.models import Consent, ConsentRefusal, ConsentRequest

    assert [(one.purpose, one.days) for one in ConsentRequest.objects.order_by("id")] == [
        ("loan", 365), ("award", 90), ("tender", 180),
    ]  # fmt: skip
    assert (Consent.objects.get().purpose, ConsentRefusal.objects.get().request.purpose) == ("loan", "award")


def _assert_persons_went_in_and_nobody_finds_them(entered: list[views.SubmissionView]) -> None:
    days = draw.day(TODAY) - 60 + np.arange(12, dtype=np.int64)
    names = people.penalties(_city(), agency("transport"), days)["CF_XDR_MC"].to_pylist()

    assert sum(one.counts.accepted for one in entered if one.item_id.endswith("-person")) > 10
    assert all(not search.find(name, seen_by=PUBLIC).hits for name in names)


def _assert_its_rates_have_denominators() -> None:
    last_month = Period(date(2026, 2, 1), date(2026, 3, 1))
    said = declared.words(last_month, as_of=clock.now())
    owed = duties.owed(last_month, as_of=clock.now(), seen_by=system("test"))
    city_reporting.say(today=TODAY, by=system("test"))

    assert said
    assert len(owed) >= len(said)
    assert declared.words(last_month, as_of=clock.now()) == said, "and said again, nothing changes"


def _assert_who_may_report_two_of_its_lists_is_said(entered: list[views.SubmissionView]) -> None:
    by = system("test")
    said = supply_view.listing(seen_by=by, on=TODAY)
    granted = {one.item_id: set(one.granted) for one in said.items if not one.is_open}
    city_supply.say(**SIZE, today=TODAY, by=by)

    assert set(granted) == {"abnormal-operation", "serious-dishonesty"}
    for item_id, names in granted.items():
        assert names == {one.source_name for one in entered if one.item_id == item_id}, (
            "whoever sends it, and nobody else"
        )
    assert supply_view.listing(seen_by=by, on=TODAY) == said, "and said again, nothing changes"


def _assert_only_its_owner_reads_the_passwords(path: Path) -> None:
    name, password = path.read_text(encoding="utf-8").splitlines()[0].split()[:2]

    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert len(password) >= 12
    assert authenticate(username=name, password=password) is not None


def test_a_load_that_was_cut_short_is_finished_without_a_row_twice(home: Path, tmp_path: Path) -> None:
    whole = synthetic.write(tmp_path / "elsewhere", **SIZE, today=TODAY)
    by = system("test")
    for one in synthetic.inhabitants().departments:
        identity.register_department(
            code=one.code, name=one.name, short_name=one.short_name, region_code=one.region_code, by=by
        )
    for number, file in enumerate(whole.files[:4]):
        received = submit.receive(
            file.path, item_id=file.item_id, source_code=file.source_code, file_name=file.path.name, by=by,
            received_at=datetime.combine(file.received_on, time(9), tzinfo=clock.ZONE),
        )  # fmt: skip
        if number < 3:  # the fourth was received when the power went
            submit.run(received.id, by=by)
    begun = city.State(**SIZE, today=TODAY.isoformat())
    (home / "city").mkdir()
    (home / "city" / "state.json").write_text(json.dumps(asdict(begun)), encoding="utf-8")

    done = city.load(subjects=9, records=9, seed=9, is_quiet=True)

    assert (done.subjects, done.records, done.seed, done.today) == (120, 200, 7, TODAY.isoformat())
    assert done.is_complete
    assert len(_files()) == done.files == len(whole.files)
    assert done.rows_read == sum(file.rows for file in whole.files) == _outcomes(done)


def test_a_marker_in_front_of_an_empty_database_counts_for_nothing(home: Path) -> None:
    marker = replace(city.State(**SIZE, today=TODAY.isoformat()), is_complete=True, files=30)
    (home / "city").mkdir()
    (home / "city" / "state.json").write_text(json.dumps(asdict(marker)), encoding="utf-8")

    assert city.loaded() is None


def test_only_writing_needs_no_database_and_says_what_it_wrote(tmp_path: Path) -> None:
    arguments = [
        "--subjects",
        "100",
        "--records",
        "150",
        "--today",
        "2026-03-18",
        "--write-only",
        str(tmp_path),
        "--json",
    ]
    done = CliRunner().invoke(city.city, arguments, catch_exceptions=False)
    said = json.loads(done.output)
    listed = json.loads((tmp_path / "manifest.json").read_text(encoding="utf-8"))["files"]

    assert set(said) == {"subjects", "records", "seed", "today", "files", "rows", "bytes", "folder", "seconds"}
    assert said["files"] == len(listed) == len(list(tmp_path.iterdir())) - 1
    assert {"path", "item_id", "source_code", "received_on", "rows"} == set(listed[0])


def test_the_registration_authority_sends_a_merger_a_move_and_one_mistake(home: Path) -> None:
    by = system("test")
    city._register(by)
    for _ in range(2):
        assert city_changes.say(authority=city._authority(), today=TODAY, by=by) == 11
    (view,) = feed.feeds(seen_by=by, now=clock.now())
    assert (view.state.position, view.state.refused, view.state.gap) == (12, 1, None)
    names = {(before, link.name, link.relation) for _, before, link in succession.latest(seen_by=by)}
    assert names == {
        ("云溪市岚雾商贸有限公司", "云溪市岚雾茶叶集团有限公司", "absorbed"),
        ("云溪市映霞文具有限公司", "云溪市映霞文具有限公司", "recoded"),
    }
