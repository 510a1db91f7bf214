"""The pages of who may report what: seen, granted, ended, switched once the effect was shown; lists show what a unit may report."""

from collections.abc import Iterator
from datetime import date, timedelta
from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile

from tests.intake import made
from tests.office.conftest import Office
from xinyong.intake import supply
from xinyong.intake.models import SupplyGrant
from xinyong.kernel import clock
from xinyong.security.models import AuditEntry

ITEM, TITLE = "admin-penalty-org", "行政处罚（法人及非法人组织）"
WHY = "三定方案载明的职责"
PAGE = "/office/supply/"
pytestmark = pytest.mark.usefixtures("browsers")


def say(mode: str) -> None:
    supply.set_mode(item_id=ITEM, mode=mode, basis=WHY, by=made.OPERATOR, at=clock.now())


def grant(source: str, **more: Any) -> None:
    words = {"item_id": ITEM, "starts_on": date(2026, 1, 1), "basis": WHY, "by": made.OPERATOR, "at": clock.now()}
    supply.grant(source_code=source, **words | more)


@pytest.fixture
def closed() -> Iterator[None]:
    say("granted")
    yield
    say("open")


def test_an_item_is_switched_once_it_was_shown_whom_that_refuses(office: Office) -> None:
    operator = office["operator"]
    page = operator.get(PAGE, {"item": ITEM}).content.decode()
    assert f"/office/supply/mode?item={ITEM}" in page
    shown = operator.get("/office/supply/mode", {"item": ITEM}).content.decode()
    assert "将被拒收" in shown
    assert office.unit.name in shown
    assert office.other.name not in shown, "it handed nothing in"
    assert supply.is_open(ITEM), "only looked at"
    after = len(supply.modes()) and supply.modes()[ITEM].version if ITEM in supply.modes() else 0
    sent = {"item": ITEM, "mode": "granted", "after": after, "basis": WHY}
    refused = operator.post("/office/supply/mode", sent | {"basis": ""})
    assert (refused.status_code, supply.is_open(ITEM)) == (400, True)
    assert office.unit.name in refused.content.decode(), "the effect is still there to be read"
    answer = operator.post("/office/supply/mode", sent, follow=True)
    assert "供数方式已改" in answer.content.decode()
    assert "目前没有单位" in answer.content.decode()
    stale = operator.post("/office/supply/mode", sent | {"mode": "open"})
    assert stale.status_code == 400
    assert "刚才有人改过" in stale.content.decode()
    opening = operator.get("/office/supply/mode", {"item": ITEM}).content.decode()
    assert "任何信源单位都可以报送此事项" in opening
    sent |= {"mode": "open", "after": supply.modes()[ITEM].version}
    assert operator.post("/office/supply/mode", sent).status_code == 302
    assert supply.is_open(ITEM)


@pytest.mark.usefixtures("closed")
def test_lists_to_choose_from_show_a_unit_what_it_may_report(office: Office) -> None:
    clerk, operator = office["clerk"], office["operator"]
    choice = f'value="{ITEM}"'
    form = clerk.get("/office/submissions/new").content.decode()
    assert choice not in form
    assert "另有 1 个事项须经信用中心授权" in form
    assert choice in operator.get("/office/submissions/new").content.decode()
    assert f"/office/entry/{ITEM}/" not in clerk.get("/office/entry/").content.decode()
    assert clerk.get(f"/office/entry/{ITEM}/").status_code == 403
    assert f"/office/templates/{ITEM}.xlsx" not in clerk.get("/office/templates/").content.decode()
    whole = clerk.get("/office/templates/", {"all": "1"}).content.decode()
    assert "须经授权，本单位没有" in whole
    assert f"/office/submissions/new?item={ITEM}" not in whole
    assert clerk.get(f"/office/templates/{ITEM}.xlsx").status_code == 200
    grant(office.unit.code)
    try:
        assert choice in clerk.get("/office/submissions/new").content.decode()
        assert f"/office/entry/{ITEM}/" in clerk.get("/office/entry/").content.decode()
        assert f"/office/templates/{ITEM}.xlsx" in clerk.get("/office/templates/").content.decode()
    finally:
        grant(office.unit.code, ends_on=date(2026, 1, 1))


