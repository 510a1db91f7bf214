"""Rows entered by hand and uploads in parts, through the office's door."""

import base64
import hashlib
import json
import logging
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests.intake import made
from tests.office.conftest import Office
from xinyong.intake import submit, uploads, views
from xinyong.intake.models import EntryRow, Submission
from xinyong.intake.views import SubmissionView

ITEM, PERSONS = "admin-penalty-org", "admin-penalty-person"
FORM = f"/office/entry/{ITEM}/"
pytestmark = pytest.mark.usefixtures("browsers")


@pytest.fixture(autouse=True)
def _no_drafts() -> Any:
    yield
    EntryRow.objects.all().delete()


def text(answer: Any) -> str:
    return str(answer.content.decode())


def typed(office: Office, **changes: str) -> dict[str, str]:
    return made.penalty_row(office.organisation, office.unit, **changes)


def test_the_form_is_the_catalogues(office: Office) -> None:
    page = text(office["clerk"].get(FORM))
    assert 'maxlength="200"' in page
    assert '<input type="date" name="CF_JDRQ"' in page
    assert "CF_GSJZQ" not in page, "the platform computes it"
    assert re.search(r'name="CF_CFLB" value="罚款"', page), "several of a list: boxes"
    assert "“处罚类别”选“其他”的" in page
    assert f'value="{office.unit.code}"' in page, "what is the same in every row stands there already"
    assert "视其他内容必填" in page
    assert f'href="{FORM}"' in text(office["clerk"].get("/office/entry/"))


def test_check_keeps_nothing_and_says_it_at_the_field(office: Office, noted: Callable[[], list[str]]) -> None:
    noted()
    answer = office["clerk"].post(FORM + "row", typed(office, CF_JDRQ="2026-02-30", CF_XDR_MC="") | {"what": "check"})
    page = text(answer)
    assert 'class="error-summary"' in page
    assert 'href="#id_CF_JDRQ"' in page
    assert re.search(r'id="said-CF_JDRQ"[^>]*>\s*<p class="entry-error"', page)
    assert f'value="{office.organisation.name}"' in page, "the registered name behind the code"
    assert EntryRow.objects.count() == 0
    assert noted() == []
    fine = office["clerk"].post(FORM + "row", typed(office) | {"what": "check"})
    assert "没有发现问题" in text(fine)


def test_the_script_is_told_the_same(office: Office) -> None:
    answer = office["clerk"].post(FORM + "look", typed(office, CF_CFLB="其他", CF_XDR_MC=""))
    told = json.loads(answer.content)
    assert {"CF_CFLB", "CF_XDR_MC"} <= told["fields"].keys()
    assert told["fields"]["CF_CFLB"][0]["severity"] == "error"
    assert told["fill"] == {"CF_XDR_MC": office.organisation.name}
    detailed = typed(office) | {"CF_CFLB": ["其他", "罚款"], "CF_CFLB--detail": "示例"}
    named = json.loads(office["clerk"].post(FORM + "look", detailed).content)
    assert "CF_CFLB" not in named["fields"]
    assert office["stranger"].post(FORM + "look", typed(office)).status_code == 200, (
        "anybody of a unit, for its own rows"
    )
    assert office["operator"].post(FORM + "look", typed(office)).status_code == 403
    assert office["auditor"].get(FORM).status_code == 403
    assert office["operator"].get("/office/entry/").status_code == 403


def test_rows_are_kept_changed_copied_removed_and_handed_in(office: Office) -> None:
    clerk, first = office["clerk"], typed(office)
    assert clerk.post(FORM + "row", {"what": "keep"}).status_code == 400
    for row in (first, typed(office, CF_JDRQ="2026-02-30")):
        assert clerk.post(FORM + "row", row | {"what": "keep"}).status_code == 302
    page = text(clerk.get(FORM))
    one, other = re.findall(r"\?row=(\d+)", page)
    assert ("可以报送" in page, "1 处需改正" in page) == (True, True)
    copy = text(clerk.get(FORM, {"copy": one}))
    assert office.organisation.code in copy
    assert f'value="{first["CF_WSH"]}"' not in copy
    held = clerk.post(FORM + "act", {"what": "hand-in"}, follow=True)
    assert "仍然报送" in text(held)
    assert EntryRow.objects.count() == 2
    assert "试报结果：入库 1 行" in text(clerk.post(FORM + "act", {"what": "check"}, follow=True))
    assert clerk.post(FORM + "row", typed(office) | {"what": "keep", "row": other}).status_code == 302
    third = clerk.post(FORM + "row", typed(office) | {"what": "keep"}, follow=True)
    last = re.findall(r"\?row=(\d+)", text(third))[-1]
    clerk.post(FORM + "act", {"what": f"remove-{last}"})
    assert office["stranger"].get(FORM, {"row": one}).status_code == 404
    done = clerk.post(FORM + "act", {"what": "hand-in"})
    found = re.fullmatch(r"/office/submissions/(\d+)/", done["Location"])
    assert found
    view = submit.run(int(found[1]), by=made.SYSTEM)
    assert (view.counts.rows_read, view.counts.accepted) == (2, 2)
    assert Submission.objects.get(pk=view.id).channel == "manual"
    assert "手工录入" in text(clerk.get(done["Location"]))
    assert clerk.get(done["Location"] + "receipt.json").status_code == 200
    assert "草稿是空的" in text(clerk.post(FORM + "act", {"what": "discard"}, follow=True))


