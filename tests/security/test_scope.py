"""The second wall: what the database shows is the actor's, also where a query has lost its own filter."""

import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import time_machine
from django.db import OperationalError, connection
from django.test import Client

from tests.conftest import _empty
from tests.intake import made
from tests.signing import signed_in
from xinyong.intake import views
from xinyong.intake.models import Finding, Submission
from xinyong.records.models import Record
from xinyong.security import identity, scope
from xinyong.security.access import Actor, Role
from xinyong.security.identity import SourceUnit
from xinyong.security.models import AuditEntry, Department


class Two:
    """Two units, each with a file of its own: a good row and a wrong one, one item public, one shared."""

    def __init__(self, folder: Path) -> None:
        self.units: list[SourceUnit] = [made.department("云溪市甲示例局"), made.department("云溪市乙示例局")]
        self.submissions: list[int] = []
        for number, unit in enumerate(self.units):
            who = made.organisation()
            made.register(who)
            rows = [made.penalty_row(who, unit), made.penalty_row(who, unit, CF_JDRQ="2026年13月5日")]
            path = made.csv_file(folder / f"{number}.csv", rows)
            self.submissions.append(made.hand_in(path, "admin-penalty-org", unit).id)
            identity.create_account(
                username=f"clerk-{number}", password="correct horse battery staple", display_name="报送员",
                role="source_unit", department=unit.code, by=made.SYSTEM,
            )  # fmt: skip


@pytest.fixture(scope="module")
def two(django_db_setup: None, django_db_blocker: Any, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Two]:
    with django_db_blocker.unblock(), time_machine.travel(made.NOW, tick=True):
        yield Two(tmp_path_factory.mktemp("two"))
        _empty()


def clerk(unit: SourceUnit, **more: Any) -> Actor:
    return Actor(role=Role.SOURCE_UNIT, name="clerk", department=unit.code, **more)


def test_without_a_scope_nothing_is_seen(two: Two) -> None:
    kept, scope._standing[0] = scope._standing[0], scope._NOBODY
    try:
        connection.close()
        assert [model.objects.count() for model in (Submission, Finding, Record, AuditEntry)] == [0, 0, 0, 0]
    finally:
        scope._standing[0] = kept
        connection.close()


