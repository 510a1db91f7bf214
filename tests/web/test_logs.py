"""The log says where a fault lies and of what kind it is, and quotes nobody."""

import io
import logging
from collections.abc import Callable, Iterator

import pytest
from django.db import DatabaseError, connection, transaction
from django.test import RequestFactory
from django.views.debug import ExceptionReporter

from xinyong.kernel.errors import Invalid
from xinyong.web.logs import Careful, NoValues

NAME, NUMBER = "佘檀曌", "99010219900307123X"


@pytest.fixture
def logged() -> Iterator[Callable[..., str]]:
    """Logs one line with ``log.exception`` while ``attempt`` fails; what was written."""
    stream, log = io.StringIO(), logging.getLogger("xinyong.test-logs")
    handler = logging.StreamHandler(stream)
    handler.setFormatter(Careful("%(levelname)s %(message)s"))
    log.addHandler(handler)
    log.propagate = False

    def run(attempt: Callable[[], object]) -> str:
        try:
            attempt()
        except Exception as error:
            log.exception("failed with %s", error)
        return stream.getvalue()

    yield run
    log.removeHandler(handler)
    log.propagate = True


@pytest.mark.parametrize("attempt", [lambda: int(NAME), lambda: {}[NUMBER], lambda: NAME.encode("ascii")])
def test_an_error_of_pythons_is_told_by_type_and_place(
    logged: Callable[..., str], attempt: Callable[[], object]
) -> None:
    text = logged(attempt)
    assert "builtins." in text
    assert "test_logs.py" in text
    assert NAME not in text
    assert NUMBER not in text


@pytest.mark.django_db
def test_an_error_of_the_database_is_told_by_its_state_and_constraint(logged: Callable[..., str]) -> None:
    def attempt() -> None:
        with transaction.atomic(), connection.cursor() as cursor:
            cursor.execute(
                "INSERT INTO subjects_subject (code, subject_class, name, status, region_code) VALUES ('x', 'x', %s, '', '')",
                [NAME],
            )

    text = logged(attempt)
    assert "sqlstate=23502" in text
    assert "table_name=subjects_subject" in text
    assert NAME not in text
    with pytest.raises(DatabaseError, match=NAME):  # the control: the message itself does quote the row
        attempt()


def test_an_error_of_ours_is_told_by_code_and_sentence_without_a_persons_number(logged: Callable[..., str]) -> None:
    def attempt() -> None:
        raise Invalid(f"没有 {NUMBER}。", f"There is no {NUMBER} here.")

    text = logged(attempt)
    assert "[kernel.invalid] There is no *** here." in text


def test_the_page_for_developers_names_variables_and_says_no_value() -> None:
    import sys

    def attempt(name: str) -> None:
        number = NUMBER + NUMBER
        raise LookupError(len(number))

    request = RequestFactory().post("/search", {"q": NAME})
    request.exception_reporter_filter = NoValues()  # type: ignore[attr-defined]
    try:
        attempt(NAME)
    except LookupError:
        page = ExceptionReporter(request, *sys.exc_info()).get_traceback_html()
    assert "number" in page
    assert NUMBER not in page
    assert NAME not in page
