"""The log only grows; accounts and departments are what they say."""

import pytest

from xinyong.security import access, audit, identity
from xinyong.security.access import Actor, Role

pytestmark = pytest.mark.django_db

SYSTEM = access.system("test")
AUDITOR = Actor(role=Role.AUDITOR, name="auditor")
UNIT = "11990100MA00000X01"


def test_only_an_auditor_reads_the_log_newest_first_and_page_by_page() -> None:
    for number in range(5):
        audit.enter(audit.Event.TABLE_CHANGED, by=SYSTEM, object_kind="test", object_ref=str(number), purpose="测试")
    first = audit.entries(seen_by=AUDITOR, limit=2)
    second = audit.entries(seen_by=AUDITOR, limit=2, before=first[-1].id)
    assert [entry.object_ref for entry in (*first, *second)] == ["4", "3", "2", "1"]
    assert first[0].actor == "test"
    with pytest.raises(access.NotAllowed):
        audit.entries(seen_by=Actor(role=Role.OPERATOR, name="operator"))


def test_a_zero_character_keeps_no_act_out_of_the_log() -> None:
    audit.enter(
        audit.Event.ACCESS_REFUSED,
        by=AUDITOR,
        object_kind="page",
        object_ref="/office/\0",
        purpose="为何\0",
        code="a\0b",
    )
    newest = audit.entries(seen_by=AUDITOR, event="access-refused", limit=1)[0]
    assert (newest.object_ref, newest.purpose, newest.facts) == ("/office/\ufffd", "为何\ufffd", {"code": "a\ufffdb"})


def test_a_department_registered_twice_is_one_department() -> None:
    first = identity.register_department(code=UNIT, name="甲局", by=SYSTEM)
    again = identity.register_department(code=UNIT, name="甲局(更名)", by=SYSTEM)
    assert first.id == again.id
    assert identity.source_unit(UNIT).name == "甲局(更名)"
    assert UNIT in identity.source_unit(UNIT).may_report_for
    with pytest.raises(identity.UnknownDepartment):
        identity.source_unit("11990100MA00000X99")


def test_an_account_of_a_source_unit_needs_its_department() -> None:
    identity.register_department(code=UNIT, name="甲局", by=SYSTEM)
    made = identity.create_account(
        username="clerk",
        password="a long enough pass",
        display_name="科员",
        role="source_unit",
        department=UNIT,
        by=SYSTEM,
    )
    identity.disable_account("clerk", by=SYSTEM)
    again = identity.create_account(
        username="clerk",
        password="another long pass",
        display_name="科员",
        role="source_unit",
        department=UNIT,
        by=SYSTEM,
    )
    assert made == again
    with pytest.raises(Exception, match=r"source_unit_has_department|信源单位|约束"):
        identity.create_account(
            username="stray", password="a long enough pass", display_name="无单位", role="source_unit", department=None,
            by=SYSTEM,
        )  # fmt: skip


@pytest.mark.parametrize(("code", "path"), [
    ("990102", "云栖区"), ("990102003", "云栖区听溪街道"), ("990102003201", "云栖区听溪街道竹影村"), ("990100", "云溪市"),
    ("990102009", "云栖区"), ("990199", ""), ("", ""),
])  # fmt: skip
def test_a_place_is_named_from_its_county_down(code: str, path: str) -> None:
    known = {"990100": "云溪市", "990102": "云栖区", "990102003": "听溪街道", "990102003201": "竹影村"}
    levels = {6: 3, 9: 4, 12: 5}
    rows = [{"code": one, "name": name, "level": levels[len(one)]} for one, name in known.items()]
    identity.load_regions(rows, source="test", by=SYSTEM)
    assert identity.region_path(code) == path


def test_a_role_without_the_right_cannot_register_a_department() -> None:
    with pytest.raises(access.NotAllowed):
        identity.register_department(code=UNIT, name="甲局", by=AUDITOR)
