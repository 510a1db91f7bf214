"""What the interface answers: strict in, problems out, one entry for each look at what is not public."""

import json
import re
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from django.test import Client

from tests.exchange.conftest import Door, Program, ask
from tests.intake import made
from tests.signing import signed_in
from xinyong.exchange import description, sandbox, tracker
from xinyong.exchange.door import WAYS, Entrance, api
from xinyong.kernel import clock
from xinyong.kernel.codes import Kind
from xinyong.security import routes
from xinyong.security.access import Action
from xinyong.security.models import AuditEntry

Noted = Callable[[], list[AuditEntry]]
ROOT = Path(__file__).parents[2]


@pytest.fixture(scope="module")
def submission(door: Door, tmp_path_factory: pytest.TempPathFactory) -> int:
    """A penalty of the organisation, handed in by the department."""
    path = made.csv_file(tmp_path_factory.mktemp("api") / "六月.csv", [made.penalty_row(door.organisation, door.unit)])
    return made.hand_in(path, "admin-penalty-org", door.unit).id


def _look_up(program: Program, code: str, note: str = "办理示例采购的资格审查", **more: Any) -> Any:
    return program.call("POST", "/look-ups", {"code": code, "purpose": "tender", "note": note} | more)


@pytest.mark.django_db
def test_the_description_that_is_kept_is_the_one_that_is_served() -> None:
    kept = (ROOT / "docs" / "reference" / "openapi.json").read_text(encoding="utf-8")
    assert kept == description.text(), "run: make docs"
    served = Client().get("/api/v1/openapi.json")
    assert served.content.decode() == kept
    assert json.loads(kept)["openapi"].startswith("3.1")


def test_every_operation_is_described_with_its_refusals_and_declares_who_may() -> None:
    described = {one["operationId"] for path in description.schema()["paths"].values() for one in path.values()}
    assert described == {*WAYS, "token"}
    for path in description.schema()["paths"].values():
        for one in path.values():
            assert "405" in one["responses"]
            assert one["operationId"] == "token" or WAYS[one["operationId"]].by is Entrance.OPEN or one["security"]
    assert {one.action for one in WAYS.values()} <= set(Action)


def test_an_operation_answers_only_those_who_may_do_its_action(door: Door, monkeypatch: pytest.MonkeyPatch) -> None:
    """The door asks by itself, whatever the gate before it and the verb behind it ask."""
    assert door.full.get("/catalogue/items").status_code == 200
    ways = next(
        ways
        for one in routes.routes()
        if (ways := getattr(one.view, "xinyong_ways", None)) and ways["GET"].name == "catalogue_items"
    )
    monkeypatch.setitem(ways, "GET", replace(ways["GET"], action=Action.MANAGE_ACCOUNTS))
    answer = door.full.get("/catalogue/items")
    assert (answer.status_code, answer.json()["code"]) == (403, "security.not-allowed")


def test_every_view_of_the_interface_carries_its_action_and_its_way() -> None:
    ours = [one for one in routes.routes() if getattr(one.view, "xinyong_ways", None) is not None]
    ways = [one.view.xinyong_ways for one in ours]
    assert {way.name for one in ways for way in one.values()} == {*WAYS, *tracker.WAYS, "openapi"}
    assert all(one.action is next(iter(way.values())).action for one, way in zip(ours, ways, strict=True))
    # Behind a gate that looks at one action for several methods, nobody gets through to an action that is not theirs.
    assert [set(one) for one in ways if len({way.action for way in one.values()}) > 1] == [{"GET", "POST"}]
    below = [one for one in routes.routes() if one.pattern.startswith("api/")]
    assert [one.name for one in below if one not in ours] == ["api-root", "api-nothing"]


def test_a_look_at_public_records_leaves_no_entry_and_shows_what_the_portal_shows(
    door: Door, submission: int, noted: Noted
) -> None:
    door.full.token()
    noted()
    answer = door.full.get(f"/organisations/{door.organisation.code}")
    assert (answer.status_code, answer.json()["sight"], answer.json()["name"]) == (
        200,
        "public",
        door.organisation.name,
    )
    assert answer["Cache-Control"] == "no-store"
    assert noted() == []


def test_a_shared_look_leaves_exactly_one_entry_with_client_and_purpose(
    door: Door, submission: int, noted: Noted
) -> None:
    door.full.token()
    noted()
    answer = _look_up(door.full, door.organisation.code)
    assert (answer.status_code, answer.json()["sight"]) == (200, "shared")
    assert sum(one["total"] for one in answer.json()["sections"]) == 1
    entries = noted()
    assert [(one.event, one.role, one.actor, one.department, one.object_ref, one.purpose) for one in entries] == [
        (
            "dossier-viewed",
            "client",
            door.full.client_id,
            door.unit.code,
            door.organisation.code,
            "tender: 办理示例采购的资格审查",
        )
    ]
    assert str(entries[0].address) == "127.0.0.1"


