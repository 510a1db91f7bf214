"""The office's pages and the command line for clients and partners: one entry an act, a secret shown once."""

import json
import re
from collections.abc import Callable, Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner
from cryptography.hazmat.primitives.asymmetric import ed25519
from django.http import HttpRequest
from django.test import RequestFactory
from django.utils import translation

from tests.exchange.conftest import SYSTEM, Door, Node, Program, pem, send
from xinyong.kernel import clock
from xinyong.office import clients as client_pages
from xinyong.office import partners as partner_pages
from xinyong.operations import clients as commands
from xinyong.security import clients, partners
from xinyong.security.access import NEEDS_FRESH_FACTOR, Action, Actor, Role
from xinyong.security.models import AuditEntry

Noted = Callable[[], list[AuditEntry]]
ADMIN = Actor(role=Role.SYSTEM_ADMIN, name="admin", account_id=1)


@pytest.fixture(autouse=True)
def _chinese() -> Iterator[None]:
    with translation.override("zh-hans"):
        yield


def _request(method: str, path: str, data: dict[str, Any] | None = None) -> HttpRequest:
    request: Any = getattr(RequestFactory(), method)(path, data or {})
    request.actor = ADMIN
    request.user = None
    request.session = {}

    class Said(list[Any]):
        def add(self, level: int, text: str, extra: str = "") -> None:
            self.append(str(text))

    request._messages = Said()
    return request  # type: ignore[no-any-return]


def test_every_page_asks_for_a_second_factor_shown_just_now() -> None:
    views = (
        client_pages.index, client_pages.new, client_pages.client, partner_pages.index, partner_pages.new,
        partner_pages.partner,
    )  # fmt: skip
    assert {view.xinyong_action for view in views} == {Action.MANAGE_CLIENTS}  # type: ignore[attr-defined]
    assert Action.MANAGE_CLIENTS in NEEDS_FRESH_FACTOR


def test_a_client_made_on_the_page_shows_its_secret_once_and_works(door: Door, noted: Noted) -> None:
    form = {
        "name": "行政审批系统", "department": door.unit.code, "scopes": ["read:catalogue"], "networks": "127.0.0.0/8\n::1/128",
        "per_minute": "60", "per_day": "1000",
    }  # fmt: skip
    page = client_pages.new(_request("post", "/office/clients/new", form))
    text = page.content.decode()
    assert page["Cache-Control"] == "no-store"
    assert [one.event for one in noted()] == ["client-registered"]
    client_id, secret = (
        re.search(rf"<code[^>]*>({shape})</code>", text)[1] for shape in (r"xy-[0-9a-f]{16}", r"[0-9a-f]{10}\.[\w-]+")
    )  # type: ignore[index]
    program = Program(client_id, secret)
    assert program.get("/catalogue/items").status_code == 200
    noted()
    for look in (
        lambda: client_pages.index(_request("get", "/office/clients/")),
        lambda: client_pages.client(_request("get", f"/office/clients/{client_id}/"), client_id),
    ):  # fmt: skip
        page = look()
        assert page.status_code == 200
        assert "行政审批系统" in page.content.decode()
        assert secret not in page.content.decode()
        assert [one.event for one in noted()] == ["clients-viewed"]


@pytest.mark.parametrize(
    "change", [{"networks": "everywhere"}, {"scopes": []}, {"department": "x"}, {"per_minute": "0"}]
)
def test_a_form_that_does_not_fit_makes_nothing_and_says_why(door: Door, noted: Noted, change: dict[str, Any]) -> None:
    form = {
        "name": "x", "department": door.unit.code, "scopes": ["read:catalogue"], "networks": "10.0.0.0/8",
        "per_minute": "60", "per_day": "1000",
    } | change  # fmt: skip
    page = client_pages.new(_request("post", "/office/clients/new", form))
    assert (page.status_code, "有几处需要改" in page.content.decode()) == (400, True)
    assert noted() == []


