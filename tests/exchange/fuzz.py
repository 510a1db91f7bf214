"""Every operation of the interface, called with made-up input by everybody: nothing fails, every answer is as described.

schemathesis draws the cases from our own description and judges the answers; the calls run in this process through the
whole WSGI application. A partner's are signed on the way in, as the bytes are then known.
"""

import time
import uuid
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import schemathesis
from django.core.signals import request_finished, request_started
from django.db import close_old_connections
from hypothesis import HealthCheck, Phase, given, settings
from schemathesis import GenerationMode
from schemathesis.checks import not_a_server_error
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    negative_data_rejection,
    response_headers_conformance,
    response_schema_conformance,
    status_code_conformance,
)

from tests.exchange.conftest import SYSTEM, Door, Node, Program
from tests.intake import made
from xinyong.kernel import clock
from xinyong.rights import consent, queries, whose
from xinyong.security import clients, signatures
from xinyong.security.access import Actor, Role
from xinyong.security.signatures import Message

CHECKS: list[Any] = [
    not_a_server_error, status_code_conformance, content_type_conformance, response_headers_conformance,
    response_schema_conformance,
]  # fmt: skip
_TOKEN_SECONDS = 600  # config/settings.py
Application = Callable[[dict[str, Any], Callable[..., Any]], Any]


@dataclass(slots=True)
class Fuzzed:
    """What came of it. ``seen``: (role, operation) → status → how many; ``failures``: what was not as described."""

    seen: dict[tuple[str, str], Counter[int]] = field(default_factory=dict)
    failures: list[str] = field(default_factory=list)

    @property
    def calls(self) -> int:
        """Calls in all."""
        return sum(sum(one.values()) for one in self.seen.values())

    @property
    def reached(self) -> set[str]:
        """The operations that did for somebody what they are for."""
        return {name for (_, name), seen in self.seen.items() if {200, 202} & set(seen)}

    @property
    def worst(self) -> int:
        """The highest status that was answered."""
        return max(status for one in self.seen.values() for status in one)


def fuzz(door: Door, *, examples: int, others: int = 0, only: str = "", roles: tuple[str, ...] = ()) -> Fuzzed:
    """Calls every operation (or ``only`` one) as every role: ``examples`` fitting and as many unfitting inputs for those
    who get in, ``others`` for those who are refused before anything is read."""
    found = Fuzzed()
    application = _application()
    for signal in (request_started, request_finished):
        signal.disconnect(close_old_connections)
    try:
        for role, dress in _roles(door).items():
            if not roles or role in roles:
                count = examples if role in {"full", "partner"} else others or examples
                _fuzz_as(role, dress(application), count, only, found, _known(door, only) if role == "full" else {})
    finally:
        for signal in (request_started, request_finished):
            signal.connect(close_old_connections)
    return found


def _fuzz_as(
    role: str, application: Application, examples: int, only: str, found: Fuzzed, known: dict[str, dict[str, Any]]
) -> None:
    described = schemathesis.openapi.from_wsgi("/api/v1/openapi.json", application)
    for result in described.get_all_operations():
        operation = result.ok()
        name = operation.definition.raw["operationId"]
        if only and name != only:
            continue
        seen = found.seen.setdefault((role, name), Counter())
        count = examples if role != "partner" or name == "exchange_message" else 1
        inputs = [(GenerationMode.POSITIVE, {}), (GenerationMode.NEGATIVE, {})]
        if name in known:
            inputs.append((GenerationMode.POSITIVE, known[name]))
        for mode, given_values in inputs:
            try:
                strategy = operation.as_strategy(generation_mode=mode, **given_values)
                _run(strategy, mode, 2 if given_values else count, seen, is_signed=role == "partner")
            except BaseExceptionGroup as group:
                found.failures += [f"{role} {name}: {one}" for one in group.exceptions]
            except schemathesis.errors.SchemathesisError as error:
                if mode is GenerationMode.POSITIVE:  # an operation without input has nothing that would not fit
                    found.failures.append(f"{role} {name}: {error}")
            except Exception as error:  # noqa: BLE001  whatever it is, it is what is looked for
                if type(error).__name__ not in {"Unsatisfiable", "SkipTest", "Skipped"}:
                    found.failures.append(f"{role} {name}: {type(error).__name__} {error}")


def _known(door: Door, only: str) -> dict[str, dict[str, Any]]:
    """Input that leads to something, so that what is found is judged too."""
    code = door.organisation.code
    its_own = {} if only else {"path_parameters": {"submission_id": _submission(door)}, "query": {}}
    row = made.penalty_row(door.organisation, door.unit)
    answer_ref, request_id = ("0" * 32, 1) if only else _asked(door)
    asked = {
        "subject": {"code": code},
        "purpose": "licensing",
        "items": ["honour"],
        "days": 9,
        "without": "改为人工核验",
    }
    credentials = {"client_id": door.full.client_id, "client_secret": door.full.secret}
    return {
        "catalogue_item": {"path_parameters": {"item_id": "admin-penalty-org"}},
        "code_table": {"path_parameters": {"table_id": "penalty-kind"}},
        "organisation": {"path_parameters": {"code": code}, "query": {}},
        "submission": its_own,
        "submission_rows": its_own,
        "submission_feedback": its_own,
        "submission_receipt": its_own,
        "submit_rows": {
            "body": {"item": "admin-penalty-org", "rows": [row]},
            "media_type": "application/json",
            "query": {},
            "headers": {"Idempotency-Key": str(uuid.uuid4())},
        },
        "query": {
            "body": {
                "subject": {"code": code},
                "purpose": "inspection",
                "note": "示例检查事项",
                "items": [],
                "level": "shared",
            },
            "media_type": "application/json",
        },
        "query_again": {"path_parameters": {"answer_ref": answer_ref}},
        "consent_request": {"body": asked, "media_type": "application/json"},
        "consent_request_state": {"path_parameters": {"request_id": request_id}},
        "look_up": {"body": {"code": code, "purpose": "tender", "note": "示例事项"}, "media_type": "application/json"},
        "register_changes": {
            "body": {
                "events": [
                    {
                        "sequence": 1,
                        "event_id": "A-1",
                        "kind": "moved",
                        "on": "2026-06-12",
                        "code": code,
                        "row": {"ZS": "云溪市"},
                    }
                ]
            },
            "media_type": "application/json",
        },
        "token": {
            "body": {"grant_type": "client_credentials"} | credentials,
            "media_type": "application/x-www-form-urlencoded",
        },
    }