@pytest.mark.parametrize("note", ["", "   ", "看", "a\nb c d", "x" * 201])
def test_without_the_matter_nothing_shared_is_told(door: Door, noted: Noted, note: str) -> None:
    answer = _look_up(door.full, door.organisation.code, note)
    assert answer.status_code == 400
    assert answer.json()["errors"][0]["where"] == "body.body.note"
    assert "dossier-viewed" not in {one.event for one in noted()}


@pytest.mark.parametrize(
    ("purpose", "status", "code"),
    [("办理采购", 400, "exchange.bad-request"), ("curiosity", 400, "rights.purpose-needed"),
     ("loan", 403, "rights.purpose-not-yours"), ("emergency", 403, "rights.purpose-not-yours")],
)  # fmt: skip
def test_without_a_registered_purpose_of_ones_own_nothing_shared_is_told(
    door: Door, noted: Noted, purpose: str, status: int, code: str
) -> None:
    answer = _look_up(door.full, door.organisation.code, purpose=purpose)
    assert (answer.status_code, answer.json()["code"]) == (status, code)
    assert "dossier-viewed" not in {one.event for one in noted()}


def test_a_look_that_finds_nothing_leaves_an_entry_too(door: Door, noted: Noted) -> None:
    door.full.token()
    noted()
    answer = _look_up(door.full, made.code_of())
    assert (answer.status_code, answer.json()["code"]) == (404, "subjects.unknown-subject")
    assert [(one.event, one.actor, one.outcome) for one in noted()] == [
        ("call-refused", door.full.client_id, "refused")
    ]


def test_a_persons_number_is_not_looked_up_and_stands_nowhere(door: Door, caplog: pytest.LogCaptureFixture) -> None:
    number = made.person().number
    for answer in (door.full.get(f"/organisations/{number}"), _look_up(door.full, number)):
        assert (answer.status_code, answer.json()["code"]) == (400, "exchange.not-an-organisation")
        assert number not in answer.content.decode()
    from xinyong.web.refusals import _plain

    assert number not in _plain(f"/api/v1/organisations/{number}")
    assert not any(number in json.dumps(one.facts) + one.object_ref for one in AuditEntry.objects.all())
    assert Kind.CITIZEN_ID


def test_a_submission_is_told_to_its_own_department_only(door: Door, submission: int, noted: Noted) -> None:
    own = door.full.get(f"/submissions/{submission}")
    assert (own.status_code, own.json()["counts"]["accepted"]) == (200, 1)
    assert "file_name" not in own.json()
    door.stranger.token()
    noted()
    others, nobodys = door.stranger.get(f"/submissions/{submission}"), door.stranger.get("/submissions/999999")
    assert (others.status_code, nobodys.status_code) == (404, 404)
    assert others.json()["zh"].replace(str(submission), "") == nobodys.json()["zh"].replace("999999", "")
    assert [one.event for one in noted()] == ["call-refused"] * 2
    door.full.get(f"/submissions/{submission}")
    assert [(one.event, one.actor) for one in noted()] == [("submission-viewed", door.full.client_id)]


def test_a_receipt_is_given_to_its_own_department_only(door: Door, submission: int, noted: Noted) -> None:
    door.full.token(), door.stranger.token()
    noted()
    answer = door.full.get(f"/submissions/{submission}/receipt")
    assert answer.status_code == 200, answer.content
    assert re.fullmatch("[0-9a-f]{32}", answer.json()["receipt"]["id"])
    assert [(one.event, one.actor) for one in noted()] == [("receipt-taken", door.full.client_id)]
    assert door.stranger.get(f"/submissions/{submission}/receipt").status_code == 404
    assert door.sandbox.get("/submissions/1/receipt").status_code == 200


def test_the_catalogue_tells_items_fields_and_code_tables(door: Door) -> None:
    items = door.narrow.get("/catalogue/items").json()["items"]
    assert "admin-penalty-org" in {one["id"] for one in items}
    item = door.narrow.get("/catalogue/items/admin-penalty-org").json()
    assert {"CF_WSH", "CF_XDR_SHXYM"} <= {one["code"] for one in item["fields"]}
    tables = door.narrow.get("/catalogue/code-tables").json()["tables"]
    for table in tables:
        assert door.narrow.get(f"/catalogue/code-tables/{table['id']}").json()["codes"]
    for path in ("/catalogue/items/nothing", "/catalogue/code-tables/nothing"):
        assert door.narrow.get(path).status_code == 404


@pytest.mark.parametrize("path", ["/submissions/1", "/organisations/91990100MA0000001X"])
def test_a_narrow_client_reaches_its_scopes_only(door: Door, path: str) -> None:
    assert door.narrow.get(path).json()["code"] == "security.scope-missing"
    assert _look_up(door.narrow, door.organisation.code).json()["code"] == "security.scope-missing"


