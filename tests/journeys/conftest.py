"""What all journeys go through."""

from typing import Any

import pytest

from tests.conftest import City
from tests.journeys.doors import Doors


@pytest.fixture(scope="module")
def doors(city: City, browser: Any) -> Doors:
    """The city's doors, public ones and those of its accounts."""
    return Doors(city, browser)
