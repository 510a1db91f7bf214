"""Versions: what rules a record on a date, and that what was published stays as it was."""

import pytest

from xinyong.catalogue import body, load, publish
from xinyong.security.access import system

pytestmark = pytest.mark.django_db
OPERATOR = system("test")


@pytest.fixture
def _installed() -> None:
    publish.install_library(by=OPERATOR)


def test_the_library_installs_once_and_a_second_time_changes_nothing() -> None:
    first = publish.install_library(by=OPERATOR)
    second = publish.install_library(by=OPERATOR)
    assert len(first.published) == 8
    assert second.published == ()
    assert len(second.unchanged) == 8


@pytest.mark.usefixtures("_installed")
def test_the_published_item_equals_the_library_file() -> None:
    for item in load.library().values():
        assert publish.current(item.id) == item
        assert body.digest(publish.version(item.id, 1)) == body.digest(item)
