"""English pages need the compiled messages; set-up makes them for a server, this makes them for the tests."""

import pytest

from xinyong.web import messages


@pytest.fixture(scope="session", autouse=True)
def _english_messages() -> None:
    messages.compile_messages()
