"""Papers through the doors: an organisation's own, the credit centre's for a purpose, batches, revocation, the verify page."""

import io
import re
import zipfile
from pathlib import Path
from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile

from tests.intake import declaring, made
from tests.intake.made import Organisation
from tests.office.conftest import Office, Reader
from tests.signing import signed_in
from xinyong.kernel import clock
from xinyong.reports import batch, offline, signing
from xinyong.reports.models import IssuedReport, ReportBatch

SPAN = {"first_day": "2023-06-15", "last_day": "2026-06-15"}
WHY = {"purpose": "funds", "matter": "云财〔2026〕8号"}


@pytest.fixture
def who(office: Office) -> Organisation:
    """The office's own organisation, which has a penalty."""
    return office.organisation


@pytest.fixture
def clerk(who: Organisation, tmp_path: Path) -> Reader:
    given = declaring.mandate(who, tmp_path)
    browser = Reader()
    signed_in(browser, given.mandate.username)
    return browser


def page(client: Any, address: str, status: int = 200) -> str:
    answer = client.get(address)
    assert answer.status_code == status, (address, answer.status_code)
    return str(answer.content.decode())


def answer_of(data: bytes) -> offline.Answer:
    return offline.look(data, trust=offline.roots(signing.trust_pem().encode()), at=clock.now()).answer


def test_an_organisation_gets_its_papers_and_sees_what_was_given_out(
    browsers: Office, clerk: Reader, who: Organisation
) -> None:
    assert "我的报告与证明" in page(clerk, "/own/reports/")
    special = clerk.post("/own/reports/special", SPAN)
    assert (special.status_code, special["Content-Type"]) == (200, "application/pdf")
    assert answer_of(special.body) is offline.Answer.GENUINE
    ordinary = clerk.post("/own/reports/ordinary")
    assert answer_of(ordinary.body) is offline.Answer.GENUINE
    assert browsers["public"].post(f"/subject/{who.code}/report.pdf").status_code == 200
    shown = page(clerk, "/own/reports/")
    assert "专项信用报告" in shown
    assert "社会公众" in shown
    assert "本单位" in shown
    verified = browsers["public"].post("/verify/", {"file": SimpleUploadedFile("r.pdf", special.body)}).content.decode()
    assert "签名覆盖文件的每一个字节" in verified
    assert "用演示证书签名" in verified
    assert "专项信用报告" in verified
    assert "其他领域" in verified


def test_a_statement_comes_as_a_page_or_with_its_json_and_a_refusal_says_why(clerk: Reader, browsers: Office) -> None:
    refused = clerk.post("/own/reports/statement", {"fact": "no-serious-list"})
    assert refused.status_code == 409 or refused.status_code == 400
    assert "没有检索，不等于没有" in refused.content.decode()
    day = made.TODAY.isoformat()
    both = clerk.post(
        "/own/reports/statement", {"fact": "no-published-penalty", "first_day": day, "last_day": day, "is_both": "on"}
    )
    assert both["Content-Type"] == "application/zip"
    with zipfile.ZipFile(io.BytesIO(both.body)) as archive:
        pdf, token = sorted(archive.namelist(), reverse=False)[1], sorted(archive.namelist())[0]
        assert {answer_of(archive.read(pdf)), answer_of(archive.read(token))} == {offline.Answer.GENUINE}
        sent = SimpleUploadedFile("s.jws", archive.read(token))
    assert "签名与内容一致" in browsers["public"].post("/verify/", {"file": sent}).content.decode()
    needed = clerk.post("/own/reports/statement", {"fact": "no-published-penalty"})
    assert "请填写起止日期" in needed.content.decode()


