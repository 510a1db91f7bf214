"""异议 Through the doors: the organisation objects from the record's page, the centre and the unit work it off, the mark comes and goes."""

import re
from pathlib import Path
from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile

from tests.intake import declaring, made
from tests.office.conftest import Office, Reader
from tests.rights import objecting
from tests.signing import signed_in
from xinyong.intake import submit
from xinyong.workflow.models import Case, CaseStep

PNG = b"\x89PNG\r\n\x1a\n" + bytes(range(64))


@pytest.fixture
def one(office: Office, tmp_path: Path) -> objecting.Matter:
    """A penalty by the clerk's unit."""
    who = made.organisation()
    made.register(who)
    row = made.penalty_row(who, office.unit)
    made.hand_in(made.csv_file(tmp_path / "rows.csv", [row]), "admin-penalty-org", office.unit)
    nobody = made.SYSTEM
    return objecting.Matter(who, office.unit, row, nobody, nobody, tmp_path)


@pytest.fixture
def company(one: objecting.Matter, tmp_path: Path) -> Reader:
    """Somebody who acts for the organisation, signed in."""
    given = declaring.mandate(one.who, tmp_path)
    browser = Reader()
    signed_in(browser, given.mandate.username)
    return browser


def page(client: Any, address: str, status: int = 200) -> str:
    answer = client.get(address)
    assert answer.status_code == status, (address, answer.status_code)
    return str(answer.content.decode())


def hidden(text: str) -> dict[str, str]:
    """What a form of ours carries."""
    found = {name: re.search(rf'name="{name}" value="([^"]*)"', text) for name in ("after", "token")}
    return {name: match.group(1) for name, match in found.items() if match}


def send(client: Any, address: str, **said: Any) -> Any:
    """Fills in the form at an address and sends it."""
    return client.post(address, hidden(page(client, address)) | said)


def lodged(company: Reader, one: objecting.Matter, **said: Any) -> str:
    """An objection by the form; its number."""
    answer = send(
        company, f"/own/objections/new/{one.shown.ref}/",
        **({"ground": "wrong", "statement": "罚款金额与决定书不一致", "should-CF_NR_FK": "0.1"} | said),
    )  # fmt: skip
    assert answer.status_code == 302, answer.content.decode()
    return str(answer["Location"].split("/")[3])


def test_what_is_not_published_is_objected_to_from_ones_own_page(
    browsers: Office, company: Reader, one: objecting.Matter, tmp_path: Path
) -> None:
    warned = made.penalty_row(one.who, one.unit, CF_CFLB="警告", CF_NR="警告", CF_NR_FK="", CF_WFXW="未标明价格")
    made.hand_in(made.csv_file(tmp_path / "warned.csv", [warned]), "admin-penalty-org", one.unit)
    own = page(company, "/own/records/")
    card = next(each for each in own.split("<li class") if "未标明价格" in each)
    address = re.search(r'href="(/own/objections/new/[^"]+)"', card)
    assert address
    assert "这条信息不公示" in page(company, address.group(1))
    answer = send(company, address.group(1), ground="wrong", statement="处罚的不是本单位，名称相近")
    assert answer.status_code == 302, answer.content.decode()
    card = next(each for each in page(company, "/own/records/").split("<li class") if "未标明价格" in each)
    assert "争议中" in card
    assert "异议办理中，看进度" in card
    shown = page(company, answer["Location"])
    assert f"/subject/{one.who.code}/record/" not in shown
    desk = page(browsers["operator"], f"/office/objections/{answer['Location'].split('/')[3]}/")
    assert "未标明价格" in desk


