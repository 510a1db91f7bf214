"""Who may open what: every address of the office for everybody, and what the log notes of it."""

import csv
import re
from pathlib import Path

import pytest
from django.test import Client
from django.urls import URLPattern

from tests.office.conftest import ROLES, Office
from tests.signing import signed_in
from xinyong.office.urls import urlpatterns
from xinyong.security.models import Account

#: address → what it answers to: public, the clerk, another unit's clerk, the operator, the auditor.
GET = {
    "": (302, 200, 200, 200, 302),
    "sign-in": (200, 302, 302, 302, 302),
    "sign-out": (302, 302, 302, 302, 302),
    "sign-in/factor": (302, 302, 302, 302, 302),
    "sign-in/set-up": (302, 302, 302, 302, 302),
    "sign-in/renew": (302, 302, 302, 302, 302),
    "sign-in/outside": (404, 404, 404, 404, 404),
    "sign-in/outside/back": (404, 404, 404, 404, 404),
    "sign-in/citizen": (404, 404, 404, 404, 404),
    "sign-in/citizen/back": (404, 404, 404, 404, 404),
    "claims/": (302, 403, 403, 200, 403),
    "claims/999999/": (302, 403, 403, 404, 403),
    "claims/999999/proof": (302, 403, 403, 404, 403),
    "claims/999999/grant": (302, 403, 403, 405, 403),
    "claims/999999/refuse": (302, 403, 403, 404, 403),
    "persons/": (302, 403, 403, 200, 403),
    "persons/new": (302, 403, 403, 200, 403),
    "persons/999999/invite": (302, 403, 403, 405, 403),
    "welcome/": (404, 404, 404, 404, 404),
    "welcome/nobodys-token": (404, 404, 404, 404, 404),
    "confirm": (302, 200, 200, 200, 200),
    "account/": (302, 200, 200, 200, 200),
    "account/password": (302, 200, 200, 200, 200),
    "account/app": (302, 200, 200, 200, 200),
    "account/key": (302, 200, 200, 200, 200),
    "account/codes": (302, 302, 302, 302, 302),
    "account/remove": (302, 405, 405, 405, 405),
    "account/codes/new": (302, 405, 405, 405, 405),
    "account/sessions/end": (302, 405, 405, 405, 405),
    "account/sessions/end-all": (302, 405, 405, 405, 405),
    "log/": (302, 403, 403, 403, 200),
    "submissions/": (302, 200, 200, 200, 200),
    "submissions/new": (302, 200, 200, 200, 403),
    "submissions/{mine}/": (302, 200, 404, 200, 200),
    "submissions/{mine}/columns": (302, 302, 404, 302, 403),
    "submissions/{mine}/take-back": (302, 200, 404, 200, 403),
    "submissions/{mine}/feedback.xlsx": (302, 200, 404, 200, 403),
    "submissions/{mine}/feedback.csv": (302, 200, 404, 200, 403),
    "submissions/{mine}/feedback.pdf": (302, 404, 404, 404, 403),
    "submissions/999999/": (302, 404, 404, 404, 404),
    "submissions/{mine}/receipt.json": (302, 200, 404, 200, 200),
    "evidence/": (302, 403, 403, 403, 200),
    "templates/": (302, 200, 200, 200, 200),
    "templates/admin-penalty-org.xlsx": (302, 200, 200, 200, 200),
    "templates/nothing.xlsx": (302, 404, 404, 404, 404),
    "files/": (302, 200, 200, 200, 403),
    "files/{code}/": (302, 200, 200, 200, 403),
    "links/": (302, 403, 403, 200, 403),
    "links/judge": (302, 403, 403, 302, 403),
    "log/export": (302, 403, 403, 403, 302),
    "people/": (302, 403, 403, 403, 200),
    "people/new": (302, 403, 403, 403, 403),
    "people/{clerk}/": (302, 403, 403, 403, 200),
    "people/{clerk}/move": (302, 403, 403, 403, 403),
    "people/{clerk}/leave": (302, 403, 403, 403, 403),
    "people/{clerk}/give": (302, 403, 403, 403, 403),
    "grants/": (302, 200, 200, 200, 200),
    "grants/act-as": (302, 302, 302, 302, 302),
    "grants/{grant}/end": (302, 302, 302, 302, 302),
    "grants/{grant}/delegate": (302, 200, 200, 200, 403),
    "units/": (302, 403, 403, 403, 200),
    "units/new": (302, 403, 403, 403, 403),
    "units/{unit}/close": (302, 403, 403, 403, 403),
    "units/{unit}/offices": (302, 403, 403, 403, 403),
    "approvals/": (302, 200, 200, 200, 200),
    "approvals/999999/": (302, 404, 404, 404, 404),
    "approvals/999999/decide": (302, 403, 403, 302, 403),
    "catalogue/": (302, 200, 200, 200, 200),
    "catalogue/all.yaml": (302, 200, 200, 200, 200),
    "catalogue/upload": (302, 403, 403, 200, 403),
    "catalogue/honour/": (302, 200, 200, 200, 200),
    "catalogue/honour/1/": (302, 200, 200, 200, 200),
    "catalogue/honour/1/file.csv": (302, 200, 200, 200, 200),
    "catalogue/honour/{version}/publish": (302, 403, 403, 302, 403),
    "catalogue/honour/{version}/check": (302, 403, 403, 302, 403),
    "catalogue/honour/{version}/discard": (302, 403, 403, 302, 403),
    "catalogue/honour/1/retire": (302, 403, 403, 200, 403),
    "exports/": (302, 403, 403, 200, 403),
    "exports/999999/file": (302, 403, 403, 302, 403),
    "special/": (302, 403, 403, 200, 403),
    "special/999999/answer": (302, 403, 403, 302, 403),
    "explain/": (302, 403, 403, 403, 200),
    "clients/": (302, 403, 403, 403, 403),
    "clients/new": (302, 403, 403, 403, 403),
    "clients/{nobody}/": (302, 403, 403, 403, 403),
    "partners/": (302, 403, 403, 403, 403),
    "partners/new": (302, 403, 403, 403, 403),
    "partners/{nobody}/": (302, 403, 403, 403, 403),
}
POST = {
    "claims/999999/grant": (302, 403, 403, 404, 403),
    "claims/999999/refuse": (302, 403, 403, 404, 403),
    "persons/new": (302, 403, 403, 400, 403),
    "persons/999999/invite": (302, 403, 403, 404, 403),
    "sign-in": (400, 400, 400, 400, 400),
    "submissions/new": (302, 400, 400, 400, 403),
    "submissions/{mine}/columns": (302, 302, 404, 302, 403),
    "submissions/{mine}/take-back": (302, 400, 404, 400, 403),
    "links/judge": (302, 403, 403, 302, 403),
    "people/new": (302, 403, 403, 403, 403),
    "people/{clerk}/move": (302, 403, 403, 403, 403),
    "people/{clerk}/leave": (302, 403, 403, 403, 403),
    "people/{clerk}/give": (302, 403, 403, 403, 403),
    "grants/act-as": (302, 302, 302, 302, 302),
    "grants/999999/end": (302, 404, 404, 404, 404),
    "grants/{grant}/delegate": (302, 400, 400, 400, 403),
    "units/new": (302, 403, 403, 403, 403),
    "units/{unit}/close": (302, 403, 403, 403, 403),
    "units/{unit}/offices": (302, 403, 403, 403, 403),
    "approvals/999999/decide": (302, 403, 403, 302, 403),
    "catalogue/upload": (302, 403, 403, 400, 403),
    "catalogue/honour/{version}/publish": (302, 403, 403, 302, 403),
    "catalogue/honour/{version}/check": (302, 403, 403, 302, 403),
    "catalogue/honour/{version}/discard": (302, 403, 403, 302, 403),
    "catalogue/honour/1/retire": (302, 403, 403, 400, 403),
    "exports/": (302, 403, 403, 400, 403),
    "exports/999999/file": (302, 403, 403, 404, 403),
    "special/": (302, 403, 403, 400, 403),
    "special/999999/answer": (302, 403, 403, 404, 403),
    "log/export": (302, 403, 403, 403, 200),
    "sign-out": (302, 302, 302, 302, 302),
    "sign-in/factor": (302, 302, 302, 302, 302),
    "confirm": (302, 400, 400, 400, 400),
    "account/password": (302, 400, 400, 400, 400),
    "account/app": (302, 400, 400, 400, 400),
    "account/key": (302, 400, 400, 400, 400),
    "account/remove": (302, 404, 404, 404, 404),
    "account/sessions/end": (302, 404, 404, 404, 404),
    "account/sessions/end-all": (302, 302, 302, 302, 302),
}
#: Pages that only look are not answered to anything but GET.
LOOK_ONLY = (
    "",
    "log/",
    "submissions/",
    "submissions/{mine}/",
    "submissions/{mine}/feedback.csv",
    "submissions/{mine}/receipt.json",
    "templates/",
    "links/",
)


