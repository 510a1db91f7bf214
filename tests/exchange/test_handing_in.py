"""Handing in over the interface: once for each key, whatever the form; told row by row; taken back, tried, bounded."""

import io
import json
import threading
import uuid
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any

import openpyxl
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import connection, connections
from django.test import Client
from django.test.client import BOUNDARY, MULTIPART_CONTENT, encode_multipart

from tests.exchange.conftest import Door, Program
from tests.intake import made
from xinyong.exchange.api.handing_in import MOST_TRIED
from xinyong.exchange.api.intake import XLSX
from xinyong.intake import by_interface, duties, jobs, revert, submit, supply
from xinyong.intake.models import RequestKey, Submission
from xinyong.kernel import clock
from xinyong.security import signatures
from xinyong.security.models import AuditEntry
from xinyong.security.signatures import Message

ITEM = "admin-penalty-org"
Noted = Callable[[], list[AuditEntry]]


def send(
    program: Program, content: bytes, kind: str = "application/json", *, key: str | None = "", **extra: Any
) -> Any:
    """A body put to POST /submissions; a fresh key unless told."""
    headers = {"Authorization": f"Bearer {program.token()}"} | extra.pop("headers", {})
    if key is not None:
        headers["Idempotency-Key"] = key or str(uuid.uuid4())
    query = extra.pop("query", "")
    return Client().generic(
        "POST", f"/api/v1/submissions{query}", content, content_type=kind, headers=headers, REMOTE_ADDR=program.address,
        **extra,
    )  # fmt: skip


def rows_of(door: Door, count: int = 1, **changes: str) -> list[dict[str, str]]:
    """Penalties of the organisation, decided today, each with a document of its own."""
    changes = {"CF_JDRQ": clock.today().isoformat()} | changes
    return [made.penalty_row(door.organisation, door.unit, **changes) for _ in range(count)]


def body(rows: list[dict[str, Any]], item: str = ITEM, **more: Any) -> bytes:
    """Rows as a request carries them."""
    return json.dumps({"item": item, "rows": rows} | more, ensure_ascii=False).encode()


def worked(submission_id: int) -> None:
    """The worker comes by: it does what the queue holds for this submission."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT args FROM procrastinate_jobs WHERE task_name = 'intake.run'")
        asked = Counter(
            int(json.loads(args)["submission_id"] if isinstance(args, str) else args["submission_id"])
            for (args,) in cursor
        )
    assert asked[submission_id] == 1
    jobs.run(submission_id)


def tables() -> dict[str, int]:
    """How many rows every table has."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT tablename FROM pg_tables WHERE schemaname = 'public' AND tablename !~ '^record_[0-9]+$'")
        found = {}
        for (name,) in cursor.fetchall():
            cursor.execute(f'SELECT count(*) FROM "{name}"')
            found[name] = cursor.fetchone()[0]
    return found


def test_rows_are_taken_worked_on_and_told_one_by_one(door: Door, noted: Noted) -> None:
    sent = rows_of(door, 2) + rows_of(door, 1, CF_JDRQ="2026年13月5日")
    door.full.token()
    noted()
    answer = send(door.full, body([*sent, sent[0]]))
    assert answer.status_code == 202, answer.content
    said = answer.json()
    assert (said["status"], said["is_over"], answer["Retry-After"]) == ("received", False, "2")
    assert answer["Location"] == f"/api/v1/submissions/{said['id']}" == said["links"]["self"]
    assert [(one.event, one.actor) for one in noted()] == [("file-received", door.full.client_id)]
    worked(said["id"])
    noted()
    done = door.full.get(f"/submissions/{said['id']}").json()
    assert done["is_over"]
    assert done["counts"] == {
        "rows_read": 4, "accepted": 2, "doubtful": 0, "rejected": 1, "duplicate": 1, "unchanged": 0,
    }  # fmt: skip
    assert [one.event for one in noted()] == ["submission-viewed"]
    told = door.full.get(f"/submissions/{said['id']}/rows")
    assert [(one["row"], one["outcome"]) for one in told.json()["rows"]] == [(3, "rejected"), (4, "duplicate")]
    finding = told.json()["rows"][0]["findings"][0]
    assert (finding["field"], finding["value"], finding["severity"]) == ("CF_JDRQ", "2026年13月5日", "error")
    assert finding["rule"]
    assert finding["zh"]
    assert finding["en"]
    assert [one.event for one in noted()] == ["submission-viewed"]
    assert Submission.objects.get(pk=said["id"]).channel == "api"