@pytest.mark.usefixtures("closed")
@pytest.mark.parametrize("role", ["clerk", "operator"])
def test_a_file_of_what_the_unit_may_not_report_is_answered_with_what_to_do(office: Office, role: str) -> None:
    file = SimpleUploadedFile("处罚.csv", "处罚文号\n1\n".encode())
    before = AuditEntry.objects.count()
    sent = {"item": ITEM, "source": office.unit.code, "file": file}
    answer = office[role].post("/office/submissions/new", sent)
    assert answer.status_code == 403
    for part in (office.unit.name, "信用中心", "/office/supply/"):
        assert part in answer.content.decode()
    noted = list(AuditEntry.objects.order_by("id").values_list("event", flat=True))[before:]
    assert noted == ["access-refused"]


@pytest.mark.usefixtures("closed")
def test_the_items_page_says_who_may_report_it(office: Office) -> None:
    address = f"/office/catalogue/{ITEM}/"
    assert "本单位没有" in office["clerk"].get(address).content.decode()
    assert "目前没有单位" in office["auditor"].get(address).content.decode()
    assert PAGE not in office["auditor"].get(address).content.decode()
    grant(office.unit.code)
    try:
        assert "本单位已获授权" in office["clerk"].get(address).content.decode()
        stranger = office["stranger"].get(address).content.decode()
        assert "本单位没有" in stranger
        assert office.unit.name not in stranger, "whom else it is granted to is not a unit's to see"
        shown = office["operator"].get(address).content.decode()
        assert f"须经授权：{office.unit.name}" in shown.replace('<span lang="zh-CN">', "").replace("</span>", "")
        assert f"{PAGE}?item={ITEM}" in shown
    finally:
        grant(office.unit.code, ends_on=date(2026, 1, 1))


def test_a_grant_is_given_put_right_and_ended_by_the_form(office: Office) -> None:
    operator, where = office["operator"], {"source": office.other.code, "item": ITEM}
    assert office["clerk"].get(PAGE).status_code == 403
    assert office["clerk"].post("/office/supply/grant", where).status_code == 403
    given = where | {"starts_on": "2026-06-01", "ends_on": "", "basis": WHY, "after": ""}
    assert operator.post("/office/supply/grant", given | {"basis": ""}).status_code == 400
    assert operator.post("/office/supply/grant", given | {"ends_on": "2026-05-01"}).status_code == 400
    assert operator.post("/office/supply/grant", given, follow=True).status_code == 200
    page = operator.get(PAGE, {"source": office.other.code}).content.decode()
    assert "有效" in page
    assert "可以：已获授权" in page
    form = operator.get("/office/supply/grant", where | {"starts_on": "2026-06-01", "end": "1"}).content.decode()
    assert 'value="2026-06-15"' in form, "ends today"
    assert office.other.name in form
    ended = given | {"ends_on": "2026-06-15", "after": "1"}
    assert operator.post("/office/supply/grant", ended).status_code == 302
    assert operator.post("/office/supply/grant", ended | {"ends_on": ""}).status_code == 400, (
        "somebody ended it meanwhile"
    )
    page = operator.get(PAGE, {"source": office.other.code}).content.decode()
    assert "已终止" in page
    assert [one.version for one in SupplyGrant.objects.filter(source_id=office.other.id).order_by("version")] == [1, 2]


@pytest.mark.usefixtures("closed")
def test_the_list_is_filtered_by_unit_item_and_mode_and_has_a_second_page(office: Office) -> None:
    operator = office["operator"]
    empty = operator.get(PAGE, {"item": "honour"}).content.decode()
    assert "没有符合条件的授权" in empty
    refused = operator.get(PAGE, {"source": office.unit.code, "mode": "granted"}).content.decode()
    assert "不可以" in refused
    assert "/office/catalogue/honour/" not in refused, "an open item"
    day = date(2020, 1, 1)
    for number in range(51):
        grant(
            office.unit.code,
            item_id="honour",
            starts_on=day + timedelta(days=number),
            ends_on=day + timedelta(days=number + 1),
        )
    first = operator.get(PAGE, {"item": "honour"}).content.decode()
    assert "after=50" in first
    assert "2020-02-21" not in first
    second = operator.get(PAGE, {"item": "honour", "after": "50"}).content.decode()
    assert "2020-02-21" in second
    assert operator.get(PAGE, {"source": "nobody"}).status_code == 404
    assert operator.get("/office/supply/mode", {"item": "nothing"}).status_code == 404