def test_from_the_records_page_to_the_correction(
    browsers: Office, company: Reader, one: objecting.Matter, tmp_path: Path
) -> None:
    public, operator, clerk = browsers["public"], browsers["operator"], browsers["clerk"]
    record = f"/subject/{one.who.code}/record/{one.shown.ref}/"
    answer = public.get(record)
    assert "对此有异议" in answer.content.decode()
    assert answer["Cache-Control"] == "public, max-age=1", "a mark is seen within a second"
    assert "争议中" not in page(public, f"/subject/{one.who.code}/")
    paper = SimpleUploadedFile("决定书.png", PNG, content_type="image/png")
    case = lodged(company, one, paper_1=paper)
    for address in (
        record,
        f"/subject/{one.who.code}/",
        f"/subject/{one.who.code}/penalty/",
        "/publicity/admin-penalty-org/",
    ):
        assert "争议中" in page(public, address), address
    text = page(company, f"/own/objections/{case}/")
    assert "还剩 5 个工作日，截止 6月23日 24 时" in text
    assert "决定书.png" in text
    assert f"/own/objections/{case}/" in page(company, "/own/objections/")
    assert company.get(f"/own/objections/{case}/papers/1").body == PNG
    assert one.who.name in page(operator, "/office/objections/")
    assert page(clerk, f"/office/objections/{case}/", 404)
    assert send(operator, f"/office/objections/{case}/forward", reason="请核实").status_code == 302
    inbox = page(clerk, "/office/objections/")
    assert f"/office/objections/{case}/" in inbox
    assert "有异议需要核实" in page(clerk, "/office/notices/")
    shown = page(clerk, f"/office/objections/{case}/")
    assert "罚款金额与决定书不一致" in shown
    assert f"/office/objections/{case}/answer" in shown
    assert f"/office/objections/{case}/decide" not in shown
    assert clerk.get(f"/office/objections/{case}/papers/1").body == PNG
    empty = send(clerk, f"/office/objections/{case}/answer", outcome="partly", reason="金额有误")
    assert empty.status_code == 400
    assert "逐项填写" in empty.content.decode()
    said = {"outcome": "accept", "reason": "决定书确为 0.1 万元", "should-CF_NR_FK": "0.1"}
    assert send(clerk, f"/office/objections/{case}/answer", **said).status_code == 302
    assert send(operator, f"/office/objections/{case}/decide", **said).status_code == 302
    early = send(operator, f"/office/objections/{case}/finish")
    assert early.status_code == 400
    assert "档案里还没有更正后的版本" in early.content.decode()
    one.hand_in(CF_NR_FK="0.1")
    assert "更正记录" in page(public, record)
    assert send(operator, f"/office/objections/{case}/finish").status_code == 302
    assert "争议中" not in page(public, f"/subject/{one.who.code}/")
    assert "成立，已更正" in page(company, f"/own/objections/{case}/")
    assert one.who.name in page(operator, f"/office/objections/?state=ended&q={one.who.code}")


def test_refused_the_statement_is_read_beside_the_record_everywhere(
    browsers: Office, company: Reader, one: objecting.Matter
) -> None:
    public, operator = browsers["public"], browsers["operator"]
    case = lodged(company, one)
    assert page(company, f"/own/objections/{case}/state"), "the form can be looked at"
    early = send(company, f"/own/objections/{case}/state", text="本单位认为罚款金额有误，已提起行政复议。")
    assert early.status_code == 409
    refuse = {"outcome": "refuse", "reason": "与处罚决定书一致"}
    assert send(operator, f"/office/objections/{case}/decide", **refuse).status_code == 302
    assert "与处罚决定书一致" in page(company, f"/own/objections/{case}/")
    short = send(company, f"/own/objections/{case}/state", text="不同意")
    assert short.status_code == 400
    said = "本单位认为罚款金额有误，已提起行政复议。"
    assert send(company, f"/own/objections/{case}/state", text=said).status_code == 302
    record = f"/subject/{one.who.code}/record/{one.shown.ref}/"
    why = {"purpose": "licensing", "matter": "云市监许申〔2026〕12号"}
    assert operator.post(f"/office/files/{one.who.code}/", why).status_code == 302
    for client, address in (
        (public, record), (public, f"/subject/{one.who.code}/"), (public, f"/subject/{one.who.code}/penalty/"),
        (public, "/publicity/admin-penalty-org/"), (operator, f"/office/files/{one.who.code}/"),
    ):  # fmt: skip
        assert said in page(client, address), address
    pdf = public.post(f"/subject/{one.who.code}/report.pdf")
    assert (pdf.status_code, pdf["Content-Type"]) == (200, "application/pdf")
    assert "争议中" not in page(public, record)
    assert send(company, f"/own/objections/{case}/ask-review", reason="请核对复议决定").status_code == 302
    assert "争议中" in page(public, record)
    assert send(company, f"/own/objections/{case}/withdraw").status_code == 302
    assert "争议中" not in page(public, record)


