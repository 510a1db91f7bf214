"""The last line before a page: which fields a sight can receive, whatever the catalogue may say."""

from dataclasses import replace

import pytest

from tests.intake import made
from xinyong.catalogue import publish
from xinyong.catalogue.schema import Grade, Item
from xinyong.records import disclosure
from xinyong.security.access import PUBLIC, Actor, Role

pytestmark = pytest.mark.usefixtures("db")
READER = Actor(role=Role.READER, name="reader")


def _one_field(item: Item, grade: Grade, *, is_personal: bool) -> Item:
    """The item under a name of its own, its first field graded so: as no catalogue that was checked says."""
    first, *others = item.fields
    name = f"{item.id}-{grade.value}-{is_personal}".lower()
    return replace(item, id=name, fields=(replace(first, grade=grade, is_personal=is_personal), *others))


@pytest.mark.parametrize(
    ("grade", "is_personal", "public", "shared"),
    [
        (Grade.PUBLIC, False, True, True), (Grade.PUBLIC, True, False, True), (Grade.SHARED, False, False, True),
        (Grade.SHARED, True, False, True), (Grade.AUTHORISED, False, False, False), (Grade.INTERNAL, True, False, False),
    ],
)  # fmt: skip
def test_a_field_is_received_within_its_grade_and_a_personal_one_never_by_the_public(
    grade: Grade, is_personal: bool, public: bool, shared: bool
) -> None:
    item = _one_field(publish.current("admin-penalty-org", on=made.TODAY), grade, is_personal=is_personal)
    code = item.fields[0].code
    assert (code in disclosure.fields_of(item, disclosure.public_sight())) is public
    assert (code in disclosure.fields_of(item, disclosure.sight(PUBLIC))) is public
    assert (code in disclosure.fields_of(item, disclosure.sight(READER))) is shared