def _path(office: Office, address: str) -> str:
    clerk = Account.objects.get(username="clerk")
    return "/office/" + address.format(
        mine=office.submission.id, clerk=clerk.pk, grant=clerk.grant_set.get().pk, unit=office.unit.code, version=1,
        nobody="nobody", code=office.organisation.code,
    )  # fmt: skip


def _login(answer: object) -> bool:
    return str(getattr(answer, "headers", {}).get("Location", "")).startswith("/office/sign-in?next=")


@pytest.mark.parametrize("address", GET)
def test_each_address_answers_each_role_as_the_table_says(browsers: Office, address: str) -> None:
    answers = {role: browsers[role].get(_path(browsers, address)) for role in ROLES}
    assert tuple(one.status_code for one in answers.values()) == GET[address]
    if not address.startswith(("sign-", "welcome/")):  # open to everybody
        assert _login(answers["public"])


@pytest.mark.parametrize("address", POST)
def test_each_form_answers_each_role_as_the_table_says(browsers: Office, address: str) -> None:
    assert tuple(browsers[role].post(_path(browsers, address)).status_code for role in ROLES) == POST[address]


def test_the_table_knows_every_address() -> None:
    known = {
        re.sub(
            r"\{\w+\}|999999|(?<=catalogue/)honour|(?<=honour/)1(?=/)|(?<=/file\.)\w+|(?<=feedback\.)\w+|(?<=templates/)[\w-]+(?=\.xlsx)|nobodys-token",
            "*",
            one,
        )
        for one in GET
    }
    with (Path(__file__).parent.parent / "matrix" / "expected.csv").open(encoding="utf-8", newline="") as file:
        reviewed = {line["route"].removeprefix("office/") for line in csv.DictReader(file)}  # asked cell by cell
    served = {str(one.pattern) for one in urlpatterns if isinstance(one, URLPattern)}
    assert {one for one in served if re.sub(r"<[^>]+>", "*", one) not in known and one not in reviewed} == set()


