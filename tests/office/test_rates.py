"""Pages of declared totals, duties, rates and bulletins."""

import io
from datetime import timedelta

import openpyxl
import pytest
import time_machine

from tests.intake import made
from tests.office.conftest import Office
from xinyong.analytics import bulletins
from xinyong.intake import declared
from xinyong.kernel import clock, periods

ITEM = "admin-penalty-org"
pytestmark = pytest.mark.usefixtures("browsers")


def test_a_clerk_declares_corrects_and_takes_back(office: Office) -> None:
    clerk = office["clerk"]
    page = clerk.get("/office/declared/", {"period": "2026-06"}).content.decode()
    assert "申报应报数" in page
    assert "登记抽查结果" not in page
    sent = {"period": "2026-06", "source": office.unit.code, "item": ITEM, "number": "0", "after": "0"}
    answer = clerk.post("/office/declared/say", sent, follow=True)
    assert "已记为零报告" in answer.content.decode()
    assert "零报告与数据矛盾" in answer.content.decode(), "a row of June went in"
    stale = clerk.post("/office/declared/say", sent)
    assert stale.status_code == 400
    assert "已有新的申报" in stale.content.decode()
    assert clerk.post("/office/declared/say", sent | {"number": "2", "after": "1"}).status_code == 302
    page = clerk.get("/office/declared/", {"period": "2026-06"}).content.decode()
    assert "50.0%（1 / 2）" in page
    gone = clerk.post("/office/declared/say", sent | {"take_back": "1", "after": "2"}, follow=True)
    assert "已撤回" in gone.content.decode()
    where = {"period": "2026-06", "item": ITEM, "source": office.unit.code}
    versions = clerk.get("/office/declared/history", where).content.decode()
    assert all(text in versions for text in ("零报告", "应报数", "已撤回"))
    assert office["stranger"].get("/office/declared/history", where).status_code == 403
    assert office["stranger"].post("/office/declared/say", sent).status_code == 400


@pytest.mark.parametrize("number", ["", "x", "-1", "99999999999"])
def test_what_is_no_count_is_said_at_the_field(office: Office, number: str) -> None:
    sent = {"period": "2026-06", "source": office.unit.code, "item": ITEM, "number": number}
    answer = office["clerk"].post("/office/declared/say", sent)
    assert answer.status_code == 400
    assert 'id="id_number_error"' in answer.content.decode() or "error" in answer.content.decode()


@pytest.mark.parametrize("address", ["/office/rates/", "/office/declared/", "/office/rates/rows"])
def test_a_month_that_is_none_leads_nowhere(office: Office, address: str) -> None:
    assert office["operator"].get(address, {"period": "2026-99", "rate": "late"}).status_code == 404


def test_figures_lead_to_their_rows(office: Office) -> None:
    page = office["operator"].get("/office/rates/", {"period": "2026-06"}).content.decode()
    assert "33.33% (1 / 3)" in page
    assert "/office/rates/rows?period=2026-06&amp;by=department&amp;rate=compliance" in page
    where = {"period": "2026-06", "rate": "compliance", "key": office.unit.code}
    rows = office["operator"].get("/office/rates/rows", where).content.decode()
    assert rows.count('class="key"') == 3
    assert office.organisation.name not in rows, "places, not content"
    assert (
        office["operator"].get("/office/rates/rows", where | {"part": "hit"}).content.decode().count('class="key"') == 1
    )
    assert "没有这样的行" in office["stranger"].get("/office/rates/rows", where).content.decode()


def test_everybody_sorts_and_sees_a_line_for_nothing(office: Office) -> None:
    for sort in ("name", "compliance", "-compliance", "nonsense"):
        page = office["operator"].get("/office/rates/", {"period": "2026-06", "sort": sort}).content.decode()
        assert office.other.name in page
    first = office["operator"].get("/office/rates/", {"period": "2026-06", "sort": "compliance"}).content.decode()
    assert first.index(office.unit.name) < first.index(office.other.name), "without a rate, at the end"
    empty = office["operator"].get("/office/rates/", {"period": "2025-01"}).content.decode()
    assert "本月没有收到报送的数据" in empty
    own = office["clerk"].get("/office/rates/", {"period": "2026-06"}).content.decode()
    assert office.other.name not in own


def test_the_figures_as_a_file(office: Office) -> None:
    answer = office["auditor"].get("/office/rates/export.xlsx", {"period": "2026-06"})
    sheet = openpyxl.load_workbook(io.BytesIO(answer.body)).active
    rows = [[cell.value for cell in row] for row in sheet.iter_rows()]
    assert rows[1] == ["编号", "名称", "指标", "百分比", "分子", "分母", "不计入"]
    assert [office.unit.code, office.unit.name, "合规率", "33.33%", 1, 3] in [row[:6] for row in rows]
    text = office["clerk"].get("/office/rates/export.csv", {"period": "2026-06"}).body.decode("utf-8-sig")
    assert office.unit.name in text
    assert office.other.name not in text


def test_an_operator_issues_a_bulletin_and_everybody_ranked_reads_it(office: Office) -> None:
    with time_machine.travel(made.NOW + timedelta(days=20), tick=True):
        from tests.signing import signed_in

        for role in ("operator", "clerk"):
            signed_in(office[role], role)
        assert office["operator"].post("/office/bulletins/issue", {"period": "2026-07"}).status_code == 400
        done = office["operator"].post("/office/bulletins/issue", {"period": "2026-06"})
        assert done["Location"] == "/office/bulletins/2026-06/1/"
        page = office["clerk"].get(done["Location"]).content.decode()
        assert "公共信用信息报送情况通报" in page
        assert office.other.name in page
        assert office["clerk"].get(done["Location"] + "file.pdf").body[:5] == b"%PDF-"
        assert office["clerk"].get(done["Location"] + "file.docx").body[:2] == b"PK"
        assert office["clerk"].post("/office/bulletins/issue", {"period": "2026-06"}).status_code == 403
        assert "2026年6月" in office["clerk"].get("/office/bulletins/").content.decode()
        assert bulletins.find(periods.month("2026-06"), seen_by=made.SYSTEM).issued_by == "operator"


def test_the_credit_centre_sets_duties_and_enters_spot_checks(office: Office) -> None:
    operator = office["operator"]
    duty = {"source": office.unit.code, "item": ITEM, "starts_on": "2026-06-01"}
    assert operator.post("/office/duties/set", duty | {"ends_on": "2026-05-01"}).status_code == 400
    assert operator.post("/office/duties/set", duty).status_code == 302
    assert office.unit.name in operator.get("/office/duties/").content.decode()
    check = {"period": "2026-06", "source": office.unit.code, "item": ITEM, "number": "4", "found": "3"}
    assert operator.post("/office/declared/check", check | {"found": "5"}).status_code == 400
    assert operator.post("/office/declared/check", check).status_code == 302
    assert "75.0%（3 / 4）" in operator.get("/office/declared/", {"period": "2026-06"}).content.decode()
    word = next(one for one in declared.words(periods.month("2026-06"), as_of=clock.now()) if one.kind == "spot-check")
    assert (word.number, word.found, word.made_by) == (4, 3, "operator")
