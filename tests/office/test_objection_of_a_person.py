"""异议 Through the doors: a person objects from the page of what is on file of them, the desk decides without reading who they are."""

import re
from pathlib import Path

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile

from tests.intake import made
from tests.intake.made import Person
from tests.office.conftest import PASSWORD, Office, Reader
from tests.office.test_objections import PNG, page, send
from tests.signing import signed_in
from xinyong.kernel import clock
from xinyong.security import persons
from xinyong.security.models import AuditEntry
from xinyong.workflow.models import Case


@pytest.fixture
def who(office: Office, tmp_path: Path) -> Person:
    """Somebody with a penalty by the clerk's unit."""
    somebody = made.person()
    row = made.person_row(somebody, office.unit, CF_WSH="云市监罚〔2026〕7788号")
    made.hand_in(made.csv_file(tmp_path / "rows.csv", [row]), "admin-penalty-person", office.unit)
    return somebody


@pytest.fixture
def citizen(who: Person) -> Reader:
    """That person, signed in."""
    username = f"citizen-{who.number[-6:].lower()}"
    known = persons.identity(who.name, who.number, today=clock.today())
    persons.admit_demo(known, username=username, password=PASSWORD, by=made.SYSTEM, at=clock.now())
    browser = Reader()
    signed_in(browser, username)
    return browser


def asked(citizen: Reader) -> str:
    """Where the person's own page leads to object."""
    found = re.search(r'href="(/own/objections/new/[^"]+)"', page(citizen, "/own/records/"))
    assert found
    return found.group(1)


def lodged(citizen: Reader, who: Person, right: Person) -> str:
    paper = SimpleUploadedFile(f"{who.name}.png", PNG, content_type="image/png")
    said = {
        "ground": "wrong", "statement": "姓名写错，金额也不对", "should-CF_NR_FK": "0.1", "should-CF_XDR_MC": right.name,
        "paper_1": paper,
    }  # fmt: skip
    answer = send(citizen, asked(citizen), **said)
    assert answer.status_code == 302, answer.content.decode()
    return str(answer["Location"])


def test_from_ones_own_page_to_the_answer(browsers: Office, citizen: Reader, who: Person) -> None:
    operator, clerk, public = browsers["operator"], browsers["clerk"], browsers["public"]
    right, before = made.person(), AuditEntry.objects.latest("id").pk
    address = asked(citizen)
    form = page(citizen, address)
    assert "不公示" in form
    assert "should-CF_XDR_MC" in form, "also a name that is wrong can be said"
    assert who.name not in form
    assert who.number not in form
    case = lodged(citizen, who, right)
    number = case.split("/")[3]
    shown = page(citizen, case)
    assert "还剩 5 个工作日" in shown
    assert "材料1.png" in shown
    assert right.name not in shown, "others may see it over a shoulder"
    assert "争议中" in page(citizen, "/own/records/")
    assert case in page(citizen, "/own/objections/")
    assert citizen.get(f"{case}papers/1").body == PNG
    assert public.get(case).status_code == 302

    desk = f"/office/objections/{number}/"
    for reader, addresses in (
        (citizen, ["/own/", "/own/objections/", case]),
        (operator, ["/office/objections/", desk]),
    ):
        reader.cookies["django_language"] = "en"
        assert ["Administrative penalties (natural persons)" in page(reader, each) for each in addresses] == [
            True
        ] * len(addresses)
        del reader.cookies["django_language"]
    for text in (page(operator, "/office/objections/"), page(operator, desk)):
        assert "自然人" in text
        for secret in (who.name, who.number, right.name, "云市监罚〔2026〕7788号"):
            assert secret not in text
    assert "查看这条信息的内容" in page(operator, desk)
    looked = operator.post(f"{desk}record").body.decode()
    assert "云市监罚〔2026〕7788号" in looked
    assert who.name not in looked
    assert operator.get(f"{desk}record")["Location"] == desk, "nobody looks by an address"
    assert "citizen-" not in looked
    assert "异议、修复核查" in page(citizen, "/own/access-log/")

    assert send(operator, f"{desk}forward", reason="请核实").status_code == 302
    form = page(clerk, f"{desk}answer")
    assert "按当事人所述更正" in form
    assert right.name not in form
    said = {"outcome": "partly", "reason": "姓名系录入错误", "should-CF_XDR_MC": "="}
    assert send(clerk, f"{desk}answer", **said).status_code == 302
    assert send(operator, f"{desk}decide", outcome="refuse", reason="与决定书一致").status_code == 302
    assert "异议已答复" in page(citizen, "/own/notices/")
    stated = send(citizen, f"{case}state", text="原处罚决定已经撤销，请以行政复议决定书为准。")
    assert stated.status_code == 302
    assert "请以行政复议决定书为准" in page(citizen, "/own/records/")
    assert send(citizen, f"{case}ask-review", reason="有新的证据").status_code == 302

    held = Case.objects.get(pk=int(number))
    entries = AuditEntry.objects.filter(id__gt=before)
    noted = "\n".join(f"{each.object_ref} {each.purpose} {each.facts}" for each in entries)
    addresses = "\n".join([address, case, desk, held.title, held.object_ref])
    for secret in (who.name, who.number, right.name, "云市监罚〔2026〕7788号", "行政复议"):
        assert secret not in noted
        assert secret not in addresses
    assert held.object_ref not in address


def test_one_persons_pages_lead_nobody_else_anywhere(browsers: Office, citizen: Reader, who: Person) -> None:
    address = asked(citizen)
    case = lodged(citizen, who, made.person())
    other = made.person()
    known = persons.identity(other.name, other.number, today=clock.today())
    persons.admit_demo(known, username="somebody-else", password=PASSWORD, by=made.SYSTEM, at=clock.now())
    stranger = Reader()
    signed_in(stranger, "somebody-else")
    assert stranger.get(address).status_code == 404
    assert stranger.get(case).status_code == 404
    assert stranger.get(f"{case}papers/1").status_code == 404
    assert browsers["clerk"].get(f"/office/objections/{case.split('/')[3]}/").status_code == 404, "not forwarded yet"
    assert browsers["clerk"].post(f"/office/objections/{case.split('/')[3]}/record").status_code == 404
