"""Partners' signed messages: once, in order, whole; every refusal says why, and the answer is signed."""

import base64
import json
import threading
import uuid
from collections.abc import Callable
from datetime import timedelta

import pytest
import time_machine
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa
from django.db import connection
from django.db.utils import DatabaseError, IntegrityError
from http_message_signatures import HTTPMessageVerifier, InvalidSignature, MappingKeyResolver, algorithms

from tests.exchange.conftest import SYSTEM, Door, Node, pem, send
from tools.evidence import clients as evidence
from xinyong.kernel import clock
from xinyong.kernel.errors import XinyongError
from xinyong.security import partners, signatures
from xinyong.security.models import AuditEntry, PartnerMessage
from xinyong.security.signatures import Message, Reply

Noted = Callable[[], list[AuditEntry]]


@pytest.fixture
def node(door: Door) -> Node:
    """A partner of its own for each test."""
    code = f"city-{uuid.uuid4().hex[:8]}"
    key = ed25519.Ed25519PrivateKey.generate()
    now = clock.now()
    partners.register(code=code, name="示例节点", per_minute=1_000_000, per_day=1_000_000, by=SYSTEM, now=now)
    partners.add_key(code, key_id=f"{code}-1", public_pem=pem(key), valid_from=now - timedelta(days=1), by=SYSTEM)
    return Node(code, f"{code}-1", key)


def _kept(node: Node) -> int:
    return PartnerMessage.objects.filter(partner__code=node.code).count()


def test_a_signed_message_is_kept_whole_and_noted_once(node: Node, noted: Noted) -> None:
    message = node.signed(node.content(note="你好"))
    answer = send(message)
    assert answer.status_code == 200, answer.content
    told = answer.json()
    assert (told["seq"], told["is_duplicate"], told["expected"], told["missing"]) == (1, False, 2, [])
    assert [(one.event, one.role, one.actor) for one in noted()] == [("message-accepted", "partner", node.code)]
    kept = PartnerMessage.objects.get(partner__code=node.code)
    again = Message(
        "POST", kept.target,
        {"Signature-Input": kept.signature_input, "Signature": kept.signature,
         "Content-Digest": message.headers["Content-Digest"]},
        bytes(kept.body),
    )  # fmt: skip
    said = signatures.read(again, tag=signatures.PARTNER_TAG)
    signatures.check(again, said, public_pem=kept.key.public_pem, tag=signatures.PARTNER_TAG, now=kept.received_at)


def test_the_answer_is_signed_and_bound_to_the_message(node: Node) -> None:
    from django.test import Client

    message = node.signed(node.content())
    answer = send(message)
    key = Client().get("/api/v1/exchange/key").json()
    assert key["key_id"] in answer["Signature-Input"]
    verifier = HTTPMessageVerifier(
        signature_algorithm=algorithms.ED25519,
        key_resolver=MappingKeyResolver(public_keys={key["key_id"]: key["public_pem"].encode()}, private_keys={}),
    )
    reply = Reply(answer.status_code, dict(answer.headers), answer.content, message)
    covered = verifier.verify(reply, expect_tag=signatures.REPLY_TAG, body=answer.content)[0].covered_components
    assert '"signature";req' in covered
    with pytest.raises(InvalidSignature):
        verifier.verify(reply, expect_tag=signatures.REPLY_TAG, body=answer.content + b" ")
    reply.request = node.signed(node.content())
    with pytest.raises(InvalidSignature):
        verifier.verify(reply, expect_tag=signatures.REPLY_TAG, body=answer.content)


@pytest.mark.parametrize("curve", [ec.SECP256R1()])
def test_a_p256_key_signs_as_well(door: Door, node: Node, curve: ec.EllipticCurve) -> None:
    key = ec.generate_private_key(curve)
    partners.add_key(node.code, key_id=f"{node.code}-2", public_pem=pem(key), valid_from=clock.now(), by=SYSTEM)
    assert send(Node(node.code, f"{node.code}-2", key).signed(node.content())).status_code == 200


