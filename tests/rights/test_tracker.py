"""The log a subject sees, asked for as the Estonian data tracker asks, held against its own specification."""

import os
from collections.abc import Iterator
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import jsonschema
import pytest
import yaml
from django.test import Client

from tests.exchange.conftest import Program
from tests.intake import made
from tests.rights.conftest import NOTE, Hall, build, units
from xinyong.exchange import tracker
from xinyong.kernel import clock
from xinyong.rights import access_log
from xinyong.security import clients, scope
from xinyong.security.models import AuditEntry

pytestmark = pytest.mark.usefixtures("module_db", "on_the_day")
_PLACES = [
    Path(os.environ["DATA_TRACKER_SPECIFICATION"]) if "DATA_TRACKER_SPECIFICATION" in os.environ else None,
    Path(__file__).parents[3] / "shared" / "specs" / "data-tracker-openapi.yaml",
]
_FILE = next((one for one in _PLACES if one is not None and one.is_file()), None)
needs_file = pytest.mark.skipif(
    _FILE is None, reason="the specification's file is not here (DATA_TRACKER_SPECIFICATION)"
)
USER = "EE12345678901"


@pytest.fixture(scope="module")
def viewer(module_db: None, on_the_day: object) -> Iterator[Program]:
    from django.conf import settings

    kept, settings.RATE_LIMITS_ON = settings.RATE_LIMITS_ON, False
    yield program("read:usage")
    settings.RATE_LIMITS_ON = kept


def program(*scopes: str, **more: Any) -> Program:
    view, secret = clients.register(
        department=made.department().code, name="数据追踪查看器", scopes=scopes, networks=["127.0.0.0/8"], per_minute=10_000,
        per_day=100_000, by=made.SYSTEM, now=clock.now(), **more,
    )  # fmt: skip
    return Program(view.client_id, secret)


@pytest.fixture(scope="module")
def seen(module_db: None, on_the_day: object) -> Hall:
    """An organisation that was looked at five times, and a person once."""
    hall = build(*units())
    for _ in range(5):
        hall.looks("organisation", by=hall.reader, purpose="licensing")
    hall.gives()
    hall.looks()
    return hall


def ask(viewer: Program, what: str, *, headers: dict[str, str] | None = None, **asked: Any) -> Any:
    """The viewer's GET, as the specification writes it."""
    sent = {"X-Road-UserId": USER} if headers is None else headers
    return Client().get(
        f"/v2/{what}", asked, headers=sent | {"Authorization": f"Bearer {viewer.token()}"}, REMOTE_ADDR="127.0.0.1"
    )


def usages(viewer: Program, **asked: Any) -> Any:
    answer = ask(viewer, "findUsage", **asked)
    assert answer.status_code == 200, answer.content
    return answer.json()


def test_an_organisations_looks_come_by_its_code(viewer: Program, seen: Hall) -> None:
    found = usages(viewer, userCode=seen.organisation.code)
    assert found["totalUsages"] == len(found["usages"]) == 5
    one = found["usages"][0]
    assert (one["receiverCode"], one["receiverName"]) == (seen.unit.code, seen.unit.name)
    assert one["action"].startswith("办理行政许可：授权查询")
    assert datetime.fromisoformat(one["logtime"]).utcoffset() == timedelta(0)
    assert NOTE not in str(found)


def test_a_persons_come_by_their_reference_and_never_by_their_number(viewer: Program, seen: Hall) -> None:
    who = seen.owner("person")
    with scope.acting(who):
        ref = access_log.reference(by=who, at=clock.now())
    [one] = usages(viewer, userCode=ref)["usages"]
    assert (one["receiverCode"], one["receiverSystem"].endswith("数据接口")) == (seen.bank.code, True)
    answer = ask(viewer, "findUsage", userCode=seen.person.number)
    assert answer.status_code == 400
    assert seen.person.number not in answer.content.decode()


def test_pages_and_periods(viewer: Program, seen: Hall) -> None:
    code = seen.organisation.code
    whole = usages(viewer, userCode=code)["usages"]
    pieces = [usages(viewer, userCode=code, offset=at, limit=2) for at in (0, 2, 4, 6)]
    assert [one for piece in pieces for one in piece["usages"]] == whole
    assert {piece["totalUsages"] for piece in pieces} == {5}, "offset and limit change nothing of the total"
    now = clock.now()
    before, after = (now - timedelta(days=1)).isoformat(), (now + timedelta(minutes=1)).isoformat()
    assert usages(viewer, userCode=code, periodStart=before, periodEnd=after)["totalUsages"] == 5
    assert usages(viewer, userCode=code, periodEnd=before) == {"totalUsages": 0, "usages": []}
    assert usages(viewer, userCode=code, periodStart=after) == {"totalUsages": 0, "usages": []}
    assert usages(viewer, userCode=code, limit=0)["usages"] == []


