"""The tutorial is true: its workbooks are what the script makes, its organisations stand in the city, its counts come out."""

import io
from datetime import date, datetime
from pathlib import Path

import numpy as np
import openpyxl
import pyarrow as pa
import pytest
from django.db import transaction

from tools import tutorial_files
from xinyong.intake import returned, submit
from xinyong.intake.outcome import Counts
from xinyong.intake.views import SubmissionView
from xinyong.kernel import clock
from xinyong.operations.synthetic import inhabitants
from xinyong.operations.synthetic.organisations import City, Organisations
from xinyong.security import identity
from xinyong.security.access import system
from xinyong.subjects import registry

FOLDER = Path(__file__).parents[2] / "docs" / "tutorial"
RECEIVED = datetime(2026, 11, 20, 9, tzinfo=clock.ZONE)


def _cells(book: Path | io.BytesIO) -> list[tuple[object, ...]]:
    return list(openpyxl.load_workbook(book).worksheets[0].iter_rows(values_only=True))


def _organisations(subjects: int) -> dict[str, tuple[str, str]]:
    city = Organisations(City(7, subjects, 0, date(2026, 11, 20)), np.arange(60))
    rows = zip(*(column.to_pylist() for column in (city.codes, city.names, city.representatives)), strict=True)
    return {code: (name, person) for code, name, person in rows}


@pytest.mark.parametrize("name", ["licences.xlsx", "licences-corrected.xlsx"])
def test_the_workbooks_are_what_the_script_makes(name: str) -> None:
    assert _cells(FOLDER / name) == _cells(io.BytesIO(tutorial_files.workbooks()[name])), (
        "python -m tools.tutorial_files"
    )


@pytest.mark.parametrize("subjects", [300, 20_000])
def test_its_organisations_and_its_department_stand_in_the_city(subjects: int) -> None:
    known = _organisations(subjects)
    for name, _, code, person, *_ in _cells(FOLDER / "licences-corrected.xlsx")[2:]:
        assert known[str(code)] == (name, person)
    assert tutorial_files.SOURCE in {one.code for one in inhabitants().departments}


@pytest.mark.usefixtures("lasting_db")
def test_the_file_and_its_correction_come_out_as_the_tutorial_says(tmp_path: Path) -> None:
    by = system("test")
    unit = next(one for one in inhabitants().departments if one.code == tutorial_files.SOURCE)
    identity.register_department(code=unit.code, name=unit.name, by=by)
    _register_subjects()
    first, second = (_submit(FOLDER / name) for name in ("licences.xlsx", "licences-corrected.xlsx"))
    assert first.counts == Counts(rows_read=9, accepted=3, doubtful=1, rejected=4, duplicate=1)
    assert second.counts == Counts(rows_read=8, accepted=5, unchanged=3)
    assert second.corrects == first.id

    returned.write(first.id, to=tmp_path / "feedback.xlsx", seen_by=by)
    sheet = openpyxl.load_workbook(tmp_path / "feedback.xlsx")["行政许可"]  # the sender's own sheet, not a new one
    marked = {cell.coordinate for row in sheet.iter_rows() for cell in row if cell.comment}
    assert marked == {"C6", "A7", "C8", "L9", "B10", "F11"}


def _register_subjects() -> None:
    rows = [row[:4] for row in _cells(FOLDER / "licences-corrected.xlsx")[2:]]
    table = pa.table({"code": [str(row[2]) for row in rows], "name": [str(row[0]) for row in rows]})
    with transaction.atomic():
        registry.register(table, known_at=RECEIVED)


def _submit(path: Path) -> SubmissionView:
    by = system("test")
    received = submit.receive(
        path, item_id="admin-licence-org", source_code=tutorial_files.SOURCE, file_name=path.name, by=by,
        received_at=RECEIVED,
    )  # fmt: skip
    return submit.run(received.id, by=by)