def test_rotating_changing_and_disabling_leave_one_entry_each(door: Door, noted: Noted) -> None:
    program = door.program()
    token = program.token()
    noted()

    def act(**form: str) -> Any:
        return client_pages.client(_request("post", f"/office/clients/{program.client_id}/", form), program.client_id)

    page = act(act="rotate", overlap="0")
    assert re.search(r"[0-9a-f]{10}\.[\w-]{40,}", page.content.decode())
    assert program.get("/whoami", token=token).status_code == 401
    noted()
    assert act(act="change", per_minute="5", per_day="50", networks="127.0.0.0/8").status_code == 302
    assert act(act="disable").status_code == 302  # without the tick nothing happens
    assert [one.event for one in noted()] == ["client-changed"]
    assert act(act="disable", sure="1").status_code == 302
    assert act(act="rotate", overlap="3").status_code == 302
    assert [one.event for one in noted()] == ["client-disabled"]
    seen = clients.client(program.client_id, seen_by=SYSTEM)
    assert (seen.per_minute, seen.per_day, seen.is_active) == (5, 50, False)


def test_a_partner_is_registered_with_its_key_and_its_gaps_are_shown(door: Door, noted: Noted) -> None:
    key = ed25519.Ed25519PrivateKey.generate()
    form = {"code": "county-990102", "name": "示例区平台", "per_minute": "600", "per_day": "1000"}
    assert partner_pages.new(_request("post", "/office/partners/new", form)).status_code == 302
    assert partner_pages.new(_request("post", "/office/partners/new", form)).status_code == 400

    def act(**form: str) -> Any:
        return partner_pages.partner(_request("post", "/office/partners/county-990102/", form), "county-990102")

    assert act(act="key", key_id="county-990102-1", public_pem="rubbish").status_code == 400
    assert act(act="key", key_id="county-990102-1", public_pem=pem(key)).status_code == 302
    node = Node("county-990102", "county-990102-1", key)
    assert send(node.signed(node.content(seq=4))).status_code == 200
    noted()
    for look in (
        lambda: partner_pages.index(_request("get", "/office/partners/")),
        lambda: partner_pages.partner(_request("get", "/office/partners/county-990102/"), "county-990102"),
    ):  # fmt: skip
        page = look()
        assert "示例区平台" in page.content.decode()
        assert [one.event for one in noted()] == ["clients-viewed"]
    assert "1–3" in page.content.decode()
    assert act(act="end-key", key_id="county-990102-1").status_code == 302
    assert send(node.signed(node.content(seq=5))).json()["code"] == "security.key-ended"
    assert act(act="disable", sure="1").status_code == 302
    assert [one.event for one in noted()] == ["partner-key-ended", "message-refused", "partner-disabled"]


def test_the_command_line_makes_lists_rotates_and_disables(door: Door, tmp_path: Path, monkeypatch: Any) -> None:
    monkeypatch.setattr("xinyong.operations.command.with_database", lambda: None)

    def run(group: Any, *arguments: str) -> Any:
        done = CliRunner().invoke(group, [*arguments, "--json"], catch_exceptions=False)
        assert done.exit_code == 0, done.output
        return json.loads(done.output)

    made = run(
        commands.clients, "add", "税务接口", "--department", door.unit.code, "--scope", "read:catalogue", "--network",
        "127.0.0.0/8",
    )  # fmt: skip
    assert Program(made["client_id"], made["secret"]).get("/catalogue/items").status_code == 200
    again = run(commands.clients, "rotate", made["client_id"], "--overlap", "0")
    assert Program(made["client_id"], made["secret"]).ask().status_code == 401
    assert Program(made["client_id"], again["secret"]).ask().status_code == 200
    listed = run(commands.clients, "list")
    assert made["client_id"] in {one["client_id"] for one in listed}
    assert made["secret"] not in json.dumps(listed)
    run(commands.clients, "disable", made["client_id"])
    assert Program(made["client_id"], again["secret"]).ask().status_code == 401

    key = ed25519.Ed25519PrivateKey.generate()
    (tmp_path / "key.pem").write_text(pem(key))
    run(commands.partners, "add", "city-9903", "另一示例市")
    run(commands.partners, "add-key", "city-9903", "city-9903-1", str(tmp_path / "key.pem"))
    node = Node("city-9903", "city-9903-1", key)
    assert send(node.signed(node.content(), now=clock.now() + timedelta(seconds=1))).status_code == 200
    listed = run(commands.partners, "list")
    assert next(one for one in listed if one["code"] == "city-9903")["message_count"] == 1
    run(commands.partners, "end-key", "city-9903-1")
    run(commands.partners, "disable", "city-9903")
    assert not partners.partner("city-9903", seen_by=SYSTEM).is_active
    for group in (commands.clients, commands.partners):
        assert CliRunner().invoke(group, ["list"], catch_exceptions=False).exit_code == 0