@pytest.mark.parametrize("address", LOOK_ONLY)
def test_what_only_looks_takes_no_post(browsers: Office, address: str) -> None:
    role = "auditor" if address == "log/" else "operator"
    assert browsers[role].post(_path(browsers, address)).status_code == 405


def test_anothers_submission_looks_exactly_like_one_that_does_not_exist(browsers: Office) -> None:
    mine = browsers.submission.id
    anothers = browsers["stranger"].get(f"/office/submissions/{mine}/").content.decode()
    unknown = browsers["stranger"].get("/office/submissions/999999/").content.decode()

    def without_number(page: str, number: int) -> str:
        return page.replace(f"编号为 {number} ", "").replace(f"/submissions/{number}/", "")

    assert without_number(anothers, mine) == without_number(unknown, 999999)
    assert browsers.submission.file_name not in anothers
    assert browsers.submission.file_name not in browsers["stranger"].get("/office/submissions/").content.decode()
    answer = browsers["stranger"].get(f"/office/submissions/?source={browsers.unit.code}")
    assert browsers.submission.file_name not in answer.content.decode()


@pytest.mark.parametrize(
    "address",
    ["submissions/{n}/", "submissions/?after={n}", "submissions/{mine}/?after={n}", "links/?after={n}"],
)
@pytest.mark.parametrize("number", ["9" * 18, "9" * 40, "0"])
def test_no_number_in_an_address_breaks_a_page(browsers: Office, address: str, number: str) -> None:
    path = "/office/" + address.format(n=number, mine=browsers.submission.id)
    assert browsers["operator"].get(path).status_code in {200, 404}
    assert browsers["auditor"].get(f"/office/log/?after={number}").status_code == 200


@pytest.mark.parametrize(
    "query",
    ["?after=-1", "?after=x", "?after=²", "?severity=x&open=x&after=%00", "?item=%27&source=%27", "?until=x&event=x"],
)
def test_no_nonsense_in_an_address_breaks_a_page(browsers: Office, query: str) -> None:
    for role, address in (
        ("clerk", "submissions/"),
        ("clerk", "submissions/{mine}/"),
        ("operator", "links/"),
        ("auditor", "log/"),
    ):
        assert browsers[role].get(_path(browsers, address) + query).status_code == 200


def test_nothing_of_the_office_is_kept_by_a_browser(browsers: Office) -> None:
    kept = []
    for address, expected in GET.items():
        for role, status in zip(ROLES, expected, strict=True):
            if status == 302 or (role == "public" and address != "sign-in"):
                continue
            answer = browsers[role].get(_path(browsers, address))
            if "no-store" not in answer.headers.get("Cache-Control", "") and not address.startswith("templates/admin"):
                kept.append((role, address))
    assert kept == []


def test_a_form_without_its_token_changes_nothing(office: Office) -> None:
    strict = Client(enforce_csrf_checks=True)
    signed_in(strict, "operator")
    for address in ("sign-out", "submissions/new", f"submissions/{office.submission.id}/columns", "links/judge"):
        assert strict.post(f"/office/{address}").status_code == 403
    assert strict.get("/office/submissions/").status_code == 200