@pytest.mark.parametrize(
    "asked",
    [
        {}, {"userCode": ""}, {"userCode": "'; --"}, {"userCode": "x\x00"}, {"userCode": "9" * 65}, {"userCode": USER},
        {"userCode": "CODE", "periodStart": "2026-06-15"}, {"userCode": "CODE", "periodEnd": "yesterday"},
        {"userCode": "CODE", "periodStart": "2026-13-01T00:00:00Z"}, {"userCode": "CODE", "periodStart": ""},
        {"userCode": "CODE", "offset": "-1"}, {"userCode": "CODE", "limit": "ten"}, {"userCode": "CODE", "limit": str(2**31)},
    ],
)  # fmt: skip
def test_a_request_that_does_not_fit_is_a_400(viewer: Program, seen: Hall, asked: dict[str, str]) -> None:
    sent = {name: seen.organisation.code if value == "CODE" else value for name, value in asked.items()}
    assert ask(viewer, "findUsage", **sent).status_code == 400


def test_the_header_must_be_there(viewer: Program, seen: Hall) -> None:
    assert ask(viewer, "findUsage", headers={}, userCode=seen.organisation.code).status_code == 400


def test_only_a_client_with_the_scope_comes_in(seen: Hall) -> None:
    anybody = Client().get("/v2/heartbeat", REMOTE_ADDR="127.0.0.1")
    assert (anybody.status_code, anybody["Content-Type"]) == (401, "application/problem+json")
    for what in tracker.WAYS:
        assert ask(program("read:shared"), what).status_code == 403
        assert ask(program("read:usage", is_sandbox=True), what).status_code == 403
        assert Client().post(f"/v2/{what}", REMOTE_ADDR="127.0.0.1").status_code == 405


def test_each_reading_is_in_the_log_by_the_program_and_the_header_is_not(viewer: Program, seen: Hall) -> None:
    usages(viewer, userCode=seen.organisation.code)
    entry = AuditEntry.objects.filter(event="access-log-viewed").latest("id")
    assert (entry.role, entry.actor, entry.object_ref) == ("client", viewer.client_id, seen.organisation.code)
    assert not AuditEntry.objects.filter(facts__icontains=USER).exists()


@pytest.fixture(scope="module")
def specification() -> dict[str, Any]:
    assert _FILE is not None
    return dict(yaml.safe_load(_FILE.read_text(encoding="utf-8")))


def fits(specification: dict[str, Any], name: str, body: Any) -> None:
    """The answer is what the specification says, and has no field that it does not know."""
    closed = {key: one | {"additionalProperties": False} for key, one in specification["components"]["schemas"].items()}
    schema = closed[name] | {"components": {"schemas": closed}}
    checker = jsonschema.FormatChecker()
    jsonschema.Draft202012Validator(schema, format_checker=checker).validate(body)


@needs_file
def test_every_path_of_the_specification_is_served_and_no_other(specification: dict[str, Any]) -> None:
    named = {path: ways["get"]["operationId"] for path, ways in specification["paths"].items()}
    assert named == {f"/v2/{name}": name for name in tracker.WAYS}
    assert all(set(ways) == {"get"} for ways in specification["paths"].values())


@needs_file
def test_answers_fit_the_specification(specification: dict[str, Any], viewer: Program, seen: Hall) -> None:
    for what, asked in (("findUsage", {"userCode": seen.organisation.code}), ("usagePeriod", {}), ("heartbeat", {})):
        answer = ask(viewer, what, **asked)
        content = specification["paths"][f"/v2/{what}"]["get"]["responses"][str(answer.status_code)]["content"]
        [kind] = content
        assert answer["Content-Type"].split(";")[0] == kind
        fits(specification, content[kind]["schema"]["$ref"].rpartition("/")[2], answer.json())
    assert ask(viewer, "heartbeat").json()["status"] == "OK"


@needs_file
def test_the_parameters_are_those_of_the_specification(
    specification: dict[str, Any], viewer: Program, seen: Hall
) -> None:
    declared = specification["paths"]["/v2/findUsage"]["get"]["parameters"]
    right = {
        "userCode": seen.organisation.code, "periodStart": "2021-01-31T10:20:30Z", "periodEnd": "2099-01-31T10:20:30Z",
        "offset": "0", "limit": "1000",
    }  # fmt: skip
    assert {one["name"] for one in declared if one["in"] == "query"} == set(right)
    assert usages(viewer, **right) == usages(viewer, userCode=seen.organisation.code), "these are the defaults' meaning"
    for one in declared:
        if not one["required"]:
            continue
        asked = {name: value for name, value in right.items() if name != one["name"]}
        headers = {} if one["in"] == "header" else None
        assert ask(viewer, "findUsage", headers=headers, **asked).status_code == 400, one["name"]
    [limit] = [one for one in declared if one["name"] == "limit"]
    assert limit["schema"]["default"] == tracker._MOST
