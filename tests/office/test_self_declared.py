"""An organisation's area and the desk that checks it: one whole way through the doors, and what stays shut."""

import json
import re
from pathlib import Path
from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile

from tests.intake import declaring, made
from tests.intake.made import Organisation
from tests.office.conftest import Office, Reader
from tests.signing import signed_in
from xinyong.intake import revert, submit, voluntary
from xinyong.intake.models import OwnDeclaration
from xinyong.reports import compose
from xinyong.security.access import PUBLIC
from xinyong.security.models import Account, AuditEntry

PNG = b"\x89PNG\r\n\x1a\n" + bytes(range(64))
FRESH = "Sieben-Gaense-fliegen-42-weit"
_OWN = "/own/new/self-qualification/"


@pytest.fixture
def who(office: Office) -> Organisation:
    one = made.organisation()
    made.register(one)
    return one


@pytest.fixture
def clerk(who: Organisation, tmp_path: Path) -> Reader:
    """Somebody who acts for the organisation, signed in."""
    given = declaring.mandate(who, tmp_path)
    browser = Reader()
    signed_in(browser, given.mandate.username)
    return browser


def png(name: str = "证书.png") -> SimpleUploadedFile:
    return SimpleUploadedFile(name, PNG + declaring.os.urandom(16), content_type="image/png")


def sent(**other: Any) -> dict[str, Any]:
    return declaring.facts() | {
        "what": "declare", "proof_1": png(), "commits": "on", "commitment": voluntary.COMMITMENT
    } | other  # fmt: skip


def declared(clerk: Reader, **other: Any) -> int:
    answer = clerk.post(_OWN, sent(**other))
    assert answer.status_code == 302, re.findall(r"error-summary.*?</ul>", answer.content.decode(), re.DOTALL)
    one = int(answer["Location"].split("/")[2])
    submit.run(one, by=made.SYSTEM)
    return one


def page(client: Any, address: str) -> str:
    answer = client.get(address)
    assert answer.status_code == 200, (address, answer.status_code)
    return str(answer.content.decode())


def report(who: Organisation) -> str:
    content = compose.compose(who.code, as_of=made.TODAY, seen_by=PUBLIC)
    return json.dumps([str(one) for one in content.chapters], ensure_ascii=False)


def test_declared_shown_checked_and_withdrawn_with_its_label_everywhere(
    browsers: Office, clerk: Reader, who: Organisation
) -> None:
    one = declared(clerk)
    public = browsers["public"]
    assert "自主申报 · 未经核实" in page(public, f"/subject/{who.code}/")
    assert "自主申报 · 未经核实" in report(who)
    pdf = public.post(f"/subject/{who.code}/report.pdf")
    assert (pdf.status_code, pdf["Content-Type"]) == (200, "application/pdf")
    assert f"/own/{one}/" in page(clerk, "/own/declarations/")
    shown = page(clerk, f"/own/{one}/")
    assert "已公开，待核验" in shown
    operator = browsers["operator"]
    assert f"/office/self-declared/{one}/" in page(operator, f"/office/self-declared/?code={who.code}")
    desk = page(operator, f"/office/self-declared/{one}/")
    assert "证书.png" in desk
    after = re.search(r'name="after" value="(\d+)"', desk)
    assert after
    answer = operator.post(
        f"/office/self-declared/{one}/check",
        {"unit": "云溪市信用中心", "basis": "与公开查询结果一致", "after": after.group(1)},
    )
    assert answer.status_code == 302
    label = f"自主申报 · 已核验（云溪市信用中心，{made.TODAY}）"
    ref = re.search(r"/record/([0-9a-f]{32})/", page(public, f"/subject/{who.code}/"))
    assert ref
    assert label in page(public, f"/subject/{who.code}/record/{ref.group(1)}/")
    assert label in page(public, f"/subject/{who.code}/self-declared/")
    assert label in report(who)
    why = {"purpose": "licensing", "matter": "云市监许申〔2026〕12号"}
    assert operator.post(f"/office/files/{who.code}/", why).status_code == 302
    assert label in page(operator, f"/office/files/{who.code}/")
    assert label in page(operator, f"/office/files/{who.code}/records/{ref.group(1)}/")
    assert label in page(operator, f"/office/self-declared/{one}/")
    assert label in page(clerk, f"/own/{one}/")
    assert "确认撤回" in page(clerk, f"/own/{one}/withdraw")
    assert clerk.post(f"/own/{one}/withdraw", {"reason": "证书已换发"}).status_code == 302
    revert.finish(one, by=made.SYSTEM)
    assert "自主申报" not in re.sub(r"<footer.*", "", page(public, f"/subject/{who.code}/"), flags=re.DOTALL)
    assert "自主申报" not in report(who)
    assert public.get(f"/subject/{who.code}/record/{ref.group(1)}/").status_code == 404
    assert "已撤回" in page(clerk, f"/own/{one}/")


def test_what_is_wrong_is_said_beside_the_field_and_nothing_typed_is_lost(clerk: Reader) -> None:
    answer = clerk.post(_OWN, sent(ZSBH="", ZZMC="环境管理体系认证证书", FZRQ="2031-01-01"))
    text = answer.content.decode()
    assert answer.status_code == 400
    assert 'href="#id_ZSBH"' in text
    assert "发证日期晚于今天" in text
    assert 'value="环境管理体系认证证书"' in text
    assert "证明材料请重新选择" in text
    assert not OwnDeclaration.objects.filter(title="环境管理体系认证证书").exists()