def test_the_same_message_signed_anew_gets_the_same_answer_and_does_nothing(node: Node, noted: Noted) -> None:
    content = node.content()
    first, again = (send(node.signed(content)).json() for _ in range(2))
    assert (first["is_duplicate"], again["is_duplicate"]) == (False, True)
    assert first | {"is_duplicate": True} == again
    assert _kept(node) == 1
    assert [one.event for one in noted()] == ["message-accepted"] * 2


def test_the_same_id_with_other_content_is_refused(node: Node, noted: Noted) -> None:
    number = str(uuid.uuid4())
    send(node.signed(node.content(number=number)))
    noted()
    for content in (node.content(seq=1, number=number, note="other"), node.content(seq=2, number=number)):
        answer = send(node.signed(content))
        assert (answer.status_code, answer.json()["code"]) == (409, "security.message-changed")
    assert [one.event for one in noted()] == ["message-refused"] * 2
    assert _kept(node) == 1


def test_numbers_only_rise_and_what_is_left_out_is_told(node: Node) -> None:
    assert send(node.signed(node.content(seq=3))).json()["missing"] == [{"first": 1, "last": 2}]
    assert send(node.signed(node.content(seq=9))).json()["missing"] == [
        {"first": 4, "last": 8}, {"first": 1, "last": 2},
    ]  # fmt: skip
    for seq in (9, 8, 5, 1):
        answer = send(node.signed(node.content(seq=seq)))
        assert (answer.status_code, answer.json()["code"]) == (409, "security.message-out-of-sequence")
        assert answer.json()["expected"] == 10
    seen = next(one for one in partners.partners(seen_by=SYSTEM) if one.code == node.code)
    assert (seen.message_count, seen.last_seq, seen.gaps) == (2, 9, ((4, 8), (1, 2)))


def _altered(message: Message, name: str, old: str, new: str) -> Message:
    assert old in message.headers[name]
    return Message(
        message.method, message.url, message.headers | {name: message.headers[name].replace(old, new, 1)}, message.body
    )


def _without(message: Message, *names: str) -> Message:
    return Message(
        message.method, message.url, {k: v for k, v in message.headers.items() if k not in names}, message.body
    )


def _bare(message: Message, covered: tuple[str, ...], node: Node, tag: str = signatures.PARTNER_TAG) -> Message:
    from http_message_signatures import HTTPMessageSigner

    fresh = _without(message, "Signature", "Signature-Input")
    signer = HTTPMessageSigner(
        signature_algorithm=algorithms.ED25519,
        key_resolver=MappingKeyResolver(public_keys={}, private_keys={node.key_id: node.key}),
    )
    signer.sign(
        fresh, key_id=node.key_id, created=clock.now(), expires=clock.now() + timedelta(minutes=4), nonce="n" * 20,
        tag=tag, covered_component_ids=covered, use_existing_digest=True,
    )  # fmt: skip
    return fresh


