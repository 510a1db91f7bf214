import json
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from xinyong.kernel import codes
from xinyong.operations import command

GOOD = "91130902MA0000007T"
KEYS = ["input", "kind", "verdict", "normalised", "reason", "suggestion", "sentence", "sentence_en"]


def run(*arguments: str, stdin: str | None = None) -> Result:
    return CliRunner().invoke(command.group, ["code", *arguments], input=stdin)


def test_a_valid_code_ends_with_0_and_an_invalid_one_with_1() -> None:
    assert run(GOOD).exit_code == 0
    shown = run(GOOD, "91130902MA0000007U")
    assert shown.exit_code == 1
    assert "wrong-check-character" in shown.output
    assert GOOD in shown.output.splitlines()[-1]


def test_json_has_stable_keys() -> None:
    judged = json.loads(run("--json", GOOD.lower(), "9113O902MA0000007T").output)
    assert [list(one) for one in judged] == [KEYS, KEYS]
    assert judged[0]["normalised"] == judged[1]["suggestion"] == GOOD


def test_the_kind_that_is_due_may_be_given() -> None:
    assert json.loads(run("--json", "--kind", "uscc", "MA0000007").output)[0]["reason"] == "organisation-code-instead"


def test_codes_come_from_standard_input_too() -> None:
    shown = run("-", "--json", stdin=f"{GOOD}\n\nX\n")
    lines = [json.loads(line) for line in shown.output.splitlines()]
    assert [line.get("verdict") for line in lines] == ["valid", "invalid", None]
    assert lines[-1]["summary"] == {"total": 2, "valid": 1, "doubtful": 0, "invalid": 1, "empty": 0}


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "gb18030", "utf-16"])
@pytest.mark.parametrize("delimiter", [",", "\t"])
@pytest.mark.parametrize("as_json", [True, False])
def test_a_column_of_a_file_is_judged_row_by_row(tmp_path: Path, encoding: str, delimiter: str, as_json: bool) -> None:
    rows = [
        ["名称", "统一社会信用代码"],
        ["甲", GOOD],
        ["乙", ""],
        ["丙", "91130902MA0000007U"],
        ["丁", "1309022100001"],
        ["戊"],
    ]
    file = tmp_path / "codes.csv"
    file.write_bytes("\r\n".join(delimiter.join(row) for row in rows).encode(encoding))
    shown = run("--file", str(file), "--column", "统一社会信用代码", *(["--json"] if as_json else []))
    assert shown.exit_code == 1, shown.output
    if as_json:
        lines = [json.loads(line) for line in shown.output.splitlines()]
        assert [(line["row"], line["verdict"]) for line in lines[:-1]] == [
            (2, "valid"),
            (4, "invalid"),
            (5, "doubtful"),
        ]
        assert lines[-1]["summary"] == {"total": 5, "valid": 1, "doubtful": 1, "invalid": 1, "empty": 2}
    else:
        assert "4: ✗" in shown.output
        assert "1 valid, 1 doubtful, 1 invalid, 2 empty" in shown.output


def test_the_column_is_found_by_number_or_by_its_usual_name(tmp_path: Path) -> None:
    file = tmp_path / "codes.csv"
    file.write_text(f"name,uscc\nA,{GOOD}\n", encoding="utf-8")
    for arguments in ([], ["--column", "2"], ["--column", "uscc"]):
        assert run("--file", str(file), *arguments).exit_code == 0


def test_a_list_of_codes_without_a_header_is_read_from_the_first_line(tmp_path: Path) -> None:
    file = tmp_path / "codes.txt"
    file.write_text(f"{GOOD}\n{GOOD}\n", encoding="utf-8")
    assert "2 codes: 2 valid" in run("--file", str(file)).output


def test_a_missing_column_is_refused_with_the_columns_there_are(tmp_path: Path) -> None:
    file = tmp_path / "codes.csv"
    file.write_text("名称,备注\n甲,乙\n", encoding="utf-8")
    error = run("--file", str(file), "--column", "代码").exception
    assert "名称、备注" in str(error)


def test_exceptions_make_an_issued_code_doubtful(tmp_path: Path) -> None:
    pilot = "91350203M0001FUE2P"
    table = tmp_path / "exceptions.txt"
    table.write_text(pilot + "\n", encoding="utf-8")
    judged = json.loads(run("--json", "--exceptions", str(table), pilot).output)[0]
    assert (judged["verdict"], judged["reason"]) == ("doubtful", "legally-issued-exception")


def test_wrong_usage_ends_with_2(tmp_path: Path) -> None:
    file = tmp_path / "codes.csv"
    file.write_text(GOOD, encoding="utf-8")
    assert run().exit_code == 2
    assert run(GOOD, "--file", str(file)).exit_code == 2
    assert run("--kind", "nonsense", GOOD).exit_code == 2


def test_the_reasons_shown_are_the_kernel_s() -> None:
    reasons = {one["reason"] for one in json.loads(run("--json", GOOD, "x", "0" * 18).output)}
    assert reasons <= set(codes.REASONS)
