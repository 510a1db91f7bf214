"""The intake's fixtures: the archive is filled the way it always is."""

from tests.intake import conftest as shared

module_db = shared.module_db
on_the_day = shared.on_the_day