REFUSALS: dict[str, tuple[str, Callable[[Node, Message], Message]]] = {
    "no signature": ("signature-missing", lambda n, m: _without(m, "Signature", "Signature-Input")),
    "no input": ("signature-missing", lambda n, m: _without(m, "Signature-Input")),
    "another's tag": ("signature-missing", lambda n, m: _altered(m, "Signature-Input", "xinyong-exchange", "other")),
    "rubbish": ("signature-malformed", lambda n, m: Message(m.method, m.url, m.headers | {"Signature-Input": "=;("}, m.body)),
    "no nonce": ("signature-malformed", lambda n, m: _altered(m, "Signature-Input", ";nonce=", ";notnonce=")),
    "short nonce": ("signature-malformed", lambda n, m: n.signed(m.body, nonce="short")),
    "unknown key": ("key-unknown", lambda n, m: n.signed(m.body, key_id="nobody-1")),
    "another's key": ("signature-wrong", lambda n, m: n.signed(m.body, private=ed25519.Ed25519PrivateKey.generate())),
    "another algorithm": ("signature-wrong", lambda n, m: n.signed(m.body, private=ec.generate_private_key(ec.SECP256R1()))),
    "alg changed": ("signature-wrong", lambda n, m: _altered(m, "Signature-Input", "ed25519", "hmac-sha256")),
    "body changed": ("digest-wrong", lambda n, m: Message(m.method, m.url, m.headers, m.body + b" ")),
    "digest changed": ("signature-wrong", lambda n, m: Message(
        m.method, m.url, m.headers | {"Content-Digest": f"sha-256=:{base64.b64encode(bytes(32)).decode()}:"}, m.body)),
    "too old": ("outside-window", lambda n, m: n.signed(m.body, now=clock.now() - timedelta(minutes=5, seconds=5), lasts=timedelta(minutes=9))),
    "from the future": ("outside-window", lambda n, m: n.signed(m.body, now=clock.now() + timedelta(minutes=5, seconds=5))),
    "ended": ("outside-window", lambda n, m: n.signed(m.body, now=clock.now() - timedelta(minutes=2), lasts=timedelta(minutes=1))),
    "lasting": ("outside-window", lambda n, m: n.signed(m.body, lasts=timedelta(days=1))),
    "address not covered": ("not-covered", lambda n, m: _bare(m, ("@method", "content-digest"), n)),
    "body not covered": ("not-covered", lambda n, m: _bare(m, ("@method", "@target-uri"), n)),
    "covered by parts": ("not-covered", lambda n, m: _bare(m, ("@method", "@target-uri", '"content-digest";key="sha-256"'), n)),
    "another address": ("signature-wrong", lambda n, m: _altered_url(n, m)),
}  # fmt: skip


def _altered_url(node: Node, message: Message) -> Message:
    elsewhere = Message(
        "POST", "http://other.example/api/v1/exchange/messages", {"Content-Type": "application/json"}, message.body
    )
    signatures.sign(elsewhere, private=node.key, key_id=node.key_id, tag=signatures.PARTNER_TAG, now=clock.now())
    return Message("POST", message.url, elsewhere.headers, message.body)


@pytest.mark.parametrize("name", REFUSALS)
def test_each_refusal_says_why_and_leaves_one_entry_and_no_effect(node: Node, noted: Noted, name: str) -> None:
    code, change = REFUSALS[name]
    answer = send(change(node, node.signed(node.content())))
    assert (answer.status_code, answer.json()["code"]) == (401, f"security.{code}")
    entries = noted()
    assert [(one.outcome, one.facts["code"]) for one in entries] == [("refused", f"security.{code}")]
    assert (entries[0].actor == node.code) == (code not in {"signature-missing", "signature-malformed", "key-unknown"})
    assert _kept(node) == 0


def test_no_key_but_ed25519_and_p256_is_registered(node: Node) -> None:
    for key in (rsa.generate_private_key(65537, 2048), ec.generate_private_key(ec.SECP384R1())):
        with pytest.raises(XinyongError):
            partners.add_key(node.code, key_id="other", public_pem=pem(key), valid_from=clock.now(), by=SYSTEM)  # type: ignore[arg-type]


def test_a_key_counts_within_its_epoch_only(node: Node) -> None:
    fresh = ed25519.Ed25519PrivateKey.generate()
    begins = clock.now() + timedelta(days=1)
    partners.add_key(node.code, key_id=f"{node.code}-2", public_pem=pem(fresh), valid_from=begins, by=SYSTEM)
    new = Node(node.code, f"{node.code}-2", fresh)
    assert send(new.signed(node.content())).json()["code"] == "security.key-ended"
    partners.end_key(node.key_id, at=begins + timedelta(days=1), by=SYSTEM)
    with time_machine.travel(begins + timedelta(hours=1)):  # both, so that the partner can change over
        assert [send(one.signed(node.content())).status_code for one in (node, new)] == [200, 200]
    with time_machine.travel(begins + timedelta(days=1, seconds=1)):
        assert send(node.signed(node.content())).json()["code"] == "security.key-ended"
        backdated = node.signed(node.content(), now=clock.now() - timedelta(seconds=60))
        assert send(backdated).json()["code"] == "security.key-ended"
        assert send(new.signed(node.content())).status_code == 200


