"""A statement says one fact on a page and in JSON, both signed; other programs verify it; what is not so is not stated."""

import base64
import json
import subprocess
from dataclasses import replace
from datetime import timedelta

import jwt
import pytest
from cryptography import x509
from jwcrypto import jwk, jws

from tests.reports.conftest import OnFile
from tests.reports.papers import Authority
from tests.reports.test_special import own
from xinyong.kernel import clock
from xinyong.records.models import Tally
from xinyong.records.purpose import PurposeNeeded
from xinyong.reports import issue, offline, signing, statement, verify
from xinyong.reports.models import IssuedReport
from xinyong.reports.offline import Answer
from xinyong.reports.verify import Verdict
from xinyong.security.access import PUBLIC, Actor, NotAllowed, Role


def searched(on_file: OnFile, *items: str) -> None:
    for item in items:
        Tally.objects.create(
            item_id=item,
            source_id=1,
            month=on_file.today.replace(day=1),
            records=1,
            submission_id=9,
            deposited_at=clock.now(),
        )


def give(on_file: OnFile, fact: str = "no-serious-list", **more: object) -> issue.Issued:
    return statement.issue_statement(on_file.code, fact, by=own(on_file), issued_at=clock.now(), **more)  # type: ignore[arg-type]


def look(data: str | bytes, roots: list[x509.Certificate] | None = None) -> offline.Told:
    plain = data.encode() if isinstance(data, str) else data
    chosen = offline.roots(signing.trust_pem().encode()) if roots is None else roots
    return offline.look(plain, trust=chosen, at=clock.now())


def test_page_and_json_say_the_same_one_fact_and_nothing_else(on_file: OnFile) -> None:
    searched(on_file, "serious-dishonesty")
    issued = give(on_file)
    page, told = look(issued.pdf), look(issued.beside + "\n")
    assert (page.answer, told.answer) == (Answer.GENUINE, Answer.GENUINE), (page.fails, told.fails)
    assert page.facts == told.facts == issued.facts
    assert (page.number, page.verify_url) == (told.number, told.verify_url) == (issued.number, issued.verify_url)
    assert told.statement["fact"] == "no-serious-list"
    assert on_file.name in told.statement["said"]["zh"]
    payload = json.loads(base64.urlsafe_b64decode(issued.beside.split(".")[1] + "=="))
    assert set(payload) == {"iss", "jti", "iat", "sub", "check_code", "facts", "facts_sha256"}
    assert set(payload["facts"]) == {"kind", "title", "name", "code", "code_grouped", "fact", "said", "searched"}
    for of_others in ("云市监罚决", "云市监许准字", "使用过期原料", "云溪市老禾食品厂"):
        assert of_others not in json.dumps(payload, ensure_ascii=False)
        text = subprocess.run(
            ["pdftotext", "-", "-"], input=issued.pdf, capture_output=True, check=True
        ).stdout.decode()
        assert of_others not in text
    assert text.count("\f") == 1  # one page


def test_two_other_implementations_of_jose_verify_the_json_and_refuse_a_changed_one(on_file: OnFile) -> None:
    searched(on_file, "serious-dishonesty")
    token = give(on_file).beside
    header = jwt.get_unverified_header(token)
    leaf = x509.load_der_x509_certificate(base64.b64decode(header["x5c"][0]))
    assert jwt.decode(token, leaf.public_key(), algorithms=[header["alg"]])["sub"] == on_file.code  # type: ignore[arg-type]
    key = jwk.JWK()
    key.import_from_pyca(leaf.public_key())
    found = jws.JWS()
    found.deserialize(token, key)
    assert json.loads(found.payload)["sub"] == on_file.code
    head, body, mark = token.split(".")
    other = json.loads(base64.urlsafe_b64decode(body + "=="))
    other["facts"]["said"]["zh"] = "一切都好。"
    forged = base64.urlsafe_b64encode(json.dumps(other, ensure_ascii=False).encode()).rstrip(b"=").decode()
    with pytest.raises(jwt.InvalidSignatureError):
        jwt.decode(f"{head}.{forged}.{mark}", leaf.public_key(), algorithms=["ES256"])  # type: ignore[arg-type]
    assert look(f"{head}.{forged}.{mark}").answer is Answer.ALTERED


def test_no_changed_character_of_the_json_passes(on_file: OnFile) -> None:
    searched(on_file, "serious-dishonesty")
    token = give(on_file).beside
    for at in range(0, len(token), 41):
        other = "A" if token[at] != "A" else "B"
        told = look(token[:at] + other + token[at + 1 :])
        assert told.answer is not Answer.GENUINE, at
    assert look(token + "A").answer is Answer.ALTERED


