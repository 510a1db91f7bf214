"""The register of processing activities is composed of what the platform knows of itself."""

from datetime import date
from pathlib import Path

import openpyxl
import pytest

from tests.catalogue import samples
from tests.intake import made
from xinyong.analytics import processing
from xinyong.analytics.processing import Line
from xinyong.catalogue import assessment, publish
from xinyong.catalogue.assessment import Reason
from xinyong.kernel import clock
from xinyong.security import audit, clients
from xinyong.security.access import PUBLIC, Actor, NotAllowed, Role

PERSONS, ORGANISATIONS = "admin-penalty-person", "admin-penalty-org"


def _register(by: Actor = made.AUDITOR) -> dict[str, Line]:
    return {one.id: one for one in processing.register(seen_by=by, on=clock.today())}


@pytest.mark.django_db
def test_every_item_in_force_with_personal_information_stands_in_it_and_no_other() -> None:
    found = _register()
    items = {one.id for one in publish.items() if assessment.fields_of(one)}
    assert {one.id for one in found.values() if one.is_item} == items
    assert {one.id for one in found.values() if not one.is_item} == set(processing.activities())
    for one in found.values():
        for name in ("title", "purpose", "categories", "subjects", "basis", "recipients", "retention", "measures"):
            assert getattr(one, f"{name}_zh"), (one.id, name)
            assert getattr(one, f"{name}_en"), (one.id, name)


@pytest.mark.django_db
def test_a_line_says_what_the_catalogue_says() -> None:
    line, item = _register()[PERSONS], publish.current(PERSONS)
    assert set(line.fields) == {one.code for one in item.fields}
    assert (line.retention_zh, line.disclosure_zh) == ("自决定之日起 5 年", "授权查询")
    assert (line.subjects_zh, set(line.reasons)) == ("自然人", {Reason.SENSITIVE, Reason.SHARING})
    assert "个人信息保护法" in line.basis_zh
    assert "GB" not in line.basis_zh  # a standard is no legal basis
    own = _register()[ORGANISATIONS]
    assert set(own.fields) == assessment.fields_of(publish.current(ORGANISATIONS))


@pytest.mark.django_db
def test_it_says_which_assessment_covers_a_line_until_when() -> None:
    before = _register()
    assert before[PERSONS].is_lacking
    assert not before["audit-log"].is_lacking
    number = samples.assessed(publish.current(PERSONS), days=100)
    after = _register()
    assert (after[PERSONS].assessment_id, after[PERSONS].is_lacking) == (number, False)
    assert after[PERSONS].assessed_until is not None
    assert (after[PERSONS].assessed_until - clock.today()).days == 100
    assert after[ORGANISATIONS] == before[ORGANISATIONS]


@pytest.mark.django_db
def test_who_hands_in_and_who_reads_stand_in_it() -> None:
    from xinyong.records.models import Tally

    unit, reader = made.department("云溪市示例税务局"), made.department("云溪市示例大数据局")
    Tally.objects.create(
        item_id=PERSONS, source_id=unit.id, month=date(2026, 5, 1), records=1, submission_id=1, deposited_at=clock.now()
    )
    for name, items in (("看板", None), ("只看许可", ["admin-licence-org"])):
        clients.register(
            name=name, department=reader.code, scopes=["read:shared"], networks=["10.0.0.0/8"], items=items, by=made.SYSTEM,
            now=clock.now(),
        )  # fmt: skip
    found = _register()
    assert found[PERSONS].sources == ("云溪市示例税务局",)
    assert found[PERSONS].recipients_zh == ("经复核的特殊查询（逐次登记用途）",)
    programs = {one.name: one.items for one in clients.recipients(seen_by=made.AUDITOR)}
    assert programs == {"看板": None, "只看许可": ("admin-licence-org",)}


@pytest.mark.django_db
def test_page_json_and_workbook_say_the_same_and_each_leaves_an_entry(tmp_path: Path) -> None:
    lines = _register(made.OPERATOR)
    said = processing.plain(seen_by=made.OPERATOR, on=clock.today())
    assert [one["id"] for one in said["activities"]] == list(lines)
    assert {one["id"]: one["is_lacking"] for one in said["activities"]} == {k: v.is_lacking for k, v in lines.items()}
    path = tmp_path / "register.xlsx"
    assert processing.export(path, seen_by=made.OPERATOR, on=clock.today()) == len(lines)
    sheet = openpyxl.load_workbook(path).worksheets[0]
    assert [row[0].value for row in sheet.iter_rows(min_row=3)] == [one.title_zh for one in lines.values()]
    events = [one.event for one in audit.entries(seen_by=made.AUDITOR, limit=3)]
    assert events == ["processing-exported", "processing-exported", "data-duties-viewed"]


@pytest.mark.django_db
@pytest.mark.parametrize(
    "by", [PUBLIC, Actor(role=Role.READER, name="reader"), Actor(role=Role.SYSTEM_ADMIN, name="sys")]
)
def test_it_is_for_operators_and_auditors(by: Actor, tmp_path: Path) -> None:
    for ask in (processing.register, processing.plain):
        with pytest.raises(NotAllowed):
            ask(seen_by=by, on=clock.today())
    with pytest.raises(NotAllowed):
        processing.export(tmp_path / "x.xlsx", seen_by=by, on=clock.today())
