"""English pages need the compiled messages; set-up makes them for a server, this makes them for the tests."""

from collections.abc import Iterator

import pytest
from django.utils import translation

from xinyong.web import messages


@pytest.fixture(scope="session", autouse=True)
def _english_messages() -> None:
    messages.compile_messages()


@pytest.fixture(autouse=True)
def _chinese() -> Iterator[None]:
    """A request leaves its language behind in the thread; a test starts in Chinese all the same."""
    with translation.override("zh-hans"):
        yield