def test_a_persons_number_is_typed_once_and_never_shown_again(office: Office, caplog: Any) -> None:
    clerk, who, form = office["clerk"], made.person(), f"/office/entry/{PERSONS}/"
    row = made.person_row(who, office.unit)
    with caplog.at_level(logging.DEBUG):
        kept = clerk.post(form + "row", row | {"what": "keep"}, follow=True)
        (row_id,) = re.findall(r"\?row=(\d+)", text(kept))
        page = text(clerk.get(form, {"row": row_id}))
        again = clerk.post(form + "row", row | {"what": "check", "row": row_id, "CF_XDR_ZJHM": ""})
        clerk.post(form + "row", row | {"what": "keep", "row": row_id, "CF_XDR_ZJHM": ""})
    for seen in (text(kept), page, text(again)):
        assert who.number not in seen
    assert "不改请留空" in page
    assert who.number not in caplog.text
    assert "没有发现问题" in text(again), "the kept number is checked"
    done = clerk.post(form + "act", {"what": "hand-in"})
    assert submit.run(int(done["Location"].split("/")[3]), by=made.SYSTEM).counts.accepted == 1


def test_a_row_that_waits_is_put_right_from_its_page(office: Office, tmp_path: Path) -> None:
    clerk = office["clerk"]
    rows = [typed(office, CF_JDRQ="2026年13月5日", CF_CFLB="其他-示例;罚款")]
    first: SubmissionView = made.hand_in(made.csv_file(tmp_path / "退回.csv", rows), ITEM, office.unit)
    place = f"/office/submissions/{first.id}/rows/2/"
    assert f'action="{place}correct"' in text(clerk.get(place))
    opened = clerk.post(place + "correct")
    page = text(clerk.get(opened["Location"]))
    assert "2026年13月5日" in page
    assert 'class="error-summary"' in page
    assert re.search(r'value="其他"[^>]*checked', page)
    assert 'name="CF_CFLB--detail" value="示例"' in page
    (row_id,) = re.findall(r"row=(\d+)", opened["Location"])
    right = {"CF_JDRQ": "2026-06-05", "what": "hand-in", "row": row_id, "CF_CFLB--detail": "示例"}
    done = clerk.post(FORM + "row", rows[0] | right | {"CF_CFLB": ["其他", "罚款"]})
    submit.run(int(done["Location"].split("/")[3]), by=made.SYSTEM)
    assert views.find(first.id, seen_by=made.SYSTEM).open_rows == 0
    assert clerk.post(place + "correct").status_code == 404
    assert office["stranger"].post(place + "correct").status_code == 404


def part(content: bytes, offset: int) -> dict[str, Any]:
    digest = base64.b64encode(hashlib.sha256(content).digest()).decode()
    return {
        "data": content, "content_type": "application/octet-stream",
        "headers": {"Upload-Offset": str(offset), "Content-Digest": f"sha-256=:{digest}:"},
    }  # fmt: skip


def test_an_upload_in_parts_ends_as_a_submission(
    office: Office, csv_of: Callable[..., Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(uploads, "PART", 200)
    clerk, content = office["clerk"], csv_of().read_bytes()
    begun = {
        "item": ITEM, "source": office.unit.code, "name": "处罚.csv", "size": str(len(content)),
        "mark": hashlib.sha256(content).hexdigest(),
    }  # fmt: skip
    assert office["auditor"].post("/office/uploads/", begun).status_code == 403
    assert office["stranger"].post("/office/uploads/", begun).status_code == 403, "another department's"
    told = json.loads(clerk.post("/office/uploads/", begun).content)
    place = f"/office/uploads/{told['id']}/"
    answer = clerk.post(place + "part", **part(content[:200], 0))
    assert (answer.status_code, answer["Upload-Offset"]) == (200, "200")
    assert json.loads(clerk.post("/office/uploads/", begun).content)["offset"] == 200, "after a reload"
    assert clerk.head(place)["Upload-Offset"] == "200"
    page = text(clerk.get("/office/submissions/new"))
    assert "没有传完的文件" in page
    away = clerk.post(place + "part", **part(content[400:600], 400))
    assert (away.status_code, away["Upload-Offset"]) == (409, "200")
    assert clerk.post(place + "part", data=b"x", content_type="application/octet-stream").status_code == 400
    for other in ("stranger", "operator"):
        assert office[other].get(place).status_code == 404
        assert office[other].post(place + "part", **part(content[200:400], 200)).status_code == 404
    assert clerk.post(place + "finish", {"digest": "0" * 64}).status_code == 409
    for at in range(200, len(content), 200):
        assert clerk.post(place + "part", **part(content[at : at + 200], at)).status_code == 200
    digest = uploads.together(
        [hashlib.sha256(content[at : at + 200]).hexdigest() for at in range(0, len(content), 200)]
    )
    done = json.loads(clerk.post(place + "finish", {"digest": digest}).content)
    view = submit.run(int(done["address"].split("/")[3]), by=made.SYSTEM)
    assert view.counts.accepted == 1
    assert json.loads(clerk.post(place + "finish", {"digest": digest}).content) == done
    assert "没有传完的文件" not in text(clerk.get("/office/submissions/new"))


def test_an_upload_is_cancelled(office: Office) -> None:
    clerk = office["clerk"]
    begun = {"item": ITEM, "source": office.unit.code, "name": "a.csv", "size": "10", "mark": "a" * 64}
    place = f"/office/uploads/{json.loads(clerk.post('/office/uploads/', begun).content)['id']}/"
    assert office["stranger"].post(place + "cancel").status_code == 302
    assert clerk.get(place).status_code == 200, "not by somebody else"
    assert "已取消上传" in text(clerk.post(place + "cancel", follow=True))
    assert clerk.get(place).status_code == 404
    assert "已经结束" in text(clerk.post(place + "cancel", follow=True))
