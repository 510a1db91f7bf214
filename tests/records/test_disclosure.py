"""The last line before a page: which fields a sight can receive, whatever the catalogue may say."""

from dataclasses import replace
from pathlib import Path

import pytest
from django.db import connection, transaction

from tests.intake import made
from tests.intake.made import Organisation
from xinyong.catalogue import publish
from xinyong.catalogue.schema import Grade, Item
from xinyong.intake import revert, usage
from xinyong.kernel import clock
from xinyong.records import disclosure, dossier
from xinyong.security import identity, separation
from xinyong.security.access import PUBLIC, Actor, Role

READER = Actor(role=Role.READER, name="reader")


def _one_field(item: Item, grade: Grade, *, is_personal: bool) -> Item:
    """The item under a name of its own, its first field graded so: as no catalogue that was checked says."""
    first, *others = item.fields
    name = f"{item.id}-{grade.value}-{is_personal}".lower()
    return replace(item, id=name, fields=(replace(first, grade=grade, is_personal=is_personal), *others))


@pytest.mark.usefixtures("db")
@pytest.mark.parametrize(
    ("grade", "is_personal", "public", "shared"),
    [
        (Grade.PUBLIC, False, True, True), (Grade.PUBLIC, True, False, True), (Grade.SHARED, False, False, True),
        (Grade.SHARED, True, False, True), (Grade.AUTHORISED, False, False, False), (Grade.INTERNAL, True, False, False),
    ],
)  # fmt: skip
def test_a_field_is_received_within_its_grade_and_a_personal_one_never_by_the_public(
    grade: Grade, is_personal: bool, public: bool, shared: bool
) -> None:
    item = _one_field(publish.current("admin-penalty-org", on=made.TODAY), grade, is_personal=is_personal)
    code = item.fields[0].code
    assert (code in disclosure.fields_of(item, disclosure.public_sight())) is public
    assert (code in disclosure.fields_of(item, disclosure.sight(PUBLIC))) is public
    assert (code in disclosure.fields_of(item, disclosure.sight(READER))) is shared


@pytest.mark.usefixtures("lasting_db")
def test_what_departments_share_is_not_on_the_public_file(tmp_path: Path) -> None:
    """The library's own example of an item that is shared, not public."""
    item, company = publish.current("credit-commitment"), Organisation("91990102MA00000070", "云溪市示例商贸有限公司")
    made.register(company)
    unit = identity.register_department(code="11990100MA0000007B", name="云溪市示例管理局", by=made.SYSTEM)
    row = dict(usage.of(item, on=clock.today(), origin="https://credit.example.gov.cn").row)
    assert made.hand_in(made.csv_file(tmp_path / "a.csv", [row]), item.id, unit, at=clock.now()).counts.accepted == 1

    def items(who: Actor) -> set[str]:
        file = dossier.of(company.code, as_of=clock.today(), seen_by=who, purpose="inspection: 示例检查事项")
        return {one.item_id for section in file.sections for one in section.records}

    assert item.disclosure is Grade.SHARED
    assert items(READER) == {item.id}
    assert items(PUBLIC) == set()


def _in_sight(seen: disclosure.Sight, **chosen: object) -> int:
    """How many newest versions a sight's predicate lets through: without the verbs that filter once more."""
    newest = "SELECT max(n.version) FROM record n WHERE n.subject_id = r.subject_id AND n.key_digest = r.key_digest"
    with connection.cursor() as cursor:
        where = "".join(f" AND r.{name} = %({name})s" for name in chosen)
        cursor.execute(
            f"SELECT count(*) FROM record r WHERE r.version = ({newest}) AND {seen.predicate}{where}",
            {"as_of": clock.today()} | seen.parameters | chosen,
        )
        return int(cursor.fetchone()[0])


@pytest.mark.usefixtures("lasting_db")
def test_the_publics_predicate_by_itself_knows_neither_what_is_shared_nor_what_was_withdrawn(tmp_path: Path) -> None:
    unit, who = made.department(), made.organisation()
    made.register(who)
    shared = publish.current("credit-commitment")
    row = dict(usage.of(shared, on=clock.today(), origin="https://credit.example.gov.cn").row)
    made.register(Organisation("91990102MA00000070", "云溪市示例商贸有限公司"))
    source = identity.register_department(code="11990100MA0000007B", name="云溪市示例管理局", by=made.SYSTEM)
    assert (
        made.hand_in(made.csv_file(tmp_path / "a.csv", [row]), shared.id, source, at=clock.now()).counts.accepted == 1
    )
    public = made.penalty_row(who, unit, CF_JDRQ=clock.today().isoformat())
    view = made.hand_in(made.csv_file(tmp_path / "b.csv", [public]), "admin-penalty-org", unit, at=clock.now())
    everybody = disclosure.public_sight()
    assert _in_sight(everybody, item_id=shared.id) == 0
    assert _in_sight(everybody, item_id="admin-penalty-org") == 1
    with separation.as_owner(), transaction.atomic(), connection.cursor() as cursor:
        # A row that says it is shared though it has days of publicity, which no verb writes.
        cursor.execute("SET LOCAL session_replication_role = replica; UPDATE record SET disclosure = 'shared'")
        assert _in_sight(everybody, item_id="admin-penalty-org") == 0
        transaction.set_rollback(True)
    revert.begin(view.id, reason="报错了所属月份", by=made.OPERATOR)
    revert.finish(view.id, by=made.OPERATOR)
    assert _in_sight(everybody, item_id="admin-penalty-org") == 0