def test_a_form_sent_twice_is_taken_once(browsers: Office, company: Reader, one: objecting.Matter) -> None:
    address = f"/own/objections/new/{one.shown.ref}/"
    said = hidden(page(company, address)) | {"ground": "wrong", "statement": "罚款金额与决定书不一致"}
    first, again = company.post(address, said), company.post(address, said)
    assert (first.status_code, again.status_code, first["Location"]) == (302, 302, again["Location"])
    case = int(first["Location"].split("/")[3])
    operator = browsers["operator"]
    step = hidden(page(operator, f"/office/objections/{case}/take-over"))
    for _ in range(2):
        assert operator.post(f"/office/objections/{case}/take-over", step).status_code == 302
    assert list(CaseStep.objects.filter(case_id=case).order_by("number").values_list("action", flat=True)) == [
        "lodge", "take-over",
    ]  # fmt: skip
    other = operator.post(f"/office/objections/{case}/forward", {"after": "1", "token": "a" * 24})
    assert other.status_code == 400
    assert "请看过再办" in other.content.decode()


def test_what_is_wrong_is_said_and_nothing_typed_is_lost(company: Reader, one: objecting.Matter) -> None:
    answer = send(company, f"/own/objections/new/{one.shown.ref}/", statement="金额", **{"should-CF_NR_FK": "0.1"})
    text = answer.content.decode()
    assert answer.status_code == 400
    assert "请选择异议的事由" in text
    assert 'value="0.1"' in text
    assert not Case.objects.filter(subject_code=one.who.code).exists()


def test_many_are_forwarded_from_the_inbox(browsers: Office, company: Reader, one: objecting.Matter) -> None:
    case, operator = lodged(company, one), browsers["operator"]
    inbox = page(operator, f"/office/objections/?q={one.who.code}")
    assert f'value="{case}-1"' in inbox
    form = {"token": hidden(inbox)["token"], "what": "forward", "case": [f"{case}-1", "x", "99999999-1"]}
    answer = operator.post("/office/objections/bulk", form, follow=True)
    assert "已办理 1 件" in answer.content.decode()
    assert "异议 99999999 没有办理" in answer.content.decode()
    assert "信源单位核实中" in page(operator, f"/office/objections/{case}/")
    none = operator.post("/office/objections/bulk", {"token": "x" * 20}, follow=True)
    assert "请先勾选" in none.content.decode()


@pytest.mark.parametrize("role", ["public", "auditor", "stranger"])
def test_nobody_else_sees_an_objection(browsers: Office, company: Reader, one: objecting.Matter, role: str) -> None:
    case = lodged(company, one)
    client = browsers[role]
    statuses = {
        client.get(f"/office/objections/{case}/").status_code,
        client.get(f"/own/objections/{case}/").status_code,
    }
    assert statuses <= {302, 403, 404}
    assert one.who.name not in client.get("/office/objections/", follow=True).content.decode()


def test_another_organisation_sees_neither_the_case_nor_may_it_object(
    browsers: Office, company: Reader, one: objecting.Matter, tmp_path: Path
) -> None:
    case = lodged(company, one)
    other = made.organisation()
    made.register(other)
    stranger = Reader()
    signed_in(stranger, declaring.mandate(other, tmp_path).mandate.username)
    assert stranger.get(f"/own/objections/{case}/").status_code == 404
    assert stranger.get(f"/own/objections/{case}/papers/1").status_code == 404
    assert stranger.get(f"/own/objections/new/{one.shown.ref}/").status_code == 404
    assert stranger.get(f"/own/objections/{case}/nothing").status_code == 404
    assert one.who.name not in page(stranger, "/own/objections/")


def test_ones_own_word_has_no_link_to_object(browsers: Office, company: Reader, one: objecting.Matter) -> None:
    form = declaring.facts() | {
        "what": "declare", "proof_1": SimpleUploadedFile("x.png", PNG + b"1", content_type="image/png"), "commits": "on",
        "commitment": declaring.voluntary.COMMITMENT,
    }  # fmt: skip
    answer = company.post("/own/new/self-qualification/", form)
    submit.run(int(answer["Location"].split("/")[2]), by=made.SYSTEM)
    ref = next(each.ref for each in objecting.public(one.who) if each.declared)
    assert "对此有异议" not in page(browsers["public"], f"/subject/{one.who.code}/record/{ref}/")
    assert company.get(f"/own/objections/new/{ref}/").status_code == 409