def test_the_credit_centre_says_what_for_and_the_organisation_reads_it(
    browsers: Office, clerk: Reader, who: Organisation
) -> None:
    operator = browsers["operator"]
    assert "请选择用途" in operator.post("/office/reports/special", SPAN | {"code": who.code}).content.decode()
    issued = operator.post("/office/reports/special", SPAN | WHY | {"code": who.code, "domains": ["market"]})
    assert answer_of(issued.body) is offline.Answer.GENUINE
    assert "云财〔2026〕8号" in page(clerk, "/own/reports/")
    number = IssuedReport.objects.latest("id").number
    assert number in page(operator, f"/office/reports/?q={who.code}&kind=special")
    shown = page(operator, f"/office/reports/{number}/")
    assert "撤销这份报告" in shown
    assert operator.post(f"/office/reports/{number}/", {"reason": "x"}).status_code == 400
    assert operator.post(f"/office/reports/{number}/", {"reason": "信源单位更正了决定"}).status_code == 302
    code = IssuedReport.objects.get(number=number).check_code
    verified = page(browsers["public"], f"/verify/{code}/")
    assert "已撤销，请勿采信" in verified
    assert "信源单位更正了决定" in verified
    assert "信源单位更正了决定" in page(clerk, "/own/reports/")
    assert page(operator, "/office/reports/20260101000000ABCDEFGH/", 404)


def test_a_batch_is_pasted_watched_and_taken(browsers: Office, who: Organisation) -> None:
    operator = browsers["operator"]
    assert "1 至 1000" in operator.post("/office/reports/batches/", SPAN | WHY).content.decode()
    sent = operator.post(
        "/office/reports/batches/", SPAN | WHY | {"names": f"{who.code}\n云溪市没有公司\n", "domains": ["market"]}
    )
    assert sent.status_code == 302
    number = int(sent["Location"].split("/")[4])
    assert "0 / 2" in page(operator, f"/office/reports/batches/{number}/")
    batch.run(number)
    shown = page(operator, f"/office/reports/batches/{number}/")
    assert "已出具" in shown
    assert "没有查到" in shown
    assert f'href="/office/reports/batches/{number}/file"' in shown
    taken = operator.get(f"/office/reports/batches/{number}/file")
    with zipfile.ZipFile(io.BytesIO(taken.body)) as archive:
        assert len(archive.namelist()) == 2
    assert f'/office/reports/batches/{number}/"' in page(operator, "/office/reports/batches/")


def test_an_organisation_s_list_may_be_a_file_in_the_old_encoding(clerk: Reader, who: Organisation) -> None:
    file = SimpleUploadedFile("名单.csv", f"{who.name},备注\n".encode("gb18030"))
    sent = clerk.post("/own/reports/batches/", SPAN | {"file": file, "domains": ["market"]})
    assert sent.status_code == 302
    number = ReportBatch.objects.latest("id").pk
    batch.run(number)
    assert "已出具" in page(clerk, f"/own/reports/batches/{number}/")
    assert clerk.get(f"/own/reports/batches/{number}/file").status_code == 200


def test_what_is_another_s_or_nobody_s_stays_shut(browsers: Office, clerk: Reader, tmp_path: Path) -> None:
    other = made.organisation()
    made.register(other)
    stranger = Reader()
    signed_in(stranger, declaring.mandate(other, tmp_path).mandate.username)
    sent = clerk.post("/own/reports/batches/", SPAN | {"names": "云溪市没有公司"})
    number = int(sent["Location"].split("/")[4])
    for browser in (stranger, browsers["operator"]):
        assert browser.get(f"/own/reports/batches/{number}/").status_code in (302, 403, 404)
        assert browser.get(f"/office/reports/batches/{number}/").status_code in (302, 403, 404)
    for role in ("public", "clerk", "auditor"):
        assert browsers[role].get("/office/reports/").status_code in (302, 403)
        assert browsers[role].post("/office/reports/special", SPAN | WHY).status_code in (302, 403)
        assert browsers[role].get("/own/reports/").status_code in (302, 403)


def test_the_root_certificate_is_published(browsers: Office) -> None:
    answer = browsers["public"].get("/.well-known/xinyong-reports.pem")
    assert answer.status_code == 200
    assert answer.body.decode() == signing.trust_pem()
    assert re.search(r"/\.well-known/xinyong-reports\.pem", page(browsers["public"], "/verify/"))
