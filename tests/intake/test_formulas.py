"""No exporter turns a text into a formula (security.md §3-25, T1). At full size: ``make evidence``, S3-25."""

import ast
from pathlib import Path

from hypothesis import given
from hypothesis import strategies as st

from tests.intake.hostile import formulas
from tools.evidence.hostile import export_formulas
from xinyong.kernel.cells import harmless

PACKAGE = Path(__file__).parent.parent.parent / "xinyong"
#: the one CSV writer; bulk loading into the database, which no spreadsheet opens; the demo's departments, who are no program
CSV_WRITERS = {"kernel/cells.py"}


def test_no_exporter_writes_a_formula(tmp_path: Path) -> None:
    found = export_formulas(400, tmp_path)
    assert found.formulas == []
    assert found.changed == []
    assert found.bare > 100


@given(st.text(st.sampled_from("=+-@\t\r\n\0＝＋－＠﹦ a1.'\u3000\u200b\u00ad\x01\x85"), max_size=6))
def test_no_text_in_a_csv_begins_like_a_formula(text: str) -> None:
    out = harmless(text)
    assert not formulas.runs(out)
    assert out.removeprefix("'").replace("\0", "") == text.replace("\0", "").removeprefix("'") or out == text
    assert harmless(out) == out


def test_every_csv_is_written_by_the_one_writer_and_every_workbook_opened_with_its_options() -> None:
    strays = []
    for path in sorted(PACKAGE.rglob("*.py")):
        name = str(path.relative_to(PACKAGE))
        if name in CSV_WRITERS or name.startswith("operations/synthetic/"):
            continue
        text = path.read_text(encoding="utf-8")
        for node in ast.walk(ast.parse(text)):
            if not isinstance(node, ast.Call):
                continue
            called = ast.unparse(node.func)
            if called.endswith(("csv.writer", "csv.DictWriter", "csv_files.writer", "to_csv")):
                strays.append(f"{name}:{node.lineno}: {called}")
            if called == "xlsxwriter.Workbook" and "WORKBOOK_OPTIONS" not in text:
                strays.append(f"{name}:{node.lineno}: {called} without WORKBOOK_OPTIONS")
    assert strays == []
