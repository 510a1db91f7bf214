"""What needs two persons: asked by one, decided by another, for exactly that, once, in time."""

from dataclasses import replace
from datetime import timedelta

import pytest
from django.db import DatabaseError, connection, transaction

from tests.catalogue import samples
from tests.security.people_made import OWNER, Hall, start
from xinyong.catalogue import load, publish
from xinyong.security import access, approvals, audit, grants
from xinyong.security.access import Role
from xinyong.security.approvals import Kind

pytestmark = pytest.mark.django_db
WHAT = {"item": "honour", "rows": 900}


@pytest.fixture
def hall() -> Hall:
    """Two operators, and a third who stands in for the first."""
    hall = Hall(start())
    for name in ("first", "second", "third"):
        hall.owner_makes(name, Role.OPERATOR)
    hall.owner_makes("safety", Role.SECURITY_ADMIN)
    hall.owner_makes("auditor", Role.AUDITOR)
    return hall


def ask(hall: Hall, by: str = "first", payload: dict[str, object] | None = None) -> approvals.Request:
    return approvals.ask(
        Kind.EXPORT_SHARED, payload or WHAT, object_ref="honour", reason="联合检查", purpose="行政管理", by=hall.actor(by),
        at=hall.now,
    )  # fmt: skip


def use(hall: Hall, by: str = "first", payload: dict[str, object] | None = None) -> approvals.Request:
    with transaction.atomic():
        return approvals.use(Kind.EXPORT_SHARED, payload or WHAT, by=hall.actor(by), at=hall.now)


def events() -> list[str]:
    return [one.event for one in audit.entries(seen_by=OWNER, limit=50) if one.object_kind == "approval"][::-1]


def test_asked_agreed_and_used_once(hall: Hall) -> None:
    asked = ask(hall)
    assert ask(hall).id == asked.id, "pressed twice"
    with pytest.raises(approvals.ConsentNeeded):
        use(hall)
    assert [one.id for one in approvals.waiting(seen_by=hall.actor("second"), at=hall.now)] == [asked.id]
    assert approvals.waiting(seen_by=hall.actor("first"), at=hall.now) == []
    assert hall.agree(asked, hall.actor("second")).state == "approved"
    assert use(hall).state == "used"
    with pytest.raises(approvals.ConsentNeeded):
        use(hall)
    assert events() == ["approval-asked", "approval-given", "approval-used"]


def test_consent_is_for_exactly_what_was_asked_and_for_the_one_who_asked(hall: Hall) -> None:
    hall.agree(ask(hall), hall.actor("second"))
    for payload in ({**WHAT, "rows": 901}, {"item": "honour"}, {**WHAT, "more": None}):
        with pytest.raises(approvals.ConsentNeeded):
            use(hall, payload=payload)
    with pytest.raises(approvals.ConsentNeeded):
        use(hall, by="third")
    with transaction.atomic(), pytest.raises(approvals.ConsentNeeded):
        approvals.use(Kind.SPECIAL_QUERY, WHAT, by=hall.actor("first"), at=hall.now)
    use(hall)


def test_nobody_decides_their_own_nor_through_somebody_who_stands_in(hall: Hall) -> None:
    asked = ask(hall)
    with pytest.raises(approvals.OwnRequest) as refused:
        hall.agree(asked, hall.actor("first"))
    assert refused.value.__cause__ is None, "the program itself said no; the table, which would, was not asked"
    own = hall.actor("third").grant_id
    passed_on = grants.delegate(
        hall.actor("first").grant_id or 0, to=hall.ids["third"], valid_to=hall.now + timedelta(days=3), reason="休假",
        by=hall.actor("first"), at=hall.now,
    )  # fmt: skip
    with pytest.raises(approvals.OwnRequest):
        hall.agree(asked, hall.actor("third", passed_on.id))
    as_delegate = approvals.ask(
        Kind.EXPORT_SHARED, {"by": "delegate"}, object_ref="x", reason="x", by=hall.actor("third", passed_on.id),
        at=hall.now,
    )  # fmt: skip
    with pytest.raises(approvals.OwnRequest):
        hall.agree(as_delegate, hall.actor("first"))
    hall.agree(asked, hall.actor("third", own))