def test_a_closed_partner_is_out_at_once(node: Node) -> None:
    assert send(node.signed(node.content())).status_code == 200
    partners.disable(node.code, by=SYSTEM)
    assert send(node.signed(node.content())).json()["code"] == "security.key-unknown"


def test_of_many_at_once_the_same_signature_counts_once(node: Node) -> None:
    message, codes = node.signed(node.content()), []

    def go() -> None:
        try:
            codes.append(send(message).status_code)
        finally:
            connection.close()

    threads = [threading.Thread(target=go) for _ in range(8)]
    for one in threads:
        one.start()
    for one in threads:
        one.join()
    assert sorted(codes) == [200] + [409] * 7
    assert _kept(node) == 1


#: The same in every process: tests are named for what they are given.
_ID = "8719157f-f16a-41bb-b346-fcc9dfd65eef"


@pytest.mark.parametrize(
    "content",
    [
        b"", b"[]", b"1", b"null", b'{"id":1}', b'{"id":"x","id":"y"}', b'{"seq":NaN}', b"\xff\xfe", b"[" * 40 + b"]" * 40,
        json.dumps({"id": _ID, "seq": 1, "message": {"kind": "delete-everything"}}).encode(),
        json.dumps({"id": _ID, "seq": 0, "message": {"kind": "ping"}}).encode(),
        json.dumps({"id": _ID, "seq": "1", "message": {"kind": "ping"}}).encode(),
        json.dumps({"id": _ID, "seq": 1, "message": {"kind": "ping"}, "extra": 1}).encode(),
        json.dumps({"id": _ID, "seq": 1, "message": {"kind": "ping", "note": "a\0b"}}).encode(),
        json.dumps({"id": _ID, "seq": 1, "message": {"kind": "receipt-acknowledgement"}}).encode(),
    ],
)  # fmt: skip
def test_a_message_of_no_kind_of_ours_is_refused_though_signed(node: Node, content: bytes) -> None:
    answer = send(node.signed(content))
    assert answer.status_code == 400, answer.content
    assert answer["Content-Type"] == "application/problem+json"
    assert "Signature" in answer
    assert _kept(node) == 0


def test_what_was_kept_is_neither_changed_nor_removed(node: Node) -> None:
    send(node.signed(node.content()))
    for statement in (
        "UPDATE security_partnermessage SET kind = 'x'", "DELETE FROM security_partnermessage",
        "TRUNCATE security_partnermessage",
    ):  # fmt: skip
        with pytest.raises(DatabaseError), connection.cursor() as cursor:
            cursor.execute(statement)


def test_the_table_itself_takes_no_number_twice(node: Node) -> None:
    send(node.signed(node.content()))
    row = PartnerMessage.objects.filter(partner__code=node.code).values().get()
    row.pop("id")
    with pytest.raises(IntegrityError):
        PartnerMessage.objects.create(**row | {"message_id": uuid.uuid4()})


def test_replays_have_no_effect_also_after_a_restart(node: Node) -> None:
    messages = [node.signed(node.content()) for _ in range(20)]
    assert [send(one).status_code for one in messages] == [200] * 20
    assert [send(one).json()["code"] for one in messages] == ["security.message-replayed"] * 20
    assert evidence.replay_in_a_fresh_process(messages) == {"security.message-replayed": 20}
    assert _kept(node) == 20
