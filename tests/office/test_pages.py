"""What the office's pages say and give: words for mistakes, names of downloads, what to do next."""

import io
from collections.abc import Callable
from pathlib import Path
from typing import Any
from urllib.parse import unquote

import openpyxl
import pytest
from django.conf import settings as django_settings
from django.test import override_settings

from tests.intake import made
from tests.office.conftest import PASSWORD, Office, Reader, faulty
from tests.office.test_audit import upload
from tests.signing import entered, signed_in
from xinyong.intake import desk, submit, views
from xinyong.security import grants, identity
from xinyong.security.models import Account, Department

SIGN_IN = "/office/sign-in"


def said(answer: Any) -> str:
    """The page as text."""
    return answer.body.decode()


def name_of(answer: Any) -> str:
    """Under which name a download is kept."""
    return unquote(answer.headers["Content-Disposition"].partition("filename*=utf-8''")[2])


def sign_in(client: Reader, **fields: str) -> Any:
    """What the sign-in form answers."""
    return client.post(SIGN_IN, {"username": "clerk", "password": PASSWORD} | fields)


def test_wrong_name_and_wrong_password_get_the_same_neutral_answer(browsers: Office) -> None:
    wrong = [
        sign_in(browsers["public"], **one)
        for one in ({"password": "x" * 20}, {"username": "nobody", "password": "x" * 20})
    ]
    assert [one.status_code for one in wrong] == [400, 400]
    sentences = [said(one).partition("error-summary-title")[2].partition("<form")[0] for one in wrong]
    assert sentences[0] == sentences[1]
    assert "用户名或密码不正确" in sentences[0]
    assert "x" * 20 not in said(wrong[0])


def test_an_empty_form_says_what_is_missing_and_leads_there(browsers: Office) -> None:
    page = said(browsers["public"].post(SIGN_IN))
    assert '<a href="#id_username">请填写用户名。</a>' in page
    assert '<a href="#id_password">请填写密码。</a>' in page
    page = said(browsers["clerk"].post("/office/submissions/new"))
    assert '<a href="#id_item">请选择报送事项。</a>' in page
    assert '<a href="#id_file">请选择要报送的文件。</a>' in page
    assert "<title>需要改正：报送数据" in page


def test_signing_in_leads_where_one_wanted_to_go_but_never_to_another_site(browsers: Office) -> None:
    def led(wanted: str) -> str:
        return str(entered(Reader(), "clerk", PASSWORD, next=wanted).headers["Location"])

    assert led("/office/templates/") == "/office/templates/"
    assert [led(one) for one in ("https://example.org/", "//example.org", "javascript:alert(1)")] == ["/office/"] * 3


def test_a_new_session_begins_with_signing_in(browsers: Office) -> None:
    client = Reader()
    client.get(SIGN_IN)
    sign_in(client)
    with_password = client.cookies["sessionid"].value
    entered(client, "clerk", PASSWORD)
    first = client.cookies["sessionid"].value
    assert first != with_password
    client.post("/office/sign-out")
    entered(client, "clerk", PASSWORD)
    assert client.cookies["sessionid"].value != first


def test_many_attempts_are_slowed_down_on_the_form_itself(browsers: Office) -> None:
    limits = django_settings.RATE_LIMITS | {"sign-in": (3, 1)}
    with override_settings(RATE_LIMITS_ON=True, RATE_LIMITS=limits):
        client = Reader(REMOTE_ADDR="192.0.2.77")
        answers = [sign_in(client, password="wrong again") for _ in range(5)]
        assert [one.status_code for one in answers] == [400, 400, 400, 429, 429]
        assert "登录太频繁。请等" in said(answers[-1])
        assert sign_in(client).status_code == 429, "the right password has to wait too"
        assert client.get(SIGN_IN).status_code == 200, "looking is free"


