"""信用修复 Through the doors: conditions first, one page to apply, the unit decides, every page lets go; trainings and their share."""

from typing import Any

from django.core.files.uploadedfile import SimpleUploadedFile

from tests.intake import made
from tests.office.conftest import Office, Reader
from tests.office.test_objections import PNG, company, one, page, send
from tests.rights import objecting
from xinyong.rights.models import Guidance

__all__ = ["company", "one"]


def ruling() -> SimpleUploadedFile:
    return SimpleUploadedFile("裁定书.png", PNG, content_type="image/png")


def applied(company: Reader, one: objecting.Matter, **said: Any) -> str:
    """An application that rests on a court's ruling, by the form; its number."""
    answer = send(
        company, f"/own/repairs/new/{one.shown.ref}/?ground=restructuring",
        **({"ground": "restructuring", "statement": "重整计划已获批准", "signer": "示例法人", "paper_1": ruling()} | said),
    )  # fmt: skip
    assert answer.status_code == 302, answer.content.decode()
    return str(answer["Location"].split("/")[3])


def test_the_conditions_come_before_the_form(company: Reader, one: objecting.Matter) -> None:
    text = page(company, f"/own/repairs/new/{one.shown.ref}/")
    assert "最短公示期届满（2026-09-08 起可以申请）" in text
    assert "2026年9月8日 起可以申请" in text
    assert "提交申请" not in text
    early = company.post(
        f"/own/repairs/new/{one.shown.ref}/",
        {"after": "0", "token": "a" * 20, "statement": "罚款已缴清", "signer": "张三", "paper_1": ruling()},
    )
    assert early.status_code == 409
    assert "最早 2026-09-08 可以申请" in early.content.decode()


def test_from_the_application_to_every_page(browsers: Office, company: Reader, one: objecting.Matter) -> None:
    public, clerk, operator = browsers["public"], browsers["clerk"], browsers["operator"]
    record = f"/subject/{one.who.code}/record/{one.shown.ref}/"
    assert "申请信用修复" in page(public, record)
    unsigned = send(
        company, f"/own/repairs/new/{one.shown.ref}/?ground=restructuring",
        ground="restructuring", statement="重整计划已获批准", signer="", paper_1=ruling(),
    )  # fmt: skip
    assert unsigned.status_code == 400
    assert "签署姓名" in unsigned.content.decode()
    case = applied(company, one)
    assert one.who.name in page(company, f"/own/repairs/{case}/letter")
    assert company.get(f"/own/repairs/{case}/papers/1").body == PNG
    assert f"/own/repairs/{case}/" in page(company, "/own/repairs/")
    assert "有修复申请需要办理" in page(clerk, "/office/notices/")
    assert f"/office/repairs/{case}/" in page(clerk, "/office/repairs/")
    shown = page(clerk, f"/office/repairs/{case}/")
    assert "签署人：示例法人" in shown
    assert clerk.get(f"/office/repairs/{case}/papers/1").body == PNG
    by_centre = send(operator, f"/office/repairs/{case}/accept", reason="")
    assert by_centre.status_code == 400
    assert "请附该单位的书面决定" in by_centre.content.decode()
    assert send(clerk, f"/office/repairs/{case}/ask", reason="请补交裁定书全文").status_code == 302
    assert "待补正" in page(company, f"/own/repairs/{case}/")
    assert send(company, f"/own/repairs/{case}/add", reason="", paper_1=ruling()).status_code == 302
    assert send(clerk, f"/office/repairs/{case}/accept", reason="").status_code == 302
    assert send(clerk, f"/office/repairs/{case}/extend", days="5", reason="需要核实执行情况").status_code == 302
    assert send(clerk, f"/office/repairs/{case}/grant", reason="裁定书属实").status_code == 302
    assert page(public, record, 404)
    assert one.row["CF_WSH"] not in page(public, f"/subject/{one.who.code}/")
    assert "已停止公示、共享和使用" in page(company, f"/own/repairs/{case}/")
    assert one.who.name in page(operator, f"/office/repairs/?state=ended&q={one.who.code}")
    assert "没有符合条件的修复申请。" in page(clerk, "/office/repairs/?q=无此单位")
    assert (
        send(operator, f"/office/repairs/{case}/revoke", cause="plan-failed", reason="裁定终止执行").status_code == 302
    )
    assert page(public, record)


def test_a_refusal_is_reviewed_by_the_centre(browsers: Office, company: Reader, one: objecting.Matter) -> None:
    clerk, operator = browsers["clerk"], browsers["operator"]
    case = applied(company, one)
    assert send(clerk, f"/office/repairs/{case}/refuse", reason="裁定书不是本案的").status_code == 302
    assert "裁定书不是本案的" in page(company, f"/own/repairs/{case}/")
    assert send(company, f"/own/repairs/{case}/ask-review", reason="裁定书正是本案的").status_code == 302
    assert (
        send(operator, f"/office/repairs/{case}/review", outcome="uphold", reason="与裁定书核对一致").status_code == 302
    )
    assert "不予修复" in page(company, f"/own/repairs/{case}/")


def test_withdrawn_it_leaves_everything_as_it_was(browsers: Office, company: Reader, one: objecting.Matter) -> None:
    case = applied(company, one)
    assert send(company, f"/own/repairs/{case}/withdraw", reason="").status_code == 302
    assert page(browsers["public"], f"/subject/{one.who.code}/record/{one.shown.ref}/")
    assert page(browsers["clerk"], f"/office/repairs/{case}/unknown", 404)


def test_trainings_are_entered_once_taken_back_and_counted(browsers: Office) -> None:
    operator, who = browsers["operator"], made.organisation()
    made.register(who)
    assert "还没有登记。" in page(operator, "/office/guidance/")
    said = {
        "subject_code": who.code, "kind": "training", "held_on": "2026-06-10", "unit": "云溪市信用中心", "note": "", "token": "t" * 20
    }  # fmt: skip
    assert operator.post("/office/guidance/", said).status_code == 302
    assert operator.post("/office/guidance/", said).status_code == 302
    text = page(operator, "/office/guidance/")
    assert text.count("2026-06-10") == 1
    future = operator.post("/office/guidance/", said | {"held_on": "2027-01-01", "token": "u" * 20})
    assert future.status_code == 400
    only = Guidance.objects.get(undoes=None)
    assert operator.post(f"/office/guidance/{only.pk}/undo").status_code == 302
    assert operator.post(f"/office/guidance/{only.pk}/undo").status_code == 404
    assert "还没有登记。" in page(operator, "/office/guidance/")
