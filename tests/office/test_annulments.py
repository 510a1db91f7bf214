"""依据被撤销 Through the doors: from the row's page to the withdrawal, by the unit or noted by the centre; who sees it, who has received it."""

from datetime import date

from tests.office.conftest import Office
from tests.office.test_objections import company, one, page
from tests.rights import objecting, test_annulment
from xinyong.kernel import clock

__all__ = ["company", "one"]
_FORM = {
    "token": "token-of-a-form-of-ours", "cause": "unlawful", "instrument": "（2026）云0102行终12号", "body": "云溪市中级人民法院",
    "known_on": "", "explanation": "程序违法，判决确认违法",
}  # fmt: skip


def _form(known_on: date | None = None, **other: str) -> dict[str, str]:
    return _FORM | {"known_on": (known_on or clock.today()).isoformat()} | other


def _row(one: objecting.Matter) -> str:
    submission_id, row_no = test_annulment.place(one)
    return f"/office/submissions/{submission_id}/rows/{row_no}/"


def test_the_unit_withdraws_from_the_rows_page_and_nobody_is_shown_it(browsers: Office, one: objecting.Matter) -> None:
    clerk, row = browsers["clerk"], _row(one)
    assert f'href="{row}annul"' in page(clerk, row)
    assert "提交后这条信息立即停止公示" in page(clerk, f"{row}annul")
    unsaid = clerk.post(f"{row}annul", _form(explanation="不"))
    assert unsaid.status_code == 400
    assert "至少 4 个字" in unsaid.content.decode()
    record = f"/subject/{one.who.code}/record/{one.shown.ref}/"
    done = clerk.post(f"{row}annul", _form(token="token-of-the-form-that-counts"))
    assert done.status_code == 302
    again = clerk.post(f"{row}annul", _form(token="token-of-the-form-that-counts"))
    assert again["Location"] == done["Location"], "pressed twice: once"
    shown = page(clerk, done["Location"])
    for said in ("按期撤回", "决定被确认违法", "（2026）云0102行终12号", "程序违法，判决确认违法"):
        assert said in shown
    assert browsers["public"].get(record).status_code == 404
    assert done["Location"] in page(clerk, "/office/annulments/?state=done")
    assert clerk.get(f"{row}annul").status_code == 302, "there is nothing to withdraw any more"
    assert f'href="{row}annul"' not in page(clerk, row)


def test_the_centre_notes_it_the_unit_is_told_and_withdraws(browsers: Office, one: objecting.Matter) -> None:
    clerk, operator, row = browsers["clerk"], browsers["operator"], _row(one)
    noted = operator.post(f"{row}annul", _form(token="token-of-the-centres-form"))
    where = noted["Location"]
    assert "还剩 3 个工作日" in page(operator, where)
    assert "撤回这条信息" not in page(operator, where)
    assert "有信息需要撤回" in page(clerk, "/office/notices/")
    assert where in page(clerk, "/office/annulments/")
    operator.post(f"{where}withdraw")
    assert "由数据来源单位" in page(operator, where)
    assert "撤回这条信息" in page(clerk, where)
    assert clerk.post(f"{where}withdraw").status_code == 302
    assert "已于" in page(clerk, where)


def test_nobody_else_sees_it(browsers: Office, one: objecting.Matter) -> None:
    row = _row(one)
    where = browsers["operator"].post(f"{row}annul", _form(token="token-of-another-form-of"))["Location"]
    stranger = browsers["stranger"]
    assert stranger.get(where).status_code == 404
    assert stranger.post(f"{where}withdraw").status_code == 404
    assert where not in page(stranger, "/office/annulments/")
    assert browsers["auditor"].get("/office/annulments/").status_code == 403
    assert stranger.get(f"{row}annul").status_code == 404