def test_rows_come_in_pages_and_by_outcome(door: Door) -> None:
    wrong = [rows_of(door, 1, CF_JDRQ="2026年13月5日")[0] for _ in range(5)]
    made_of = send(door.full, body([*wrong[:3], *rows_of(door), *wrong[3:]])).json()["id"]
    worked(made_of)
    seen, after, pages = [], 0, 0
    while after is not None:
        page = door.full.get(f"/submissions/{made_of}/rows?limit=2&after={after}").json()
        seen += [one["row"] for one in page["rows"]]
        after, pages = page["next_after"], pages + 1
    assert (seen, pages) == ([1, 2, 3, 5, 6], 3)
    assert door.full.get(f"/submissions/{made_of}/rows?outcome=doubtful").json() == {"rows": [], "next_after": None}
    assert len(door.full.get(f"/submissions/{made_of}/rows?outcome=rejected").json()["rows"]) == 5
    assert door.full.get(f"/submissions/{made_of}/rows?outcome=strange").status_code == 400
    mixed = rows_of(door) + rows_of(door, 1, CF_JDRQ="2020-06-08")  # long ago: late, and in
    mixed = send(door.full, body([*mixed, mixed[0], *rows_of(door, 1, CF_XDR_MC="另一家"), wrong[0], mixed[1]])).json()[
        "id"
    ]
    worked(mixed)
    told = door.full.get(f"/submissions/{mixed}/rows").json()["rows"]
    became = [(one["row"], one["outcome"]) for one in told]
    assert became == [(2, "noted"), (3, "duplicate"), (4, "doubtful"), (5, "rejected"), (6, "duplicate")]
    for outcome in ("noted", "duplicate", "doubtful", "rejected"):
        only = door.full.get(f"/submissions/{mixed}/rows?outcome={outcome}&limit=1").json()
        wanted = [one for one in told if one["outcome"] == outcome]
        assert only["rows"] == wanted[:1]
        assert (only["next_after"] is None) == (len(wanted) == 1)
    assert all(one["findings"] for one in told)
    assert door.stranger.get(f"/submissions/{made_of}/rows").status_code == 404


def test_a_persons_number_stands_in_no_answer_but_masked(door: Door) -> None:
    program = door.program(scopes=["read:submissions", "submit:admin-penalty-person"])
    who = made.person()
    sent = [
        made.person_row(who, door.unit, CF_JDRQ="2026年13月5日"),
        made.person_row(who, door.unit, CF_XDR_ZJHM=who.number[:-1]),
    ]
    content = body(sent, "admin-penalty-person")
    tried = send(program, content, key=None, query="?test=true")
    made_of = send(program, content).json()["id"]
    worked(made_of)
    told = program.get(f"/submissions/{made_of}/rows")
    assert (tried.json()["rows_told"], len(told.json()["rows"])) == (2, 2)
    for answer in (tried, told, program.get(f"/submissions/{made_of}")):
        assert who.number[:-1] not in answer.content.decode()
        assert who.name not in answer.content.decode()


def _csv(rows: list[dict[str, str]], folder: Path) -> tuple[bytes, str]:
    return made.csv_file(folder / "rows.csv", rows).read_bytes(), "text/csv"


def _xlsx(rows: list[dict[str, str]], folder: Path) -> tuple[bytes, str]:
    return made.xlsx_file(folder / "rows.xlsx", rows).read_bytes(), XLSX


def _parquet(rows: list[dict[str, str]], folder: Path) -> tuple[bytes, str]:
    pq.write_table(pa.Table.from_pylist(rows), folder / "rows.parquet")
    return (folder / "rows.parquet").read_bytes(), "application/vnd.apache.parquet"


def _lines(rows: list[dict[str, str]], folder: Path) -> tuple[bytes, str]:
    return made.jsonl_file(folder / "rows.jsonl", rows).read_bytes(), "application/x-ndjson"


@pytest.mark.parametrize("form", [_csv, _xlsx, _parquet, _lines])
def test_a_file_of_every_kind_is_taken_as_it_is(door: Door, tmp_path: Path, form: Any) -> None:
    content, kind = form(rows_of(door, 3), tmp_path)
    answer = send(door.full, content, kind, query=f"?item={ITEM}&file_name=六月")
    assert answer.status_code == 202, answer.content
    worked(answer.json()["id"])
    one = Submission.objects.get(pk=answer.json()["id"])
    assert (one.accepted, one.file_name, one.file_size) == (3, "六月", len(content))


