"""What a department changes in its rows after it handed them in is found against what was received."""

from typing import Any

from tests.security.ledger import planted


def test_rows_edited_afterwards_are_found_and_an_altered_receipt_does_not_hold(
    django_db_setup: None, django_db_blocker: Any
) -> None:
    with django_db_blocker.unblock():
        assert planted.run(40) == (40, 40, True, 0)