def test_the_sandbox_plays_and_tells_nothing_real(door: Door, submission: int, noted: Noted) -> None:
    door.sandbox.token()
    noted()
    code = next(iter(sandbox.ORGANISATIONS))
    for answer in (
        door.sandbox.get(f"/organisations/{code}"), _look_up(door.sandbox, code), door.sandbox.get("/submissions/1"),
        door.sandbox.get("/whoami"), door.sandbox.get("/catalogue/items"),
    ):  # fmt: skip
        assert (answer.status_code, answer["X-Xinyong-Sandbox"]) == (200, "1")
    for answer in (
        door.sandbox.get(f"/organisations/{door.organisation.code}"), _look_up(door.sandbox, door.organisation.code),
    ):  # fmt: skip
        assert (answer.status_code, answer.json()["code"]) == (404, "exchange.not-in-sandbox-data")
    assert noted() == []
    assert "X-Xinyong-Sandbox" not in door.full.get("/whoami")


def test_every_operation_says_what_it_does_in_the_sandbox() -> None:
    for name, way in WAYS.items():
        assert way.by is not Entrance.TOKEN or way.sandbox is not None, name


def test_a_session_of_the_office_opens_nothing_here(door: Door) -> None:
    from xinyong.security import identity

    identity.create_account(
        username="boss", password="correct horse battery staple", display_name="x", role="operator", department=None,
        by=made.SYSTEM,
    )  # fmt: skip
    boss = signed_in(Client(), "boss")
    for path in ("whoami", f"organisations/{door.organisation.code}", "catalogue/items"):
        assert boss.get(f"/api/v1/{path}").status_code == 401
    assert boss.post("/api/v1/look-ups", {}, content_type="application/json").status_code == 401


@pytest.mark.parametrize(
    ("body", "reason"),
    [
        (b'{"code":"a","code":"b"}', "duplicate-key"), (b'{"a":NaN}', "not-a-number"), (b'{"a":"\\u0000"}', "zero-character"),
        (b"[" * 33 + b"]" * 33, "depth"), (b"{", "syntax"), (b"\xff", "not-utf-8"), (b'{"a":"\\ud800"}', "lone-surrogate"),
    ],
)  # fmt: skip
def test_json_that_two_programs_could_read_in_two_ways_is_refused(door: Door, body: bytes, reason: str) -> None:
    answer = Client().post(
        "/api/v1/look-ups", body, content_type="application/json",
        headers={"Authorization": f"Bearer {door.full.token()}"},
    )  # fmt: skip
    assert (answer.status_code, answer.json()["code"], answer.json()["reason"]) == (
        400,
        "kernel.not-strict-json",
        reason,
    )


def test_what_is_too_large_compressed_or_no_json_is_refused_by_its_head(door: Door) -> None:
    headers = {"Authorization": f"Bearer {door.full.token()}"}

    def post(content: bytes, kind: str = "application/json", **more: str) -> int:
        return Client().post("/api/v1/look-ups", content, content_type=kind, headers=headers | more).status_code

    assert post(b" " * (1024 * 1024 + 1)) == 413
    assert post(b"{}", **{"Content-Encoding": "gzip"}) == 415
    assert post(b"a=b", "application/x-www-form-urlencoded") == 415
    assert post(b"{}") == 400


def test_what_is_nowhere_and_other_methods_are_problems_too(door: Door) -> None:
    for path in ("/api/", "/api/v1/", "/api/v1/nothing", "/api/v2/whoami", "/api/v1/whoami/"):
        answer = Client().get(path)
        assert (answer.status_code, answer.json()["code"]) == (404, "exchange.unknown-operation")
        assert answer["Content-Type"] == "application/problem+json"
        assert Client(enforce_csrf_checks=True).post(path).status_code == 404
    answer = Client(enforce_csrf_checks=True).delete("/api/v1/whoami")
    assert (answer.status_code, answer["Allow"]) == (405, "GET")


def test_a_failure_of_ours_tells_nothing_of_itself(door: Door, monkeypatch: pytest.MonkeyPatch) -> None:
    from xinyong.exchange.api import catalogue

    def broken() -> None:
        raise RuntimeError("secret place")

    monkeypatch.setattr(catalogue.publish, "items", broken)
    answer = door.full.get("/catalogue/items")
    assert (answer.status_code, answer.json()["code"]) == (500, "exchange.failed")
    assert "secret place" not in answer.content.decode()


def test_who_knocks_without_end_is_told_to_wait_and_fills_no_log(
    door: Door, settings: Any, noted: Noted, monkeypatch: pytest.MonkeyPatch
) -> None:
    settings.RATE_LIMITS_ON = True
    now = clock.now()
    monkeypatch.setattr(clock, "now", lambda: now)  # nothing is refilled, however slow the machine
    codes = [Client().get("/api/v1/whoami", REMOTE_ADDR="198.51.100.9").status_code for _ in range(70)]
    assert set(codes) == {401, 429}
    assert len(noted()) == codes.count(401) == 60
    form = {"grant_type": "client_credentials", "client_id": "x", "client_secret": "y"}
    assert {ask(form, REMOTE_ADDR="198.51.100.10").status_code for _ in range(70)} == {401, 429}


@pytest.mark.django_db
def test_the_library_keeps_its_own_pages_to_itself() -> None:
    assert api.openapi_url is None
    for path in ("/oauth/authorize", "/oauth/applications/", "/oauth/introspect", "/o/token/", "/api/v1/docs"):
        assert Client().get(path).status_code == 404
