"""The cells of the authorisation matrix, against the reviewed table and against the policy itself."""

import os
from collections.abc import Iterator
from typing import Any

import pytest

from tests.conftest import _empty
from tests.matrix import cells
from tests.matrix.cells import DISABLED, PURPOSED, STALE, Row
from tests.matrix.world import ASKERS, OTHER_SUBJECT, OWN, World, build, client, today
from xinyong.kernel import clock
from xinyong.security.access import Role

ROWS = list(cells.rows())


@pytest.fixture(scope="module")
def world(django_db_setup: None, django_db_blocker: Any, tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    with django_db_blocker.unblock():
        _empty()  # the log may have been written by a test whose own writes were undone
        yield build(tmp_path_factory.mktemp("matrix"))
        _empty()


@pytest.fixture(scope="module")
def asked(world: World, request: pytest.FixtureRequest) -> dict[tuple[str, str, str, str], dict[str, str]]:
    """What the cells answer: every one for ``make evidence`` and where the table is written anew; else those whose turn it is."""
    from django.test import override_settings

    is_whole = request.config.getoption("--write-matrix") or os.environ.get("XINYONG_TEST_PROFILE") == "evidence"
    day = clock.today().toordinal()
    found: dict[tuple[str, str, str, str], dict[str, str]] = {}
    with today(), override_settings(RATE_LIMITS_ON=False):
        for state in (cells.ORDINARY, STALE, PURPOSED, DISABLED):
            clients = {role: client(world, role, state) for role in ASKERS}
            before = cells.last_entry()  # each cell is undone
            for row in (one for one in ROWS if one.state == state):
                roles = ASKERS if is_whole else cells.asked(row, day=day)
                found[row.key] = {role.value: cells.ask(clients[role], row, world, before=before) for role in roles}
    if request.config.getoption("--write-matrix"):
        cells.write(found)
    return found


def test_every_cell_answers_as_the_reviewed_table_says(
    asked: dict[tuple[str, str, str, str], dict[str, str]],
) -> None:
    table = cells.expected()
    assert set(asked) - set(table) == set(), "addresses that nobody has reviewed: pytest tests/matrix --write-matrix"
    assert set(table) - set(asked) == set(), "addresses in the table that are gone"
    wrong = [
        f"{' '.join(key)} as {role}: {answer}, not {table[key][role]}"
        for key, answers in asked.items()
        for role, answer in answers.items()
        if answer != table[key][role]
    ]
    assert wrong == []


def test_no_cell_lets_in_whom_the_policy_keeps_out(asked: dict[tuple[str, str, str, str], dict[str, str]]) -> None:
    by_key: dict[tuple[str, str, str, str], Row] = {row.key: row for row in ROWS}
    wrong = [
        f"{' '.join(key)} as {role}: {answer}: {why}"
        for key, answers in asked.items()
        for role, answer in answers.items()
        if (why := cells.forbidden(by_key[key], Role(role), answer))
    ]
    assert wrong == []


def test_a_purpose_opens_the_file_it_was_said_for_and_no_other(
    asked: dict[tuple[str, str, str, str], dict[str, str]],
) -> None:
    own, other = (asked["office/files/<slug:code>/", "GET", one, PURPOSED] for one in (OWN, OTHER_SUBJECT))
    assert (own["reader"], other["reader"]) == ("200+1", "200")


def test_nothing_breaks(asked: dict[tuple[str, str, str, str], dict[str, str]]) -> None:
    assert [(key, one) for key, one in asked.items() if any(answer.startswith("5") for answer in one.values())] == []
