"""What readers see of submissions costs the same for many as for few."""

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from tests.intake import made
from tests.intake.made import OPERATOR, HandIn
from xinyong.intake import views

pytestmark = pytest.mark.usefixtures("module_db", "on_the_day")


def test_a_list_of_many_asks_the_database_as_often_as_a_list_of_one(hand_in: HandIn) -> None:
    unit, asked = made.department(), []
    for number in range(3):
        who = made.organisation()
        faulty = [made.penalty_row(who, unit, CF_JDRQ="2026年13月5日") for _ in range(number)]
        hand_in([made.penalty_row(who, unit), *faulty], "admin-penalty-org", unit)
        with CaptureQueriesContext(connection) as seen:
            found = views.submissions(seen_by=OPERATOR, source_code=unit.code)
        asked.append(len(seen))
    assert [one.open_rows for one in found] == [2, 1, 0]
    assert asked == asked[:1] * 3