def test_another_algorithm_no_signature_or_another_authority_is_refused(on_file: OnFile) -> None:
    searched(on_file, "serious-dishonesty")
    token = give(on_file).beside
    head, body, mark = token.split(".")
    for algorithm in ("none", "HS256", "RS256"):
        header = json.loads(base64.urlsafe_b64decode(head + "==")) | {"alg": algorithm}
        other = (
            base64.urlsafe_b64encode(json.dumps(header, sort_keys=True, separators=(",", ":")).encode())
            .rstrip(b"=")
            .decode()
        )
        assert look(f"{other}.{body}.{mark}").answer is Answer.ALTERED
    assert look(token, [Authority("别处").root]).answer is Answer.ALTERED
    assert look(token, []).answer is Answer.UNTOLD


def test_what_is_not_so_is_not_stated_and_what_was_not_searched_neither(on_file: OnFile) -> None:
    with pytest.raises(statement.NotSearchable):
        give(on_file)
    day = on_file.today
    with pytest.raises(statement.FactDoesNotHold):
        give(on_file, "no-published-penalty", first_day=day - timedelta(days=300), last_day=day)
    assert not IssuedReport.objects.exists()
    issued = give(on_file, "no-published-penalty", first_day=day - timedelta(days=199), last_day=day)
    assert "公示期满的，不在其中" in issued.content.searched.zh
    with pytest.raises(statement.DaysNeeded):
        give(on_file, "no-published-penalty")
    with pytest.raises(statement.DaysNeeded):
        give(on_file, "no-published-penalty", first_day=day, last_day=day + timedelta(days=1))
    with pytest.raises(statement.UnknownFact):
        give(on_file, "is-a-good-company")


def test_an_organisation_on_a_list_gets_no_statement_that_it_is_on_none(on_file: OnFile) -> None:
    searched(on_file, "serious-dishonesty")
    give(on_file)
    entry = {"MDLB": "严重违法失信名单", "LRWSH": "云列〔2026〕1号"}
    on_file.add("serious-dishonesty", entry, until=None, number="list")
    with pytest.raises(statement.FactDoesNotHold):
        give(on_file)


def test_that_it_is_registered_and_exists_can_be_stated(on_file: OnFile) -> None:
    from django.db import connection

    searched(on_file, "organisation-register")
    with pytest.raises(statement.FactDoesNotHold):
        give(on_file, "registered-and-existing")  # its day of registration is not known
    connection.cursor().execute(
        "UPDATE subjects_subject SET registered_on = '2018-06-01' WHERE id = %s", [on_file.subject_id]
    )
    assert "2018年6月1日" in give(on_file, "registered-and-existing").content.said.zh
    connection.cursor().execute("UPDATE subjects_subject SET status = 'revoked' WHERE id = %s", [on_file.subject_id])
    with pytest.raises(statement.FactDoesNotHold):
        give(on_file, "registered-and-existing")


def test_a_newer_statement_of_the_same_fact_supersedes_and_both_files_are_known(on_file: OnFile) -> None:
    searched(on_file, "serious-dishonesty")
    first = give(on_file)
    give(on_file, "no-published-penalty", first_day=on_file.today, last_day=on_file.today)
    assert verify.file(first.beside.encode() + b"\n").verdict is Verdict.GENUINE
    give(on_file)
    assert verify.file(first.pdf).verdict is Verdict.SUPERSEDED
    assert verify.file(first.beside.encode()).verdict is Verdict.SUPERSEDED


def test_only_the_organisation_and_the_credit_centre_with_a_purpose_get_one(on_file: OnFile) -> None:
    searched(on_file, "serious-dishonesty")
    stranger = replace(own(on_file), subject=on_file.subject_id + 1)
    for somebody in (PUBLIC, stranger):
        with pytest.raises(NotAllowed):
            statement.issue_statement(on_file.code, "no-serious-list", by=somebody, issued_at=clock.now())
    operator = Actor(role=Role.OPERATOR, name="operator")
    with pytest.raises(PurposeNeeded):
        statement.issue_statement(on_file.code, "no-serious-list", by=operator, issued_at=clock.now())


def test_a_name_with_braces_is_filled_in_once() -> None:
    from xinyong.reports.content import Bilingual

    words = {"name": "{code}公司", "code": "91"}
    made = statement._filled(Bilingual("{name}（{code}）", "{name}"), words, words)
    assert made.zh == "{code}公司（91）"
