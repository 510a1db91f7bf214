"""Every write and every look at what is not public leaves exactly one entry in the log; nothing else leaves any."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

from django.test import Client

from tests.intake import made
from tests.office.conftest import PASSWORD, Office, faulty
from tests.signing import entered
from xinyong.intake import desk, submit
from xinyong.intake.views import SubmissionView
from xinyong.office import words
from xinyong.security.audit import Event

Noted = Callable[[], list[str]]


def upload(client: Client, path: Path, office: Office) -> int:
    """Hands a file in as the form does; returns the submission's number."""
    with path.open("rb") as file:
        answer = client.post(
            "/office/submissions/new", {"item": "admin-penalty-org", "source": office.unit.code, "file": file}
        )
    assert answer.status_code == 302, answer.content.decode()
    return int(answer.headers["Location"].split("/")[3])


def test_signing_in_and_out(office: Office, noted: Noted) -> None:
    client = Client()
    client.post("/office/sign-in", {"username": "clerk", "password": "not the password"})
    assert noted() == ["sign-in-refused"]
    entered(client, "clerk", PASSWORD)
    assert noted() == ["signed-in"]
    client.post("/office/sign-out")
    assert noted() == ["signed-out"]
    client.get("/office/submissions/")
    assert noted() == []


def test_each_look(browsers: Office, noted: Noted) -> None:
    mine = f"/office/submissions/{browsers.submission.id}/"
    looks = [
        ("clerk", "/office/", ["submissions-listed"]),
        ("clerk", "/office/submissions/?item=honour", ["submissions-listed"]),
        ("clerk", mine, ["submission-viewed"]),
        ("operator", f"{mine}?severity=error&open=1", ["submission-viewed"]),
        ("auditor", mine, ["submission-viewed"]),
        ("clerk", f"{mine}feedback.xlsx", ["feedback-taken"]),
        ("clerk", f"{mine}feedback.csv", ["feedback-taken"]),
        ("operator", "/office/links/", ["links-viewed"]),
        ("auditor", "/office/log/", ["log-viewed"]),
        ("clerk", "/office/templates/", []),
        ("clerk", "/office/templates/honour.xlsx", []),
        ("clerk", "/office/submissions/new", []),
        ("stranger", mine, ["access-refused"]),
        ("stranger", f"{mine}feedback.xlsx", ["access-refused"]),
        ("auditor", f"{mine}feedback.xlsx", ["access-refused"]),
        ("clerk", "/office/log/", ["access-refused"]),
        ("public", mine, []),
    ]  # fmt: skip
    found = []
    for role, path, _ in looks:
        browsers[role].get(path)
        found.append((role, path, noted()))
    assert found == looks


def test_each_step_of_a_submission(browsers: Office, noted: Noted, csv_of: Callable[..., Path]) -> None:
    path = csv_of()
    number = upload(browsers["clerk"], path, browsers)
    assert noted() == ["file-received"]
    submit.run(number, by=made.SYSTEM)
    assert noted() == ["submission-deposited"]
    assert upload(browsers["clerk"], path, browsers) == number
    assert noted() == []


def test_a_refused_file_its_columns_and_its_coming_again(
    browsers: Office, noted: Noted, csv_of: Callable[..., Path]
) -> None:
    path = csv_of(headers={"CF_CFLB": "CF_CFLB1", "CF_NR_FK": "CF_CFLB2"})
    number = upload(browsers["clerk"], path, browsers)
    submit.run(number, by=made.SYSTEM)
    assert noted() == ["file-received", "file-refused"]
    answer = browsers["clerk"].post(
        f"/office/submissions/{number}/columns", {"column-0": "CF_CFLB", "column-1": "CF_CFLB"}
    )
    assert answer.status_code == 400
    assert noted() == []
    browsers["clerk"].post(f"/office/submissions/{number}/columns", {"column-0": "CF_CFLB", "column-1": "-"})
    assert noted() == ["columns-chosen"]
    assert submit.run(number, by=made.SYSTEM).counts.rows_read == 1
    assert noted() == ["submission-deposited"]

    again = csv_of(headers={"CF_WSH": "什么文号"})
    submit.run(upload(browsers["clerk"], again, browsers), by=made.SYSTEM)
    assert noted() == ["file-received", "file-refused"]
    upload(browsers["clerk"], again, browsers)
    assert noted() == ["file-received"], "opened again"


def test_each_judgement_and_each_undoing(browsers: Office, noted: Noted, tmp_path: Path) -> None:
    view = faulty(browsers.unit, browsers.organisation, tmp_path / "待关联.csv")
    row = _row(view)
    noted()
    client: Any = browsers["operator"]
    judgement = {"row": row.id, "code": browsers.organisation.code}
    client.post("/office/links/judge", judgement | {"verdict": "different"})
    assert noted() == ["link-judged"]
    (denied,) = _row(view).denied.values()
    noted()
    client.post("/office/links/judge", {"undo": denied})
    assert noted() == ["link-undone"]
    client.post("/office/links/judge", judgement | {"verdict": "same"})
    assert noted() == ["link-judged"]
    client.post("/office/links/judge", judgement | {"verdict": "same"})
    assert noted() == [], "pressed twice"
    judged = next(one for one in desk.judged(seen_by=made.OPERATOR) if one.submission_id == view.id)
    client.post("/office/links/judge", {"undo": judged.judgement_id})
    client.post("/office/links/judge", {"undo": judged.judgement_id})
    assert noted() == ["link-undone"]


def _row(view: SubmissionView) -> desk.DeskRow:
    return next(one for one in desk.rows(seen_by=made.SYSTEM, limit=1000) if one.submission_id == view.id)


def test_every_event_has_words_for_the_auditor() -> None:
    assert [one for one in Event if one not in words.EVENTS] == []