def _asked(door: Door) -> tuple[str, int]:
    """An answer that the program can fetch again, and a request of its unit that waits."""
    by, at = Actor(role=Role.CLIENT, name=door.full.client_id, department=door.unit.code), clock.now()
    about = whose.find(code=door.organisation.code, by=by)
    answer = queries.query(about, purpose="inspection", note="示例检查事项", seen_by=by, at=at)
    asked = consent.ask(about, purpose="award", items=["honour"], days=9, without="改为人工核验", by=by, at=at)
    return answer.ref, asked.id


def _submission(door: Door) -> int:
    """A submission of the department's that is done."""
    with TemporaryDirectory() as folder:
        rows = [
            made.penalty_row(door.organisation, door.unit),
            made.penalty_row(door.organisation, door.unit, CF_JDRQ="？"),
        ]
        return made.hand_in(made.csv_file(Path(folder, "a.csv"), rows), "admin-penalty-org", door.unit).id


def _run(strategy: Any, mode: GenerationMode, examples: int, seen: Counter[int], *, is_signed: bool) -> None:
    # What a partner leaves unsigned is signed on the way in, so what was to be missing is not.
    is_judged = mode is GenerationMode.NEGATIVE and not is_signed
    checks = CHECKS + ([negative_data_rejection] if is_judged else [])

    @settings(
        max_examples=examples, deadline=None, database=None, derandomize=True, phases=[Phase.generate],
        suppress_health_check=list(HealthCheck), print_blob=False,
    )  # fmt: skip
    @given(case=strategy)
    def one(case: Any) -> None:
        response = case.call()
        seen[response.status_code] += 1
        case.validate_response(response, checks=checks)

    one()


def _roles(door: Door) -> dict[str, Callable[[Application], Application]]:
    closed = door.program()
    token = closed.token()
    clients.disable(closed.client_id, by=SYSTEM, now=clock.now())
    return {
        "anonymous": lambda application: _bearing(application, str),
        "full": lambda application: _bearing(application, _lasting(door.full)),
        "narrow": lambda application: _bearing(application, _lasting(door.narrow)),
        "sandbox": lambda application: _bearing(application, _lasting(door.sandbox)),
        "disabled": lambda application: _bearing(application, lambda: token),
        "partner": lambda application: _signing(application, door.node),
    }


def _application() -> Application:
    from xinyong.config.wsgi import application

    def local(environ: dict[str, Any], start: Callable[..., Any]) -> Any:
        answer = application(environ | {"REMOTE_ADDR": "127.0.0.1"}, start)
        try:
            return [b"".join(answer)]
        finally:
            answer.close()  # as a server does

    return local


def _lasting(program: Program) -> Callable[[], str]:
    """The program's token, asked for anew while the last one is still good: at full size this takes an hour."""
    asked_at = time.monotonic()

    def token() -> str:
        nonlocal asked_at
        if time.monotonic() - asked_at > _TOKEN_SECONDS / 2:
            program.tokens.clear()
            asked_at = time.monotonic()
        return program.token()

    program.tokens.clear()
    return token


def _bearing(application: Application, token: Callable[[], str]) -> Application:
    def dressed(environ: dict[str, Any], start: Callable[..., Any]) -> Any:
        is_called = environ["PATH_INFO"] != "/oauth/token" and token()
        extra = {"HTTP_AUTHORIZATION": f"Bearer {token()}"} if is_called else {}
        return application(environ | extra, start)

    return dressed


def _signing(application: Application, node: Node) -> Application:
    import io

    def dressed(environ: dict[str, Any], start: Callable[..., Any]) -> Any:
        size = int(environ.get("CONTENT_LENGTH") or 0)
        content = environ["wsgi.input"].read(size) if size else b""
        host = environ.get("HTTP_HOST") or "localhost"
        query = f"?{environ['QUERY_STRING']}" if environ.get("QUERY_STRING") else ""
        message = Message(environ["REQUEST_METHOD"], f"http://{host}/api/v1/exchange/messages{query}", {}, content)
        if environ["PATH_INFO"].endswith("/exchange/messages") and environ["REQUEST_METHOD"] == "POST":
            signatures.sign(
                message, private=node.key, key_id=node.key_id, tag=signatures.PARTNER_TAG, now=clock.now()
            )  # fmt: skip
        extra = {f"HTTP_{name.upper().replace('-', '_')}": value for name, value in message.headers.items()}
        return application(environ | extra | {"wsgi.input": io.BytesIO(content)}, start)

    return dressed
