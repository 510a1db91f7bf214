"""Departments and accounts at the command line: made once, listed, closed; a one-time link is printed once."""

import json
from typing import Any

import pytest
from click.testing import CliRunner, Result
from django.test import Client

from tests.intake import made
from tests.signing import signed_in, with_app
from xinyong.kernel import clock
from xinyong.operations import command, sign_in
from xinyong.security import audit, factors, identity, invitations
from xinyong.security.identity import UnknownDepartment
from xinyong.security.models import Account

pytestmark = pytest.mark.django_db


def run(*arguments: str) -> Result:
    """One command; an unexpected exception fails the test."""
    return CliRunner().invoke(command.group, list(arguments), catch_exceptions=False)


def answer(*arguments: str) -> Any:
    """The JSON document a command prints."""
    return json.loads(run(*arguments, "--json").stdout)


def _opens(link: str) -> bool:
    return Client().get(link.partition("http://127.0.0.1:8000")[2]).status_code == 302


def test_a_department_is_registered_renamed_and_listed() -> None:
    assert run("departments", "list").stdout.startswith("还没有")
    code = made.code_of("11")
    keys = {"code", "name", "short_name", "region_code", "is_active"}
    assert set(answer("departments", "add", code.lower(), "云溪市示例局")) == keys
    answer("departments", "add", code, "云溪市示例管理局", "--short-name", "示例局", "--region", "990100")
    (one,) = answer("departments", "list")
    assert (one["code"], one["name"], one["short_name"], one["region_code"]) == (
        code, "云溪市示例管理局", "示例局", "990100"
    )  # fmt: skip
    assert code in run("departments", "list").stdout
    assert run("departments", "add", f"{code[:-1]}!", "云溪市示例局").exit_code == 2


def test_an_account_gets_a_link_that_opens_until_it_is_disabled() -> None:
    unit = made.department()
    assert run("accounts", "list").stdout.startswith("还没有")
    made_account = answer("accounts", "add", "clerk", "--role", "source_unit", "--department", unit.code)
    assert set(made_account) == {"username", "role", "department", "link", "link_ends"}
    assert _opens(made_account["link"])
    with pytest.raises(identity.AccountExists):
        run("accounts", "add", "clerk", "--role", "auditor")
    (listed,) = answer("accounts", "list")
    assert listed == {
        "username": "clerk", "display_name": "clerk", "role": "source_unit", "department": unit.code,
        "is_active": True, "is_demo": False,
    }  # fmt: skip
    assert answer("accounts", "disable", "clerk") == {"username": "clerk", "is_active": False}
    assert run("accounts", "disable", "clerk").exit_code == 0
    assert not _opens(made_account["link"])
    again = answer("accounts", "add", "clerk", "--role", "source_unit", "--department", unit.code)
    assert again["link"] != made_account["link"]
    assert _opens(again["link"])
    assert not _opens(made_account["link"])
    log = [
        one.event for one in audit.entries(seen_by=made.AUDITOR) if one.object_ref == "clerk" and one.role == "system"
    ]
    assert log == ["invited", "account-created", "account-disabled", "invited", "account-created"]


def test_a_session_ends_with_its_account() -> None:
    run("accounts", "add", "op", "--role", "operator")
    client = signed_in(Client(), "op")
    assert client.get("/office/").status_code == 200
    run("accounts", "disable", "op")
    assert client.get("/office/").status_code == 302


def test_the_first_administrator_of_each_kind_comes_from_the_command_line_and_no_second() -> None:
    first = answer("accounts", "first-admin", "sys")
    assert first["role"] == "system_admin"
    assert _opens(first["link"])
    assert set(answer("accounts", "first-admin", "sec", "--role", "security_admin")) == set(first)
    with pytest.raises(sign_in.AlreadyThere, match="sys"):
        run("accounts", "first-admin", "sys2")
    assert not any(one.has_usable_password() for one in Account.objects.all())


def test_a_new_link_voids_the_one_before() -> None:
    first = answer("accounts", "add", "op", "--role", "operator")["link"]
    second = answer("accounts", "invite", "op")["link"]
    assert _opens(second)
    assert not _opens(first)
    with pytest.raises(invitations.NotInvited):
        run("accounts", "invite", "nobody")


def test_codes_are_printed_of_demo_accounts_only() -> None:
    run("accounts", "add", "op", "--role", "operator")
    pk = identity.create_account(
        username="demo", password="a long enough pass", display_name="演示", role="operator", department=None,
        is_demo=True, by=made.SYSTEM,
    )  # fmt: skip
    with_app("op")
    factors.give_demo(pk, factors.fresh_secret(), now=clock.now())
    assert run("accounts", "code", "op").exit_code == 3
    assert run("accounts", "code", "nobody").exit_code == 3
    printed = run("accounts", "code", "demo").stdout.strip()
    assert factors.show_totp(Account.objects.get(pk=pk), printed, now=clock.now())
    assert answer("accounts", "code", "demo")["code"] != printed, "each code is good once"
    with pytest.raises(invitations.NotInvited):
        run("accounts", "invite", "demo")


def test_what_does_not_fit_is_refused() -> None:
    assert run("accounts", "add", "clerk", "--role", "source_unit").exit_code == 2
    assert run("accounts", "add", "clerk", "--role", "auditor", "--department", "x").exit_code == 2
    assert run("accounts", "add", "clerk", "--role", "king").exit_code == 2
    with pytest.raises(UnknownDepartment):
        run("accounts", "add", "clerk", "--role", "source_unit", "--department", "x")
    with pytest.raises(identity.UnknownAccount):
        run("accounts", "disable", "nobody")


def test_the_link_is_said_once_and_there_is_no_password() -> None:
    said = run("accounts", "add", "aud", "--role", "auditor").stdout
    assert "只显示这一次" in said
    link = said.splitlines()[-1].strip()
    assert _opens(link)
    assert link not in run("accounts", "list").stdout
    assert "--password" not in run("accounts", "add", "--help").stdout