def test_a_file_in_a_form_is_taken_and_its_retry_is_the_same_though_the_boundary_is_not(
    door: Door, tmp_path: Path
) -> None:
    content, _ = _csv(rows_of(door, 2), tmp_path)
    answers = []
    for boundary in (BOUNDARY, "another"):
        parts = {"item": ITEM, "file": SimpleUploadedFile("六月.csv", content, "text/csv")}
        form = encode_multipart(boundary, parts)
        kind = MULTIPART_CONTENT.replace(BOUNDARY, boundary)
        answers.append(send(door.full, form, kind, key="form-retry-0001"))
    assert [one.status_code for one in answers] == [202, 202]
    assert answers[0].json()["id"] == answers[1].json()["id"]
    worked(answers[0].json()["id"])
    assert Submission.objects.get(pk=answers[0].json()["id"]).accepted == 2


def test_a_key_stands_for_one_content_for_ever(door: Door, noted: Noted) -> None:
    first, key = body(rows_of(door)), str(uuid.uuid4())
    made_of = send(door.full, first, key=key).json()["id"]
    noted()
    again = send(door.full, first, key=key)
    assert (again.status_code, again.json()["id"], again["Idempotency-Replayed"]) == (202, made_of, "true")
    assert [one.event for one in noted()] == ["submission-viewed"]
    other = send(door.full, body(rows_of(door)), key=key)
    assert (other.status_code, other.json()["code"]) == (422, "intake.key-reused")
    worked(made_of)
    done = send(door.full, first, key=key)
    assert (done.status_code, done.json()["id"], done.json()["counts"]["accepted"]) == (200, made_of, 1)
    fresh = send(door.full, first)
    assert (fresh.status_code, fresh.json()["id"], fresh.has_header("Idempotency-Replayed")) == (200, made_of, False)
    # Another client's key of the same name is another key.
    elsewhere = door.program()
    assert send(elsewhere, body(rows_of(door)), key=key).status_code == 202
    assert not RequestKey.objects.filter(key_digest=key.encode()).exists()


def test_a_request_that_was_refused_leaves_its_key_free(door: Door) -> None:
    key = str(uuid.uuid4())
    assert send(door.full, body(rows_of(door), "no-such-item"), key=key).status_code == 403
    assert send(door.full, body([{"CF_WSH": ["nested"]}]), key=key).status_code == 400
    assert send(door.full, body(rows_of(door)), key=key).status_code == 202


def test_of_many_at_once_with_one_key_there_is_one_submission_and_one_job(door: Door) -> None:
    content, key = body(rows_of(door)), str(uuid.uuid4())
    door.full.token()
    found: list[tuple[int, int]] = []
    begin = threading.Barrier(8)

    def call() -> None:
        begin.wait()
        answer = send(door.full, content, key=key)
        found.append((answer.status_code, answer.json().get("id", 0)))
        connections.close_all()

    before = Submission.objects.count()
    threads = [threading.Thread(target=call) for _ in range(8)]
    for one in threads:
        one.start()
    for one in threads:
        one.join()
    assert {status for status, _ in found} == {202}
    assert len({number for _, number in found}) == 1
    assert Submission.objects.count() == before + 1
    worked(found[0][1])


def test_two_contents_at_once_under_one_key_make_one_submission(door: Door) -> None:
    key, contents = str(uuid.uuid4()), [body(rows_of(door)) for _ in range(6)]
    door.full.token()
    found: list[int] = []
    begin = threading.Barrier(len(contents))

    def call(content: bytes) -> None:
        begin.wait()
        found.append(send(door.full, content, key=key).status_code)
        connections.close_all()

    before = Submission.objects.count()
    threads = [threading.Thread(target=call, args=(one,)) for one in contents]
    for one in threads:
        one.start()
    for one in threads:
        one.join()
    assert Counter(found) == {202: 1, 422: 5}
    assert Submission.objects.count() == before + 1


def test_without_a_good_key_nothing_is_taken(door: Door) -> None:
    for key in (None, "short", "with blank", "x" * 201):
        answer = send(door.full, body(rows_of(door)), key=key)
        assert (answer.status_code, answer.json()["code"]) == (400, "exchange.bad-request"), key