def test_a_query_that_has_lost_its_filter_shows_only_what_is_the_units_own(
    two: Two, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(views, "within", lambda actor: Submission.objects.all())
    for place, unit in enumerate(two.units):
        with scope.acting(clerk(unit)):
            assert [one.id for one in views.submissions(seen_by=clerk(unit))] == [two.submissions[place]]
            with pytest.raises(views.UnknownSubmission):
                views.submission(two.submissions[1 - place], seen_by=clerk(unit))
            assert set(Finding.objects.values_list("submission_id", flat=True)) == {two.submissions[place]}


def test_the_verbs_filter_by_themselves_where_the_database_would_show_all(two: Two) -> None:
    for place, unit in enumerate(
        two.units
    ):  # nobody is acting here but the platform, to which the database shows everything
        assert [one.id for one in views.submissions(seen_by=clerk(unit))] == [two.submissions[place]]
        with pytest.raises(views.UnknownSubmission):
            views.submission(two.submissions[1 - place], seen_by=clerk(unit))
        with pytest.raises(views.UnknownSubmission):
            views.findings(two.submissions[1 - place], seen_by=clerk(unit))


@pytest.mark.parametrize(
    ("role", "submissions", "findings", "entries"),
    [
        (Role.PUBLIC, 0, 0, False), (Role.READER, 0, 0, False), (Role.UNIT_ADMIN, 0, 0, False),
        (Role.SYSTEM_ADMIN, 0, 0, False), (Role.SECURITY_ADMIN, 0, 0, False), (Role.PARTNER, 0, 0, False),
        (Role.AUDITOR, 2, 0, True), (Role.OPERATOR, 2, 2, False), (Role.SYSTEM, 2, 2, True),
    ],
)  # fmt: skip
def test_each_role_sees_of_the_tables_what_the_policy_gives_it(
    two: Two, role: Role, submissions: int, findings: int, entries: bool
) -> None:
    with scope.acting(Actor(role=role, name="somebody")):
        assert (Submission.objects.count(), Finding.objects.values("submission_id").distinct().count()) == (
            submissions, findings,
        )  # fmt: skip
        assert AuditEntry.objects.exists() is entries


def records(actor: Actor) -> set[int]:
    """Whose records the bare table shows."""
    with scope.acting(actor):
        return set(Record.objects.values_list("source_id", flat=True))


def test_a_division_shares_with_those_above_and_below_it_not_with_its_neighbours(two: Two) -> None:
    first, second = two.units
    regions = {first.id: "990102", second.id: "990103"}
    for pk, region in regions.items():
        Department.objects.filter(pk=pk).update(region_code=region)
    try:
        reader = Actor(role=Role.READER, name="reader", region="990102")
        assert scope.reach_of("990102") == [first.id]
        assert scope.reach_of("990100") == [first.id, second.id]
        assert scope.reach_of("990104") == [-1]
        Department.objects.filter(pk=second.id).update(region_code="990100")
        assert scope.reach_of("990102") == [first.id, second.id]
        Department.objects.filter(pk=second.id).update(region_code="990103")
        with scope.acting(reader):  # what is public anyway is seen by everybody: look at what is not
            hidden = Record.objects.filter(publish_from__isnull=True) | Record.objects.exclude(disclosure="public")
            assert set(hidden.values_list("source_id", flat=True)) <= {first.id}
    finally:
        Department.objects.filter(pk__in=regions).update(region_code="")


def test_a_grant_for_one_item_shows_nothing_of_another_that_is_not_public(two: Two) -> None:
    unit = two.units[0]
    with scope.acting(clerk(unit, items=frozenset({"admin-licence-org"}))):
        assert Submission.objects.count() == 0
        assert Finding.objects.count() == 0


def test_a_rollback_brings_nobodys_scope_back(two: Two) -> None:
    from django.db import transaction

    first, second = two.units
    with scope.acting(clerk(first)):
        try:
            with transaction.atomic():
                assert Submission.objects.count() == 1
                raise RuntimeError
        except RuntimeError:
            pass
        assert [one.source_id for one in Submission.objects.all()] == [first.id]
    with scope.acting(clerk(second)):
        assert [one.source_id for one in Submission.objects.all()] == [second.id]


def test_a_connection_that_broke_within_a_request_is_replaced_by_one_that_shows_no_more(two: Two) -> None:
    with scope.acting(clerk(two.units[0])):
        connection.close()
        assert [one.source_id for one in Submission.objects.all()] == [two.units[0].id]


def interleaved(two: Two, requests: int, signed_in: Callable[[Client, str], Client]) -> list[str]:
    """Requests of both tenants in four threads, each thread serving both in turn on its one connection; what went wrong."""
    wrong: list[str] = []

    def serve(thread: int) -> None:
        try:
            clients = []
            for place in range(2):
                clients.append(Client())
                signed_in(clients[-1], f"clerk-{place}")
            for number in range(requests // 4):
                place = (number + thread) % 2
                own, other = two.submissions[place], two.submissions[1 - place]
                mine = clients[place].get(f"/office/submissions/{own}/")
                theirs = clients[place].get(f"/office/submissions/{other}/")
                if mine.status_code != 200 or theirs.status_code != 404:
                    wrong.append(f"{place}: {mine.status_code} {theirs.status_code}")
                if two.units[1 - place].name in mine.content.decode():
                    wrong.append(f"{place}: the other's name")
        finally:
            connection.close()

    threads = [threading.Thread(target=serve, args=(number,)) for number in range(4)]
    for one in threads:
        one.start()
    for one in threads:
        one.join()
    return wrong


def test_a_database_that_fails_as_somebody_comes_in_leaves_nobodys_scope_behind(
    two: Two, monkeypatch: pytest.MonkeyPatch
) -> None:
    before, tell = scope._present.get(), scope._tell

    def down(what: scope.Settings) -> None:
        monkeypatch.setattr(scope, "_tell", tell)
        raise OperationalError("the server closed the connection")

    monkeypatch.setattr(scope, "_tell", down)
    with pytest.raises(OperationalError), scope.acting(clerk(two.units[0])):
        raise AssertionError("nobody comes in")
    assert scope._present.get() == before


def test_two_tenants_on_shared_connections_never_read_each_others_submissions(
    two: Two, monkeypatch: pytest.MonkeyPatch, request: pytest.FixtureRequest
) -> None:
    """With the query's own filter taken away, so that it is the database's wall alone that holds."""
    monkeypatch.setattr(views, "within", lambda actor: Submission.objects.all())

    assert interleaved(two, request.config.getoption("--interleaved"), signed_in) == []


def _stands_as() -> str:
    with connection.cursor() as cursor:
        cursor.execute("SELECT current_setting('xinyong.role', true)")
        return str(cursor.fetchone()[0] or "")


@pytest.fixture
def nobody() -> Iterator[None]:
    """As in a web process: without a request nobody is acting."""
    kept, scope._standing[0] = scope._standing[0], scope._NOBODY
    connection.close()
    yield
    scope._standing[0] = kept
    connection.close()


def test_an_answer_that_is_sent_leaves_nobody_behind(two: Two, nobody: None) -> None:
    with scope.answering(clerk(two.units[0])):
        assert Submission.objects.count() == 1
    scope.leave()
    assert (_stands_as(), Submission.objects.count()) == ("", 0)
    assert Client().get("/").status_code == 200
    assert _stands_as() == ""


def test_an_answer_that_was_never_closed_shows_the_next_one_nothing(two: Two, nobody: None) -> None:
    with scope.answering(clerk(two.units[0])):
        pass
    with scope.answering(clerk(two.units[1])):
        assert {one.source_id for one in Submission.objects.all()} == {two.units[1].id}
    with pytest.raises(ZeroDivisionError), scope.answering(clerk(two.units[0])):
        raise ZeroDivisionError
    scope.leave()
    assert Submission.objects.count() == 0


def test_whom_the_connection_cannot_be_told_of_is_gone_with_it(two: Two, nobody: None) -> None:
    with scope.answering(clerk(two.units[0])):
        connection.connection.close()  # as a server that goes does it
    scope.leave()
    assert connection.connection is None
    assert (_stands_as(), Submission.objects.count()) == ("", 0)
