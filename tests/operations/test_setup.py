"""A database that another state of development made is refused with a sentence; one's own is not."""

import json
from collections.abc import Iterator

import pytest
from django.db import connection

from xinyong.operations import setup
from xinyong.security import separation

pytestmark = pytest.mark.usefixtures("lasting_db", "as_before")


@pytest.fixture
def as_before(lasting_db: None) -> Iterator[None]:
    kept = _kept()
    yield
    _keep(kept)


def _keep(digests: dict[str, str] | None) -> None:
    with separation.as_owner(), connection.cursor() as cursor:
        cursor.execute(
            f"COMMENT ON TABLE django_migrations IS {'NULL' if digests is None else repr(json.dumps(digests))}"
        )


def _kept() -> dict[str, str]:
    with connection.cursor() as cursor:
        cursor.execute("SELECT obj_description('django_migrations'::regclass)")
        return dict(json.loads(cursor.fetchone()[0]))


def test_setting_up_keeps_what_every_migration_reads_like() -> None:
    setup.prepare()
    assert {"intake.0001_submissions", "records.0001_the_archive"} <= set(_kept())
    setup.require_own_schema()


def test_a_database_of_rewritten_migrations_is_refused_and_stays_refused() -> None:
    setup.prepare()
    _keep(_kept() | {"intake.0001_submissions": "0" * 16})
    for _ in range(2):
        with pytest.raises(setup.OtherSchema, match="空的数据目录"):
            setup.prepare()


def test_a_database_that_says_nothing_or_of_fewer_migrations_is_taken() -> None:
    setup.prepare()
    whole = _kept()
    for kept in (None, {"security.0001_identity_and_audit": whole["security.0001_identity_and_audit"]}):
        _keep(kept)
        setup.prepare()
        assert _kept() == whole
