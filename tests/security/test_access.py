"""The policy's conditions, each by itself: whose, where, which item, how lately proven."""

import pytest

from xinyong.security.access import (
    BOUNDED,
    DECIDED_BY_PEOPLE,
    NEEDS_FRESH_FACTOR,
    NEEDS_TWO,
    POLICY,
    Action,
    Actor,
    FactorNeeded,
    NotAllowed,
    Role,
    may,
    reaches,
    require,
    significant,
)

UNIT, OTHER = "11990102MA0000001X", "11990103MA0000002X"


@pytest.mark.parametrize(
    ("region", "digits"),
    [("", ""), ("990000", "99"), ("990100", "9901"), ("990102", "990102"), ("990110", "990110"), ("100000", "10"),
     ("990102003", "990102003")],
)  # fmt: skip
def test_a_division_is_its_significant_digits(region: str, digits: str) -> None:
    assert significant(region) == digits


@pytest.mark.parametrize(
    ("region", "other", "is_within"),
    [("", "990102", True), ("990100", "990102", True), ("990102", "990102", True), ("990102", "990102003", True),
     ("990102", "990100", False), ("990102", "990103", False), ("990110", "990111", False), ("980100", "990102", False)],
)  # fmt: skip
def test_a_division_reaches_itself_and_what_lies_within(region: str, other: str, is_within: bool) -> None:
    assert reaches(region, other) is is_within
    reader = Actor(role=Role.READER, name="reader", region=region)
    assert may(reader, Action.VIEW_SHARED, region=other) is is_within


@pytest.mark.parametrize("role", list(BOUNDED))
def test_what_is_bounded_is_ones_own(role: Role) -> None:
    somebody = Actor(role=role, name="somebody", department=UNIT)
    for action in BOUNDED[role]:
        assert may(somebody, action, department=UNIT)
        assert not may(somebody, action, department=OTHER)
        assert not may(Actor(role=role, name="nowhere"), action, department=OTHER)


def test_a_grant_for_some_items_is_for_no_others() -> None:
    clerk = Actor(role=Role.SOURCE_UNIT, name="clerk", department=UNIT, items=frozenset({"honour"}))
    assert may(clerk, Action.SUBMIT, department=UNIT, item="honour")
    assert not may(clerk, Action.SUBMIT, department=UNIT, item="admin-penalty-org")
    with pytest.raises(NotAllowed):
        require(clerk, Action.SUBMIT, department=UNIT, item="admin-penalty-org")


@pytest.mark.parametrize("action", sorted(NEEDS_FRESH_FACTOR))
def test_dangerous_acts_ask_for_the_second_factor_again(action: Action) -> None:
    role = next(role for role in POLICY[action] if role is not Role.SYSTEM)
    stale = Actor(role=role, name="somebody", department=UNIT, is_fresh=False)
    assert may(stale, action)
    with pytest.raises(FactorNeeded):
        require(stale, action)
    require(Actor(role=role, name="somebody", department=UNIT), action)


def test_what_needs_two_persons_needs_them_fresh() -> None:
    assert NEEDS_TWO <= NEEDS_FRESH_FACTOR


@pytest.mark.parametrize("role", list(Role))
def test_every_role_has_exactly_the_actions_written_here(role: Role) -> None:
    """A second writing-down of the policy, by role instead of by action: a change must be made twice."""
    everybody = {"view-public", "sign-in", "issue-report"}
    staff = {"use-office", "own-account"}
    works = staff | {"delegate"}
    more = {
        "public": set(),
        "source_unit": works | {
            "submit", "revert", "view-submission", "read-findings", "view-receipt", "view-shared", "view-catalogue",
            "view-docking", "declare", "view-rates", "view-bulletin", "settle-doubts", "view-lineage", "view-notices",
            "read-notices", "view-tasks", "report-task", "view-objections", "answer-objection",
            "view-repairs", "decide-repair", "record-guidance", "annul-record",
            "query", "ask-consent",
            "view-complaints", "answer-complaint",
        },
        "unit_admin": works | {"view-people", "grant", "view-notices", "read-notices", "set-channels"},
        "reader": works | {
            "view-shared", "special-query", "export-shared", "query", "ask-consent", "break-glass",
            "view-complaints", "answer-complaint",
        },
        "operator": works | {
            "submit", "revert", "view-submission", "read-findings", "view-receipt", "view-shared", "special-query", "export-shared",
            "review-links", "manage-drops", "manage-feeds", "view-catalogue", "manage-catalogue", "publish-catalogue", "manage-tables", "approve",
            "view-docking", "manage-docking", "declare", "oversee-reporting", "view-rates", "view-bulletin", "issue-bulletin",
            "settle-doubts", "waive-doubts", "view-lineage", "view-notices", "set-channels", "oversee-notices", "view-tasks",
            "report-task", "manage-tasks", "manage-work", "view-mandates", "give-mandates", "check-declared",
            "view-objections", "answer-objection", "view-repairs", "decide-repair", "record-guidance", "annul-record",
            "query", "break-glass",
            "issue-special", "revoke-report",
            "admit-persons",
            "assess-impact", "view-data-duties",
            "view-complaints", "answer-complaint", "view-appeals", "decide-appeal", "view-feedback",
        },
        "system_admin": staff | {"manage-accounts", "manage-units", "manage-clients", "view-people", "view-evidence"},
        "security_admin": staff | {
            "approve", "view-people", "grant", "reset-factor", "rotate-keys", "explain-access", "view-evidence", "review-alarms",
        },
        "auditor": staff | {
            "view-submission", "view-receipt", "view-catalogue", "view-people", "explain-access", "view-audit", "export-audit",
            "view-evidence", "view-rates", "view-bulletin", "view-tasks", "review-alarms", "view-data-duties",
            "view-feedback",
        },
        "client": {
            "submit", "view-submission", "read-findings", "view-receipt", "view-shared", "call-api", "query", "ask-consent",
            "acknowledge-repair",
        },
        "partner": {"exchange", "acknowledge-repair"},
        "subject": {
            "own-account", "declare-own", "view-own", "view-about-me", "take-about-me", "appoint-agents", "read-own-notices",
            "set-own-channels", "give-consent", "view-access-log", "object", "apply-repair", "issue-special",
            "complain", "appeal", "give-feedback",
        },
        "person": {
            "own-account", "view-about-me", "take-about-me", "erase-me", "claim-organisation", "read-own-notices",
            "set-own-channels", "give-consent", "view-access-log", "object", "complain", "appeal", "give-feedback",
        },
    }  # fmt: skip
    has = {action.value for action in Action if role in POLICY[action]}
    if role is Role.SYSTEM:
        decided = {"decide-repair", "give-consent", "review-alarms", "break-glass"}
        assert decided == DECIDED_BY_PEOPLE
        assert not has & decided, "what weighs on somebody is decided by people (INV-74)"
        assert has >= {action.value for action in Action} - {"own-account", "delegate"} - everybody - decided
    else:
        assert has - everybody == more[role.value]