def test_the_submission_says_how_far_it_is_what_was_found_and_what_to_do_next(browsers: Office) -> None:
    page = said(browsers["clerk"].get(f"/office/submissions/{browsers.submission.id}/"))
    for words in (
        "有 2 行需要更正", "1 行入库", "2 行有待更正", "3 行 · CSV UTF-8 · 表头在第 1 行", "行政处罚 六月.csv",
        f"/office/submissions/{browsers.submission.id}/feedback.xlsx", "/office/submissions/new?item=admin-penalty-org",
        "由 test 报送", "2026年13月5日",
    ):  # fmt: skip
        assert words in page
    assert 'http-equiv="refresh"' not in page


def test_findings_are_filtered_and_paged_in_the_order_of_rows(
    browsers: Office, monkeypatch: pytest.MonkeyPatch
) -> None:
    from xinyong.office import intake

    monkeypatch.setattr(intake, "_FINDINGS", 1)
    path = f"/office/submissions/{browsers.submission.id}/"
    rows, seen = [], f"{path}?after="
    while seen:
        page = browsers["clerk"].get(seen)
        rows += [one.found.row_no for one in page.context["findings"]]
        seen = f"{path}?after={page.context['next_after']}" if page.context["next_after"] else ""
    assert rows == sorted(rows)
    assert set(rows) == {3, 4}
    monkeypatch.undo()
    errors = browsers["clerk"].get(f"{path}?severity=error&open=1")
    assert {one.found.severity for one in errors.context["findings"]} == {"error"}
    assert "没有符合条件的问题" in said(browsers["clerk"].get(f"{path}?severity=warning"))


def test_an_auditor_sees_the_course_of_things_and_not_the_content(browsers: Office) -> None:
    page = said(browsers["auditor"].get(f"/office/submissions/{browsers.submission.id}/"))
    assert "审计人员查看办理过程，不查看所报内容" in page
    assert "2026年13月5日" not in page
    assert "feedback" not in page.partition("<main")[2]


def test_downloads_keep_the_senders_name_in_chinese_and_in_english(browsers: Office) -> None:
    mine = f"/office/submissions/{browsers.submission.id}/"
    book = browsers["clerk"].get(f"{mine}feedback.xlsx")
    assert name_of(book) == "行政处罚 六月-反馈.xlsx"
    assert openpyxl.load_workbook(io.BytesIO(book.body)).active is not None
    english = browsers["clerk"].get(f"{mine}feedback.csv", headers={"accept-language": "en"})
    assert name_of(english) == "行政处罚 六月 - feedback.csv"
    template = browsers["clerk"].get("/office/templates/honour.xlsx")
    assert name_of(template).endswith("-导入模板.xlsx")
    assert openpyxl.load_workbook(io.BytesIO(template.body)).sheetnames


@pytest.mark.parametrize(
    "name", ["..\\..\\x.csv", "../../etc/passwd.csv", "a\tb\u202ecsv.csv", "长" * 240 + ".csv", ".csv"]
)
def test_a_strange_file_name_does_no_harm(browsers: Office, csv_of: Callable[..., Path], name: str) -> None:
    from django.core.files.uploadedfile import SimpleUploadedFile

    sent = SimpleUploadedFile("x.csv", csv_of().read_bytes())
    sent.name, sent._name = name, name
    answer = browsers["clerk"].post(
        "/office/submissions/new", {"item": "admin-penalty-org", "source": browsers.unit.code, "file": sent}
    )
    assert answer.status_code == 302
    number = int(answer.headers["Location"].split("/")[3])
    seen = views.submission(number, seen_by=made.SYSTEM)
    assert not {"/", "\\", "\t", "\u202e"} & set(seen.file_name)
    submit.run(number, by=made.SYSTEM)
    assert browsers["clerk"].get(f"/office/submissions/{number}/feedback.csv").status_code == 200


def test_a_clerk_cannot_hand_in_for_another_unit(browsers: Office, csv_of: Callable[..., Path]) -> None:
    with csv_of().open("rb") as file:
        answer = browsers["stranger"].post(
            "/office/submissions/new", {"item": "admin-penalty-org", "source": browsers.unit.code, "file": file}
        )
    assert answer.status_code == 400