def test_a_token_writes_the_items_of_its_scopes_and_its_own_department_only(door: Door, noted: Noted) -> None:
    other = body(rows_of(door), "admin-licence-org")
    door.full.token(), door.narrow.token()
    noted()
    for program, content in ((door.full, other), (door.narrow, body(rows_of(door)))):
        answer = send(program, content)
        assert (answer.status_code, answer.json()["code"]) == (403, "security.scope-missing")
        assert answer.json()["scope"].startswith("submit:")
    assert [one.event for one in noted()] == ["call-refused"] * 2
    mine = send(door.stranger, body(rows_of(door)))
    assert mine.json()["source_code"] == door.other.code
    assert door.full.get(f"/submissions/{mine.json()['id']}").status_code == 404
    assert door.full.call("POST", f"/submissions/{mine.json()['id']}/cancel").status_code == 404


@pytest.mark.parametrize(
    ("content", "kind", "status", "code"),
    [
        (b"", "application/json", 400, "exchange.bad-request"),
        (b"{", "application/json", 400, "kernel.not-strict-json"),
        (b'{"item":"admin-penalty-org","rows":[]}', "application/json", 400, "exchange.bad-request"),
        (b'{"item":"admin-penalty-org","rows":[{"a":{}}]}', "application/json", 400, "exchange.bad-request"),
        (b'{"item":"admin-penalty-org","rows":[{}],"more":1}', "application/json", 400, "exchange.bad-request"),
        (b"[" + b" " * (2 << 20) + b"]", "application/json", 413, "exchange.too-large"),
        (b"a,b", "text/csv", 400, "exchange.bad-request"),
        (b"<a/>", "application/xml", 415, "exchange.wrong-format"),
        (b"--x--", "multipart/form-data; boundary=x", 400, "exchange.bad-request"),
        (b"nothing", "multipart/form-data", 400, "exchange.bad-request"),
    ],
)  # fmt: skip
def test_what_is_no_submission_is_refused_with_a_reason(
    door: Door, content: bytes, kind: str, status: int, code: str
) -> None:
    answer = send(door.full, content, kind)
    assert (answer.status_code, answer.json()["code"]) == (status, code)


def test_what_stands_where_a_header_belongs_is_not_repeated(door: Door) -> None:
    who = made.person()
    answer = send(door.full, body([{who.number: {"nested": 1}}]))
    assert answer.status_code == 400
    assert who.number not in answer.content.decode()


def test_half_a_body_is_no_submission(door: Door, tmp_path: Path) -> None:
    content, kind = _csv(rows_of(door, 50), tmp_path)
    before = Submission.objects.count()
    half = {"CONTENT_LENGTH": str(len(content)), "wsgi.input": io.BytesIO(content[:-100])}
    cut = send(door.full, content, kind, query=f"?item={ITEM}", **half)
    assert (cut.status_code, cut.json()["code"]) == (400, "exchange.body-cut")
    chunked = send(door.full, content, kind, query=f"?item={ITEM}", headers={"Transfer-Encoding": "chunked"})
    assert (chunked.status_code, chunked.json()["code"]) == (411, "exchange.length-needed")
    assert Submission.objects.count() == before


def test_more_than_the_stated_size_is_refused_by_its_head(door: Door, settings: Any) -> None:
    answer = send(door.full, b"a", "text/csv", query=f"?item={ITEM}", CONTENT_LENGTH=str(settings.UPLOAD_LIMIT + 1))
    assert (answer.status_code, answer.json()["code"]) == (413, "exchange.too-large")