@pytest.mark.parametrize("name", ["auditor", "safety"])
def test_only_the_role_that_the_kind_names_decides(hall: Hall, name: str) -> None:
    with pytest.raises((access.NotAllowed, approvals.UnknownRequest)):
        hall.agree(ask(hall), hall.actor(name))


def test_a_refusal_is_final_and_a_new_request_is_another(hall: Hall) -> None:
    asked = ask(hall)
    approvals.decide(asked.id, agrees=False, reason="范围过大", by=hall.actor("second"), at=hall.now)
    with pytest.raises(approvals.AlreadyDecided):
        hall.agree(asked, hall.actor("second"))
    with pytest.raises(approvals.ConsentNeeded):
        use(hall)
    assert ask(hall).id != asked.id
    assert approvals.find(asked.id, seen_by=hall.actor("first"), at=hall.now).decision_reason == "范围过大"


def test_what_was_not_decided_or_used_in_time_is_over_and_noted(hall: Hall) -> None:
    undecided, unused = ask(hall), ask(hall, payload={"other": 1})
    hall.agree(unused, hall.actor("second"))
    hall.wait(days=7)
    with pytest.raises(approvals.AlreadyDecided):
        hall.agree(undecided, hall.actor("second"))
    with pytest.raises(approvals.ConsentNeeded):
        use(hall, payload={"other": 1})
    assert approvals.note_lapsed(by=OWNER, at=hall.now) == 2
    assert approvals.note_lapsed(by=OWNER, at=hall.now) == 0
    assert events().count("approval-lapsed") == 2
    assert approvals.find(unused.id, seen_by=hall.actor("auditor"), at=hall.now).state == "expired"


def test_a_role_that_may_not_do_it_cannot_ask_and_others_see_no_request(hall: Hall) -> None:
    with pytest.raises(access.NotAllowed):
        ask(hall, by="auditor")
    asked = ask(hall)
    with pytest.raises(approvals.UnknownRequest):
        approvals.find(asked.id, seen_by=hall.actor("safety"), at=hall.now)
    stale = replace(hall.actor("first"), is_fresh=False)
    with pytest.raises(access.FactorNeeded):
        approvals.ask(Kind.EXPORT_SHARED, WHAT, object_ref="x", reason="x", by=stale, at=hall.now)


@pytest.mark.parametrize(
    "change",
    [
        "outcome = 'approved', decided_by_id = asked_by_id, decided_under_id = asked_under_id, decided_at = asked_at",
        "outcome = 'approved'",
        "used_at = asked_at",
        "digest = 'x'",
        "expires_at = 'infinity'",
        "facts = '{}'",
    ],
)
def test_no_statement_shortens_the_way(hall: Hall, change: str) -> None:
    ask(hall)
    with pytest.raises(DatabaseError), transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(f"UPDATE security_approval SET {change}")


def test_a_catalogue_version_is_published_by_two(hall: Hall) -> None:
    item = load.load_item(samples.ITEM)
    first = hall.actor("first")
    publish.draft(item, by=first)
    with pytest.raises(approvals.ConsentNeeded):
        publish.publish(item.id, item.version, by=first)
    hall.now = start()
    asked = publish.ask_to_publish(item.id, item.version, reason="年度修订", by=first)
    hall.now = start()
    hall.agree(asked, hall.actor("second"))
    publish.draft(replace(item, source="另一个机关"), by=first)
    with pytest.raises(approvals.ConsentNeeded):
        publish.publish(item.id, item.version, by=first)
    publish.draft(item, by=first)
    publish.publish(item.id, item.version, by=first)
    assert next(one for one in publish.versions(item.id)).status == "published"
    entry = next(one for one in audit.entries(seen_by=OWNER) if one.event == "catalogue-published")
    assert entry.facts["consent"] == asked.id
    with pytest.raises(publish.OutOfOrder):
        publish.ask_to_publish(item.id, item.version, reason="x", by=first)
