"""Which items organisations may declare of themselves: the flag is refused where their word could pass for more than it is."""

from collections.abc import Callable
from typing import Any

import pytest

from xinyong.catalogue import body, load
from xinyong.catalogue.load import CatalogueError

Edit = Callable[[dict[str, Any]], object]
OWN = "self-qualification"
PERSONAL = {
    "code": "LXR", "name": {"zh": "联系人", "en": "Contact"}, "is_personal": True, "grade": "authorised", "masking": "name",
}  # fmt: skip


def data(item_id: str = OWN) -> dict[str, Any]:
    return body.to_data(load.library()[item_id])


def test_the_items_of_the_library_are_flagged_and_stand_apart() -> None:
    own = {one.id for one in load.library().values() if one.is_self_declared}
    assert own == {OWN, "self-operation", "self-contract", "self-welfare"}
    for item in load.library().values():
        assert item.is_self_declared == (item.section.value == "self-declared")
        assert load.item_from_data(body.to_data(item), file="x") == item
    assert not any(load.library()[one].is_verified for one in own)


@pytest.mark.parametrize(
    ("edit", "path"),
    [
        (lambda one: one.update(is_adverse=True), "is_adverse"),
        (lambda one: one.update(section="honour"), "section"),
        (lambda one: one.pop("self_declared"), "section"),
        (lambda one: one.update(publicity={"clock": "while_listed"}), "publicity.clock"),
        (lambda one: one.update(publicity={"clock": "never"}), "publicity.clock"),
        (lambda one: one.update(disclosure="shared"), "disclosure"),
        (lambda one: one.update(timeliness_working_days=7), "timeliness_working_days"),
        (lambda one: one["roles"].update(authority_code="TYSHXYDM"), "roles.source_code"),
        (lambda one: one["fields"].append(PERSONAL), "fields[10]"),
        (
            lambda one: one.update(
                severity={"basis": "platform-practice", "classes": [], "otherwise": "minor"},
                publicity={"clock": "severity"},
            ),
            "severity",
        ),
    ],
)  # fmt: skip
def test_what_is_not_for_them_is_refused_with_its_place(edit: Edit, path: str) -> None:
    changed = data()
    edit(changed)
    with pytest.raises(CatalogueError) as refused:
        load.item_from_data(changed, file="x")
    assert path in {one.path for one in refused.value.problems}


def test_no_other_item_takes_the_flag() -> None:
    changed = data("honour") | {"self_declared": True}
    with pytest.raises(CatalogueError) as refused:
        load.item_from_data(changed, file="x")
    assert "section" in {one.path for one in refused.value.problems}