def test_nothing_of_a_body_stays_on_disk(door: Door, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    import tempfile

    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    content, kind = _csv(rows_of(door, 3), tmp_path)
    (tmp_path / "rows.csv").unlink()
    form = encode_multipart(BOUNDARY, {"item": ITEM, "file": SimpleUploadedFile("a.csv", content + b"\n")})
    assert send(door.full, content, kind, query=f"?item={ITEM}").status_code == 202
    assert send(door.full, form, MULTIPART_CONTENT).status_code == 202
    assert send(door.full, content, kind, query="?item=admin-licence-org").status_code == 403
    assert send(door.full, body(rows_of(door)), key=None, query="?test=true").status_code == 200
    assert list(tmp_path.iterdir()) == []


def test_a_submission_that_waits_is_taken_back_and_may_come_again(door: Door, noted: Noted) -> None:
    content = body(rows_of(door))
    made_of = send(door.full, content).json()["id"]
    noted()
    for event in ("submission-cancelled", "submission-viewed"):
        answer = door.full.call("POST", f"/submissions/{made_of}/cancel")
        assert (answer.status_code, answer.json()["status"], answer.json()["is_over"]) == (200, "cancelled", True)
        assert [one.event for one in noted()] == [event]
    worked(made_of)
    assert door.full.get(f"/submissions/{made_of}").json()["counts"]["rows_read"] == 0
    receipt = door.full.get(f"/submissions/{made_of}/receipt").json()["receipt"]
    assert "submission-cancelled" in json.dumps(receipt)
    again = send(door.full, content)
    assert (again.status_code, again.json()["id"], again.json()["status"]) == (202, made_of, "received")
    submit.run(made_of, by=made.SYSTEM)
    assert door.full.get(f"/submissions/{made_of}").json()["counts"]["accepted"] == 1


def test_what_a_person_took_back_is_told_and_comes_again_under_a_new_key_only(door: Door) -> None:
    content, key = body(rows_of(door)), str(uuid.uuid4())
    made_of = send(door.full, content, key=key).json()["id"]
    worked(made_of)
    revert.begin(made_of, reason="报错了月份", by=made.SYSTEM)
    revert.finish(made_of, by=made.SYSTEM)
    same = send(door.full, content, key=key)
    assert (same.status_code, same.json()["status"], same.json()["is_over"]) == (200, "reverted", True)
    anew = send(door.full, content)
    assert anew.status_code == 202
    assert anew.json()["id"] != made_of
    assert door.full.call("POST", f"/submissions/{made_of}/cancel").json()["code"] == "intake.already-begun"


def test_once_work_has_begun_nothing_is_taken_back(door: Door) -> None:
    made_of = send(door.full, body(rows_of(door))).json()["id"]
    holding, let_go = threading.Event(), threading.Event()

    def works() -> None:
        with submit.Sole(made_of):
            holding.set()
            let_go.wait(20)
        connections.close_all()

    worker = threading.Thread(target=works)
    worker.start()
    holding.wait(20)
    during = door.full.call("POST", f"/submissions/{made_of}/cancel")
    let_go.set()
    worker.join()
    worked(made_of)
    after = door.full.call("POST", f"/submissions/{made_of}/cancel")
    for answer in (during, after):
        assert (answer.status_code, answer.json()["code"]) == (409, "intake.already-begun")
    assert door.full.get(f"/submissions/{made_of}").json()["counts"]["accepted"] == 1


def test_a_trial_tells_what_a_submission_would_and_keeps_nothing_but_its_entry(door: Door, noted: Noted) -> None:
    standing = rows_of(door, 2)
    worked(send(door.full, body(standing)).json()["id"])
    doc = rows_of(door)[0]
    worked(send(door.stranger, body([doc | {"CF_SJLY": door.other.name, "CF_SJLYDM": door.other.code}])).json()["id"])
    sent = body(
        [
            *rows_of(door, 2),
            standing[0],
            doc,
            *rows_of(door, 1, CF_JDRQ="2026年13月5日"),
            *rows_of(door, 1, CF_XDR_MC="另一家"),
        ]
    )
    program = door.program()
    program.token()
    send(program, sent, key=None, query="?test=true")  # the quota's rows of this minute and day are there
    noted()
    before = tables()
    tried = send(program, sent, key=None, query="?test=true")
    after = tables()
    assert (tried.status_code, tried.json()["is_test"]) == (200, True), tried.content
    assert [(one.event, one.object_ref) for one in noted()] == [("file-tried", ITEM)]
    grown = {name for name in after if after[name] != before.get(name)}
    assert grown <= {
        "security_auditentry",
        "security_pending",
        "security_quotause",
    }  # the entry, its leaf, the count of calls
    assert after["security_auditentry"] == before["security_auditentry"] + 1
    assert tried.json()["counts"] == {
        "rows_read": 6, "accepted": 2, "doubtful": 2, "rejected": 1, "duplicate": 0, "unchanged": 1,
    }  # fmt: skip
    made_of = send(program, sent).json()["id"]
    worked(made_of)
    assert program.get(f"/submissions/{made_of}").json()["counts"] == tried.json()["counts"]
    assert program.get(f"/submissions/{made_of}/rows").json()["rows"] == tried.json()["rows"]


def test_a_trial_is_small_and_a_file_that_cannot_be_read_says_why(door: Door) -> None:
    large = send(
        door.full, b"a", "text/csv", key=None, query=f"?item={ITEM}&test=true", CONTENT_LENGTH=str(MOST_TRIED + 1)
    )
    assert large.status_code == 413
    assert "xinyong check" in large.json()["en"]
    unread = send(door.full, "甲,乙\n1,2\n".encode(), "text/csv", key=None, query=f"?item={ITEM}&test=true")
    assert (unread.status_code, unread.json()["code"]) == (400, "intake.header-not-found")


def test_the_sandbox_only_tries_and_asks_the_archive_nothing(door: Door, noted: Noted) -> None:
    standing = rows_of(door)
    worked(send(door.full, body(standing)).json()["id"])
    door.sandbox.token()
    noted()
    before = Submission.objects.count()
    answer = send(door.sandbox, body([*standing, *rows_of(door, 1, CF_JDRQ="2026年13月5日")]))
    assert (answer.status_code, answer["X-Xinyong-Sandbox"]) == (200, "1")
    assert answer.json()["counts"]["accepted"] == answer.json()["counts"]["rejected"] == 1
    assert answer.json()["counts"]["unchanged"] == 0
    assert (Submission.objects.count(), noted()) == (before, [])
    assert door.sandbox.get("/submissions").json()["submissions"][0]["id"] == 1
    assert [one["row"] for one in door.sandbox.get("/submissions/1/rows?outcome=rejected").json()["rows"]] == [3]
    book = openpyxl.load_workbook(io.BytesIO(b"".join(door.sandbox.get("/submissions/1/feedback"))))
    assert book.worksheets[0].max_row == 3
    assert door.sandbox.call("POST", "/submissions/1/cancel").json()["code"] == "intake.already-begun"
    assert door.sandbox.get("/submissions/2/rows").status_code == 404


def test_feedback_is_the_senders_rows_with_what_was_found(door: Door, noted: Noted) -> None:
    made_of = send(
        door.full, body([*rows_of(door), *rows_of(door, 1, CF_JDRQ="2026年13月5日", 本单位编号="A-7")])
    ).json()["id"]
    early = door.full.get(f"/submissions/{made_of}/feedback")
    assert (early.status_code, early.json()["code"]) == (409, "intake.not-finished")
    worked(made_of)
    noted()
    answer = door.full.get(f"/submissions/{made_of}/feedback")
    assert (answer.status_code, answer["Content-Type"]) == (200, XLSX)
    assert str(made_of) in answer["Content-Disposition"]
    sheets = openpyxl.load_workbook(io.BytesIO(b"".join(answer))).worksheets
    cells = {str(cell) for sheet in sheets for line in sheet.iter_rows(values_only=True) for cell in line}
    assert {"本单位编号", "A-7", "2026年13月5日"} <= cells
    assert [one.event for one in noted()] == ["feedback-taken"]
    assert door.stranger.get(f"/submissions/{made_of}/feedback").status_code == 404


def test_submissions_are_listed_newest_first_in_pages_and_by_state(door: Door, noted: Noted) -> None:
    program = door.program(unit=made.department())
    made_of = [send(program, body(rows_of(door))).json()["id"] for _ in range(5)]
    worked(made_of[0])
    program.token()
    noted()
    first = program.get("/submissions?limit=3").json()
    assert [one.event for one in noted()] == ["submissions-listed"]
    assert [one["id"] for one in first["submissions"]] == made_of[:1:-1]
    second = program.get(f"/submissions?limit=3&after={first['next_after']}").json()
    assert ([one["id"] for one in second["submissions"]], second["next_after"]) == ([made_of[1], made_of[0]], None)
    assert [one["id"] for one in program.get("/submissions?status=deposited").json()["submissions"]] == made_of[:1]
    assert program.get("/submissions?item=admin-licence-org").json()["submissions"] == []
    assert program.get("/submissions?status=strange").status_code == 400


def test_a_file_whose_columns_are_unclear_is_sent_again_with_a_map(door: Door) -> None:
    row = rows_of(door)[0]
    strange = {("日期甲" if name == "CF_JDRQ" else name): value for name, value in row.items()}
    refused = send(door.full, body([strange]))
    worked(refused.json()["id"])
    said = door.full.get(f"/submissions/{refused.json()['id']}").json()
    assert (said["status"], said["refusal"]["code"]) == ("refused", "intake.missing-columns")
    assert said["refusal"]["facts"]["missing"] == ["CF_JDRQ"]
    mapped = send(door.full, body([strange], mapping={"日期甲": "CF_JDRQ"}))
    assert mapped.status_code == 202
    submit.run(mapped.json()["id"], by=made.SYSTEM)
    assert door.full.get(f"/submissions/{mapped.json()['id']}").json()["counts"]["accepted"] == 1


def test_who_has_too_much_waiting_is_told_when_to_come_back(door: Door, settings: Any) -> None:
    settings.API_WAITING = 2
    program = door.program()
    made_of = [send(program, body(rows_of(door))) for _ in range(3)]
    assert [one.status_code for one in made_of] == [202, 202, 429]
    assert (made_of[2].json()["code"], made_of[2]["Retry-After"]) == ("intake.too-many-waiting", "15")
    assert send(door.program(), body(rows_of(door))).status_code == 202
    worked(made_of[0].json()["id"])
    assert send(program, body(rows_of(door))).status_code == 202


def test_a_days_bytes_are_counted_and_what_was_refused_is_not(door: Door, settings: Any, tmp_path: Path) -> None:
    settings.API_DAILY_MEGABYTES = 1
    program = door.program()
    content, kind = _csv(rows_of(door, 1), tmp_path)
    padded = content + b"\n" * (600 * 1024 - len(content))
    assert send(program, padded, kind, query=f"?item={ITEM}").status_code == 202
    spent = send(program, padded, kind, query=f"?item={ITEM}")
    assert (spent.status_code, spent.json()["code"], spent.json()["span"]) == (429, "security.quota-spent", "day")
    assert int(spent["Retry-After"]) > 0
    assert send(program, body(rows_of(door))).status_code == 202


def test_a_bound_clients_signature_covers_the_file_it_sends(door: Door, tmp_path: Path) -> None:
    from cryptography.hazmat.primitives.asymmetric import ed25519

    key = ed25519.Ed25519PrivateKey.generate()
    program = door.program(key=key)
    token = json.loads(program.ask().content)["access_token"]
    content, kind = _csv(rows_of(door, 20), tmp_path)

    def signed(sent: bytes) -> Any:
        message = Message(
            "POST", f"http://testserver/api/v1/submissions?item={ITEM}", {"Authorization": f"Bearer {token}"}, content
        )
        signatures.sign(
            message,
            private=key,
            key_id=program.client_id,
            tag=signatures.CLIENT_TAG,
            now=clock.now(),
            also=("authorization",),
        )
        return Client().generic(
            "POST", f"/api/v1/submissions?item={ITEM}", sent, content_type=kind, REMOTE_ADDR="127.0.0.1",
            headers=message.headers | {"Idempotency-Key": str(uuid.uuid4())},
        )  # fmt: skip

    assert signed(content).status_code == 202
    changed = signed(content.replace(b"0.2", b"0.3"))
    assert (changed.status_code, changed.json()["code"]) == (401, "security.digest-wrong")
    unsigned = Client().generic(
        "POST",
        f"/api/v1/submissions?item={ITEM}",
        content,
        content_type=kind,
        headers={"Authorization": f"Bearer {token}"},
    )
    assert unsigned.json()["code"] == "security.signature-missing"


def test_keys_of_long_ago_are_forgotten_and_the_content_still_stands_once(door: Door) -> None:
    content, key = body(rows_of(door)), str(uuid.uuid4())
    made_of = send(door.full, content, key=key).json()["id"]
    assert by_interface.sweep(now=clock.now()) == 0
    assert by_interface.sweep(now=clock.now() + by_interface.KEPT) >= 1
    again = send(door.full, content, key=key)
    assert (again.json()["id"], again.has_header("Idempotency-Replayed")) == (made_of, False)


def test_the_example_of_the_description_is_a_good_submission(door: Door) -> None:
    """What a reader copies goes in, but for the names of organisation and department, which are invented."""
    from xinyong.exchange import description

    example = description.schema()["paths"]["/api/v1/submissions"]["post"]["requestBody"]["content"][
        "application/json"
    ]["example"]
    own = made.penalty_row(door.organisation, door.unit)
    row = example["rows"][0]
    assert set(row) == set(own)
    names = {"CF_XDR_MC", "CF_XDR_SHXYM", "CF_CFJG", "CF_CFJGDM", "CF_SJLY", "CF_SJLYDM"}
    tried = send(door.full, body([row | {name: own[name] for name in names}]), key=None, query="?test=true")
    assert tried.json()["counts"]["accepted"] == 1


def test_a_key_outlives_the_process_that_took_it(door: Door) -> None:
    from tools.evidence import clients as evidence

    headers = {"Authorization": f"Bearer {door.full.token()}", "Idempotency-Key": str(uuid.uuid4())}
    first = Message("POST", "http://testserver/api/v1/submissions", headers, body(rows_of(door)))
    other = Message("POST", first.url, headers, body(rows_of(door)))
    made_of = send(door.full, first.body, key=headers["Idempotency-Key"]).json()["id"]
    assert evidence.replay_in_a_fresh_process([first, other]) == {"accepted": 1, "intake.key-reused": 1}
    assert Submission.objects.order_by("-id").values_list("id", flat=True)[0] == made_of


def test_the_database_shows_a_client_its_own_departments_keys_only(door: Door) -> None:
    from xinyong.security import scope
    from xinyong.security.access import Actor, Role

    made_of = send(door.full, body(rows_of(door))).json()["id"]
    own = Actor(role=Role.CLIENT, name=door.full.client_id, department=door.unit.code)
    seen = {}
    for who in (own, Actor(role=Role.CLIENT, name="xy", department=door.other.code), made.OPERATOR):
        with scope.acting(who):
            seen[who.name] = RequestKey.objects.filter(submission_id=made_of).count()
    assert seen == {door.full.client_id: 1, "xy": 0, "operator": 0}


def test_a_large_file_is_never_whole_in_memory(door: Door, tmp_path: Path) -> None:
    import tracemalloc

    content, kind = _csv(rows_of(door, 1), tmp_path)
    large, size = tmp_path / "large.csv", 48 << 20
    with large.open("wb") as file:
        file.write(content)
        file.truncate(size)
    door.full.token()
    with large.open("rb") as stream:
        tracemalloc.start()
        stated = {"CONTENT_LENGTH": str(size), "wsgi.input": stream}
        answer = send(door.full, b"-", kind, query=f"?item={ITEM}", **stated)
        _, peak = tracemalloc.get_traced_memory()
        tracemalloc.stop()
    assert answer.status_code == 202, answer.content
    assert Submission.objects.get(pk=answer.json()["id"]).file_size == size
    assert peak < 12 << 20
    assert door.full.call("POST", f"/submissions/{answer.json()['id']}/cancel").status_code == 200


def test_a_bound_clients_body_is_not_even_taken_before_its_signature_is_good(door: Door) -> None:
    from cryptography.hazmat.primitives.asymmetric import ed25519

    program = door.program(key=ed25519.Ed25519PrivateKey.generate())
    token = json.loads(program.ask().content)["access_token"]
    address = f"http://testserver/api/v1/submissions?item={ITEM}"
    message = Message("POST", address, {"Authorization": f"Bearer {token}"}, b"never read")
    signatures.sign(
        message, private=ed25519.Ed25519PrivateKey.generate(), key_id=program.client_id, tag=signatures.CLIENT_TAG,
        now=clock.now(), also=("authorization",),
    )  # fmt: skip

    class Unread(io.BytesIO):
        def read(self, *_: int) -> bytes:
            raise AssertionError("the body was read")

    answer = Client().generic(
        "POST", address.removeprefix("http://testserver"), b"-", content_type="text/csv", REMOTE_ADDR="127.0.0.1",
        headers=message.headers | {"Idempotency-Key": str(uuid.uuid4())},
        **{"CONTENT_LENGTH": "10", "wsgi.input": Unread()},
    )  # fmt: skip
    assert (answer.status_code, answer.json()["code"]) == (401, "security.signature-wrong")


def test_what_the_department_may_not_report_is_refused_and_leaves_no_key(door: Door, noted: Noted) -> None:
    words: dict[str, Any] = {"item_id": ITEM, "basis": "三定方案载明的职责", "by": made.OPERATOR}
    duty = {"item_id": ITEM, "source_code": door.unit.code, "starts_on": clock.today(), "by": made.OPERATOR}
    content, sent, keys = body(rows_of(door)), body(rows_of(door)), str(uuid.uuid4())
    earlier, before = send(door.full, sent, key="before-the-switch"), Submission.objects.count()
    supply.set_mode(mode="granted", at=clock.now(), **words)
    try:
        noted()
        for query in ("", "?test=true"):
            answer = send(door.full, content, key=keys, query=query)
            assert (answer.status_code, answer.json()["code"]) == (403, "intake.not-granted"), answer.content
            assert door.unit.name in answer.content.decode()
            assert "/office/supply/" in answer.content.decode()
        assert [one.event for one in noted() if one.outcome == "refused"] == ["call-refused"] * 2
        assert Submission.objects.count() == before
        assert not RequestKey.objects.filter(submission_id=None).exists()
        again = send(door.full, sent, key="before-the-switch")
        assert (again.status_code, again.json()["id"]) == (202, earlier.json()["id"]), "what was handed in before stays"
        duties.assign(at=clock.now(), **duty)
        assert send(door.full, content, key=keys).status_code == 202, "who owes it may report it"
    finally:
        duties.assign(at=clock.now(), ends_on=clock.today(), **duty)
        supply.set_mode(mode="open", at=clock.now(), **words)