@pytest.mark.parametrize(
    ("lacks", "said"),
    [
        ({"proof_1": ""}, "请选择证明材料。"),
        ({"commits": ""}, "请阅读并勾选真实性承诺。"),
        ({"commitment": "1999"}, "承诺书有更新"),
    ],
)
def test_no_declaration_without_proof_and_commitment(clerk: Reader, lacks: dict[str, str], said: str) -> None:
    answer = clerk.post(_OWN, sent(**lacks))
    assert answer.status_code >= 400
    assert said in answer.content.decode()


def test_a_hostile_proof_is_refused_with_a_sentence(clerk: Reader) -> None:
    hostile = SimpleUploadedFile("a.pdf", b"%PDF-1.7\n/OpenAction << /JavaScript (app.alert(1)) >>")
    answer = clerk.post(_OWN, sent(proof_1=hostile))
    assert answer.status_code >= 400
    assert "不能接收" in answer.content.decode()


def test_checking_only_keeps_nothing(clerk: Reader) -> None:
    before = AuditEntry.objects.count()
    answer = clerk.post(_OWN, declaring.facts() | {"what": "check"})
    assert "没有发现问题" in answer.content.decode()
    assert AuditEntry.objects.count() == before


def test_a_file_says_which_rows_are_others(clerk: Reader, who: Organisation, browsers: Office, tmp_path: Path) -> None:
    rows = [declaring.facts() | {"ZTMC": one.name, "TYSHXYDM": one.code} for one in (who, browsers.organisation)]
    path = made.csv_file(tmp_path / "own.csv", rows)
    assert clerk.get(f"{_OWN}template.xlsx").status_code == 200
    answer = clerk.post(
        f"{_OWN}file",
        {"file": SimpleUploadedFile("资质.csv", path.read_bytes()), "proof_1": png(), "commits": "on",
         "commitment": voluntary.COMMITMENT},
    )  # fmt: skip
    assert answer.status_code == 302
    submit.run(int(answer["Location"].split("/")[2]), by=made.SYSTEM)
    assert "本行不是贵单位" in page(clerk, answer["Location"])


def test_another_organisations_declaration_looks_absent(clerk: Reader, browsers: Office, tmp_path: Path) -> None:
    one = declared(clerk)
    other = made.organisation()
    made.register(other)
    stranger = Reader()
    signed_in(stranger, declaring.mandate(other, tmp_path).mandate.username)
    for address in (f"/own/{one}/", f"/own/{one}/withdraw", f"/own/{one}/receipt.json"):
        assert stranger.get(address).status_code == 404
        assert clerk.get(address).status_code == 200
    assert stranger.post(f"/own/{one}/withdraw", {"reason": "别人的申报"}).status_code == 404
    assert "还没有申报" in page(stranger, "/own/declarations/")


def test_proofs_are_downloads_of_the_desk_only_and_each_look_is_noted(clerk: Reader, browsers: Office) -> None:
    one = declared(clerk)
    address = f"/office/self-declared/{one}/proofs/1"
    before = AuditEntry.objects.filter(event="proof-opened").count()
    answer = browsers["operator"].get(address)
    assert answer.status_code == 200
    assert answer["X-Content-Type-Options"] == "nosniff"
    assert answer["Content-Disposition"].startswith("attachment")
    assert AuditEntry.objects.filter(event="proof-opened").count() == before + 1
    assert {role: browsers[role].get(address).status_code for role in ("clerk", "auditor")} == {
        "clerk": 403,
        "auditor": 403,
    }
    assert browsers["public"].get(address).status_code == 302
    assert clerk.get(address).status_code == 403


def test_the_area_is_the_organisations_and_the_office_is_not(clerk: Reader, browsers: Office) -> None:
    for address in ("/office/", "/office/submissions/", "/office/submissions/new", "/office/files/", "/office/entry/"):
        assert clerk.get(address).status_code == 403, address
    assert "本单位专区" in page(clerk, "/office/account/")
    for role in ("clerk", "operator", "auditor"):
        assert browsers[role].get("/own/").status_code == 403
    assert browsers["public"].get("/own/").status_code == 302


def test_an_ended_mandate_is_out_at_the_next_request(clerk: Reader, who: Organisation, browsers: Office) -> None:
    listed = page(browsers["operator"], f"/office/mandates/?text={who.code}")
    found = re.search(r"/office/mandates/(\d+)/", listed)
    assert found
    assert page(clerk, "/own/")
    answer = browsers["operator"].post(f"/office/mandates/{found.group(1)}/end", {"reason": "经办人离职"})
    assert answer.status_code == 302
    assert clerk.get("/own/").status_code == 403


def test_a_disabled_account_is_out_at_the_next_request(clerk: Reader, who: Organisation) -> None:
    assert page(clerk, "/own/")
    Account.objects.filter(mandate__subject_code=who.code).update(is_active=False)
    assert clerk.get("/own/").status_code == 302


def test_a_mandate_is_given_at_the_counter_and_its_link_leads_in(browsers: Office, who: Organisation) -> None:
    operator = browsers["operator"]
    wanted = {
        "code": who.code, "kind": "agent", "username": f"front-{who.code[-6:].lower()}", "display_name": "小周",
        "starts_on": "2026-06-15", "last_on": "2027-06-14", "proof": png("授权委托书.png"),
    }  # fmt: skip
    answer = operator.post("/office/mandates/new", wanted)
    link = re.search(r"http://testserver(/office/welcome/[\w-]+)", answer.content.decode())
    assert link
    person = Reader()
    assert person.get(link.group(1)).status_code == 302
    answer = person.post("/office/welcome/", {"password": FRESH, "again": FRESH})
    assert answer["Location"] == "/office/sign-in/set-up"
    again = operator.post("/office/mandates/new", wanted | {"proof": png(), "last_on": "2035-01-01"})
    assert again.status_code == 400
    assert "期限最长三年" in again.content.decode()
    assert "不能办理代表关系" not in again.content.decode()