def test_a_closed_unit_hands_nothing_in_any_more_and_keeps_its_name_in_what_it_did(
    browsers: Office, tmp_path: Path
) -> None:
    closed = made.department()
    before = faulty(closed, browsers.organisation, tmp_path / "关闭之前.csv")
    account = identity.create_account(
        username=f"clerk-{closed.code}", password=PASSWORD, display_name="原单位", role="source_unit", department=closed.code,
        by=made.SYSTEM,
    )  # fmt: skip
    Department.objects.filter(code=closed.code).update(is_active=False)
    offered = dict(browsers["operator"].get("/office/submissions/new").context["form"].fields["source"].choices)
    assert browsers.unit.code in offered
    assert closed.code not in offered
    listed = browsers["operator"].get("/office/submissions/")
    assert [one.source_name for one in listed.context["submissions"] if one.id == before.id] == [closed.name]
    assert closed.code in {unit.code for unit in listed.context["sources"]}
    assert closed.name in said(browsers["operator"].get(f"/office/submissions/{before.id}/"))
    client = Reader()
    signed_in(client, Account.objects.get(pk=account).username)
    answer = client.get("/office/submissions/new")
    assert answer.status_code == 403
    assert grants.NoGrant.code in said(answer), "rights end with the unit"


def test_a_file_that_is_too_large_or_empty_is_refused_with_advice(browsers: Office, tmp_path: Path) -> None:
    def refused(content: bytes) -> str:
        (tmp_path / "file.csv").write_bytes(content)
        with (tmp_path / "file.csv").open("rb") as file:
            answer = browsers["clerk"].post(
                "/office/submissions/new", {"item": "honour", "source": browsers.unit.code, "file": file}
            )
        assert answer.status_code == 400
        return said(answer)

    assert "这个文件是空的" in refused(b"")
    with override_settings(UPLOAD_LIMIT=10):
        assert "请按月份或类别拆分后报送" in refused(b"x" * 11)


def test_a_page_under_way_refreshes_itself_and_a_refused_one_says_why(
    browsers: Office, csv_of: Callable[..., Path]
) -> None:
    number = upload(browsers["clerk"], csv_of(headers={"CF_WSH": "什么文号"}), browsers)
    page = said(browsers["clerk"].get(f"/office/submissions/{number}/"))
    assert '<meta http-equiv="refresh" content="2">' in page
    assert "处理中" in page
    submit.run(number, by=made.SYSTEM)
    page = said(browsers["clerk"].get(f"/office/submissions/{number}/"))
    assert "refresh" not in page
    assert "这份文件没有入库" in page
    assert "行政处罚决定书文号" in page
    assert "重新报送" in page
    assert browsers["clerk"].get(f"/office/submissions/{number}/feedback.xlsx").status_code == 409


def test_a_submission_that_was_cancelled_says_so_and_how_to_send_it_again(
    browsers: Office, csv_of: Callable[..., Path]
) -> None:
    entered = submit.receive(
        csv_of(), item_id="admin-penalty-org", source_code=browsers.unit.code, file_name="撤回.csv", by=made.SYSTEM,
        received_at=made.NOW,
    )  # fmt: skip
    submit.cancel(entered.id, by=made.SYSTEM)
    text = said(page := browsers["clerk"].get(f"/office/submissions/{entered.id}/"))
    assert "这批数据已取消，没有入库" in text
    assert "重新报送" in text
    assert "refresh" not in page.content.decode()
    assert "处理开始前已由报送方取消" in text
    assert "已取消" in said(browsers["clerk"].get("/office/submissions/"))
    assert "重新报送" not in said(browsers["auditor"].get(f"/office/submissions/{entered.id}/"))
    english = browsers["clerk"].get(f"/office/submissions/{entered.id}/", headers={"accept-language": "en"})
    assert "This submission was cancelled; nothing went in" in said(english)


