"""Every event has a real entry that a person has read, made in one transaction with what it tells of."""

import json
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from itertools import count
from typing import Any

import pytest
from django.contrib.sessions.backends.base import UpdateError
from django.db import DatabaseError, connection, transaction

from tests.conftest import _empty
from tests.golden import acts, acts_log, stored, world
from tests.golden.acts import Act, NotDone
from tests.golden.stored import ASIDE, TABLE, Left
from tests.golden.world import World
from xinyong.kernel import clock
from xinyong.kernel.errors import XinyongError
from xinyong.office import words
from xinyong.security import keyring
from xinyong.security.audit import Event

ACTS = acts.everything()
#: Acts that change something besides the log, as the reviewed file says, and can be undone as one transaction.
WRITING = [
    name for name, said in stored.golden().items() if said["changes"] and name in ACTS and not ACTS[name].lasting
]
#: How an act says that it was not done: our errors, the database's, the session's own, a door's other answer.
NOT_DONE = (XinyongError, DatabaseError, UpdateError, NotDone)


@pytest.fixture(scope="module")
def place(django_db_setup: None, django_db_blocker: Any, tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    kept = acts_log.key_file()
    with django_db_blocker.unblock(), pytest.MonkeyPatch.context() as patch, world.today():
        patch.setattr(keyring, "KNOWN_FOR", 0.05)
        _empty()
        seeds = kept.read_bytes() if kept.exists() else b""
        yield world.build(tmp_path_factory.mktemp("golden"))
        if seeds:
            kept.write_bytes(seeds)
        _empty()


@contextmanager
def undone(act: Act) -> Iterator[None]:
    """What is done within never was, unless the act cannot be done so."""
    if act.lasting:
        yield
        return
    with transaction.atomic():
        yield
        transaction.set_rollback(True)
    keyring.forget()


def _done(act: Act, place: World) -> Left:
    with undone(act):
        deed, tables = act.prepare(place), stored.tables()
        number, before, began = stored.last(), stored.digests(tables), clock.now()
        with stored.watched() as writes:
            drawn = deed() or {}
        after, ended = stored.digests(tables), clock.now()
        found = stored.since(number)
    assert all(began <= at <= ended for at, _ in found)
    changed = [name for name in after if after[name] != before[name] and name not in ASIDE - set(act.keeps)]
    return Left([entry for _, entry in found], changed, writes, place.known() | dict(drawn))


@pytest.fixture(scope="module")
def left(place: World, request: pytest.FixtureRequest) -> dict[str, Left]:
    """What every act left."""
    found = {name: _done(act, place) for name, act in ACTS.items()}
    if request.config.getoption("--write-golden"):
        stored.write({name: _said(one) for name, one in found.items()})
    return found


def _said(one: Left) -> Mapping[str, Any]:
    return {"entries": [stored.normal(entry, one.known) for entry in one.entries], "changes": sorted(one.changed)}


def test_every_event_has_an_act() -> None:
    assert {one.value for one in Event} - {act.event.value for act in ACTS.values()} == set()


@pytest.mark.parametrize("name", ACTS)
def test_an_act_leaves_the_entries_that_a_person_has_read(name: str, left: dict[str, Left]) -> None:
    """On purpose changed? ``pytest tests/golden --write-golden`` writes the file anew; read the difference."""
    own = [entry for entry in left[name].entries if entry["event"] == ACTS[name].event.value]
    assert len(own) == 1
    assert _said(left[name]) == stored.golden().get(name)


def test_the_reviewed_file_has_nothing_else() -> None:
    assert set(stored.golden()) - set(ACTS) == set()


def test_no_entry_names_a_person(place: World, left: dict[str, Left]) -> None:
    """Nor does any entry as it was stored, whatever somebody typed into a field."""
    texts = {name: json.dumps(one.entries, ensure_ascii=False) for name, one in left.items()}
    texts["the file"] = stored.GOLDEN.read_text(encoding="utf-8")
    forbidden = [text for one in place.persons for text in (one.name, one.number, one.phone)]
    assert [(name, text) for name, said in texts.items() for text in forbidden if text in said] == []


def test_every_kind_of_object_has_a_word_on_the_auditors_page(left: dict[str, Left]) -> None:
    kinds = {entry["object_kind"] for one in left.values() for entry in one.entries}
    assert kinds - set(words.KINDS) == set()


@pytest.mark.parametrize("name", WRITING)
def test_an_entry_is_made_in_the_transaction_of_its_effect(name: str, left: dict[str, Left]) -> None:
    one, act = left[name], ACTS[name]
    effect = set(one.changed) - set(act.spends)
    writes = [write for write in one.writes if write.table == TABLE or write.table in effect]
    assert act.event is Event.KEYS_ROTATED or {write.table for write in writes} > {
        TABLE
    }  # those the driver writes itself
    assert {write.within for write in writes} == {writes[0].within}
    assert writes[0].within is not None


@pytest.mark.parametrize("name", ACTS)
def test_without_its_entry_nothing_is_done(name: str, place: World, left: dict[str, Left]) -> None:
    act = ACTS[name]
    tables = [one for one in left[name].changed if one not in act.spends]
    effect = (lambda: act.effect(place)) if act.effect else (lambda: stored.digests(tables))
    with undone(act):
        deed = act.prepare(place)
        number, before = stored.last(), effect()
        with stored.watched(lambda table: table == TABLE), pytest.raises(NOT_DONE):
            deed()
        _look(act)
        assert stored.since(number) == []
        assert effect() == before
    if act.lasting:  # done again it is done, and no half of it lies about
        deed()


@pytest.mark.parametrize("name", WRITING)
def test_what_could_not_be_done_has_no_entry(name: str, place: World, left: dict[str, Left]) -> None:
    """Each statement that an act writes with fails in turn."""
    act = ACTS[name]
    writes = [write for write in left[name].writes if write.table in left[name].changed]
    assert writes or act.event is Event.KEYS_ROTATED
    for turn in range(len(writes)):
        with undone(act):
            deed, turns = act.prepare(place), count()
            number = stored.last()

            def fails(table: str) -> bool:
                return table in left[name].changed and next(turns) == turn  # noqa: B023 - asked within this turn

            with stored.watched(fails), pytest.raises(NOT_DONE):
                deed()
            _look(act)
            assert act.event.value not in [one["event"] for _, one in stored.since(number)]


def _look(act: Act) -> None:
    """A statement that failed inside a savepoint has undone it; outside of one nothing is undone, and is seen."""
    if not act.lasting:
        connection.set_rollback(False)
