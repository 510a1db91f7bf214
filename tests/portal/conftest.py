"""English pages need the compiled messages; set-up makes them for a server, this makes them for the tests. A town to look at."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import time_machine
from django.db import connection
from django.utils import translation

from tests.conftest import _empty
from tests.intake import made
from xinyong.security import separation
from xinyong.web import messages

ORGANISATIONS = 150
#: Where the inner numbers of a town begin: a number that stands nowhere by chance.
FIRST_NUMBER = 730_411_000
_NUMBERED = ("subjects_subject", "subjects_subjectname", "intake_submission", "reports_issuedreport")


@pytest.fixture(scope="session", autouse=True)
def _english_messages() -> None:
    messages.compile_messages()


@pytest.fixture(autouse=True)
def _chinese() -> Iterator[None]:
    """A request leaves its language behind in the thread; a test starts in Chinese all the same."""
    with translation.override("zh-hans"):
        yield


@pytest.fixture(scope="module")
def town(
    django_db_setup: None, django_db_blocker: Any, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[list[str]]:
    """Organisations with a penalty each, and a person with one; the codes."""
    with django_db_blocker.unblock(), time_machine.travel(made.NOW, tick=True):
        with separation.as_owner(), connection.cursor() as cursor:
            for table in _NUMBERED:
                cursor.execute("SELECT setval(pg_get_serial_sequence(%s, 'id'), %s)", [table, FIRST_NUMBER])
        unit = made.department()
        who = [made.organisation() for _ in range(ORGANISATIONS)]
        made.register(*who)
        folder: Path = tmp_path_factory.mktemp("town")
        rows = [made.penalty_row(one, unit) for one in who]
        made.hand_in(made.csv_file(folder / "a.csv", rows), "admin-penalty-org", unit)
        made.hand_in(
            made.csv_file(folder / "b.csv", [made.person_row(made.person(), unit)]), "admin-penalty-person", unit
        )
        yield [one.code for one in who]
        _empty()