def test_ambiguous_columns_are_asked_for_on_the_page(browsers: Office, csv_of: Callable[..., Path]) -> None:
    path = csv_of(headers={"CF_CFLB": "CF_CFLB1", "CF_NR_FK": "CF_CFLB2"})
    number = upload(browsers["clerk"], path, browsers)
    submit.run(number, by=made.SYSTEM)
    page = said(browsers["clerk"].get(f"/office/submissions/{number}/"))
    assert "请指定这些列" in page
    assert "CF_CFLB1" in page
    address = f"/office/submissions/{number}/columns"
    answer = browsers["clerk"].post(address, {"column-0": "CF_CFLB"})
    assert answer.status_code == 400
    assert "请为“CF_CFLB2”选择数据项。" in said(answer)
    assert browsers["stranger"].post(address, {"column-0": "CF_CFLB", "column-1": "-"}).status_code == 404
    assert browsers["clerk"].post(address, {"column-0": "CF_CFLB", "column-1": "-"}).status_code == 302
    assert submit.run(number, by=made.SYSTEM).counts.rows_read == 1
    assert browsers["clerk"].post(address, {"column-0": "CF_CFLB", "column-1": "-"}).status_code == 302, "pressed twice"


def test_a_corrected_file_closes_the_findings_and_both_say_so(browsers: Office, tmp_path: Path) -> None:
    first = faulty(browsers.unit, browsers.organisation, tmp_path / "第一次.csv")
    text = (tmp_path / "第一次.csv").read_text()
    fixed = tmp_path / "第二次.csv"
    fixed.write_text(text.replace("2026年13月5日", "2026-06-05"))
    second = made.hand_in(fixed, "admin-penalty-org", browsers.unit)
    assert second.corrects == first.id
    page = said(browsers["clerk"].get(f"/office/submissions/{first.id}/"))
    assert f"由报送 {second.id} 更正" in page
    assert "已更正" in page
    assert f"更正了报送 {first.id} 中的行" in said(browsers["clerk"].get(f"/office/submissions/{second.id}/"))


def test_the_desk_says_what_was_judged_and_takes_it_back(browsers: Office, tmp_path: Path) -> None:
    view = faulty(browsers.unit, browsers.organisation, tmp_path / "核对.csv")
    row = next(one for one in desk.rows(seen_by=made.SYSTEM, limit=1000) if one.submission_id == view.id)
    client, code = browsers["operator"], browsers.organisation.code

    def press(**fields: object) -> str:
        return said(client.post("/office/links/judge", fields, follow=True))

    assert "已记下：不是这个主体" in press(row=row.id, code=code, verdict="different")
    page = said(client.get("/office/links/"))
    assert "已判断：不是" in page
    assert "已关联并入库" in press(row=row.id, code=code, verdict="same")
    assert "这一行已不在待核对之列" in press(row=row.id, code=code, verdict="same")
    assert "没有看懂这次判断" in press(row="x", code="", verdict="perhaps")
    assert "没有看懂这次判断" in press()


def test_the_log_speaks_chinese_and_english_and_is_filtered(browsers: Office) -> None:
    sign_in(Reader(), password="wrong password")
    client = browsers["auditor"]
    page = client.get("/office/log/?event=sign-in-refused")
    assert {one.entry.event for one in page.context["lines"]} == {"sign-in-refused"}
    assert "登录被拒" in said(page)
    assert "Sign-in refused" in said(
        client.get("/office/log/?event=sign-in-refused", headers={"accept-language": "en"})
    )
    assert {one.entry.actor for one in client.get("/office/log/?actor=test").context["lines"]} == {"test"}
    assert "没有符合条件的记录" in said(client.get("/office/log/?until=2020-01-01"))
    assert client.get(f"/office/log/?until={made.TODAY.isoformat()}").context["lines"]


def test_the_office_speaks_english(browsers: Office) -> None:
    page = said(
        browsers["clerk"].get(f"/office/submissions/{browsers.submission.id}/", headers={"accept-language": "en"})
    )
    assert '<html lang="en"' in page
    assert "2 rows need correction" in page
    assert '<span lang="zh-Hans">云溪市示例监督管理局</span>' in page
