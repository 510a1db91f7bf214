"""Names that attack a PDF read in it as text, and nothing in it acts. A sample of tools/evidence/portal.py (T24)."""

import io
import shutil

import pikepdf
import pytest

from tests.reports import hostile_names
from xinyong.reports import printable


@pytest.mark.skipif(shutil.which("pdftotext") is None, reason="poppler-utils is not installed")
def test_three_hundred_hostile_names_read_as_they_should_and_nothing_acts() -> None:
    made = list(hostile_names.names(300))
    assert sum(printable.visible(one) != one for one in made) > 100
    assert hostile_names.faults(made) == []


def test_the_look_for_what_acts_finds_a_planted_action() -> None:
    with pikepdf.new() as pdf:
        pdf.add_blank_page()
        pdf.Root.OpenAction = pikepdf.Dictionary(S=pikepdf.Name.JavaScript, JS="app.alert(1)")
        out = io.BytesIO()
        pdf.save(out)
    assert hostile_names.active(out.getvalue()) == ["/JS", "/JavaScript", "/OpenAction"]
