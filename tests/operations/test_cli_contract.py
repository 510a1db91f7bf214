"""The console script's contract: the keys of every ``--json``, the exit codes, ``--help`` for everything."""

import json
import sys
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

import click
import pytest
import time_machine

from tests.intake import conftest as shared
from tests.intake import made
from tests.intake.made import Organisation
from xinyong.intake.models import Interruption, Submission
from xinyong.kernel import clock
from xinyong.operations import command
from xinyong.security.identity import SourceUnit

pytestmark = pytest.mark.usefixtures("module_db", "on_the_day")
module_db = shared.module_db
on_the_day = shared.on_the_day

OUTCOMES = {"rows_read", "accepted", "doubtful", "rejected", "duplicate", "unchanged"}
FINDING = {"row", "column", "value", "rule", "severity", "message", "message_en", "basis", "suggestion"}


@dataclass(frozen=True, slots=True)
class Said:
    """What a command answered."""

    code: int
    out: str
    err: str

    @property
    def json(self) -> Any:
        """The document on standard output."""
        return json.loads(self.out)


Xinyong = Callable[..., Said]


@pytest.fixture
def xinyong(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Xinyong:
    """Runs the console script in this process, through its own entry, on the test's database."""

    def run(*arguments: str) -> Said:
        capsys.readouterr()
        monkeypatch.setattr(sys, "argv", ["xinyong", *arguments])
        monkeypatch.setattr(command, "_start_database", None)
        with pytest.raises(SystemExit) as ended:
            command.main(start_database=lambda: None, release_database=lambda: None, stand_alone=lambda: None)
        said = capsys.readouterr()
        code = ended.value.code
        return Said(code if isinstance(code, int) else int(code is not None), said.out, said.err)

    return run


@dataclass(frozen=True, slots=True)
class Stage:
    """Files and who they are about; the good one is submitted."""

    folder: Path
    unit: SourceUnit
    who: Organisation


@pytest.fixture(scope="module")
def stage(module_db: None, on_the_day: object, tmp_path_factory: pytest.TempPathFactory) -> Stage:
    folder = tmp_path_factory.mktemp("cli")
    unit, who = made.department(), made.organisation()
    made.register(who)
    good = made.penalty_row(who, unit)
    made.csv_file(folder / "good.csv", [good])
    made.csv_file(
        folder / "mixed.csv", [made.penalty_row(who, unit), made.penalty_row(who, unit, CF_JDRQ="2026-02-30")]
    )
    faulty = made.penalty_row(who, unit, CF_JDRQ="2026-02-30")
    made.csv_file(folder / "other.csv", [made.penalty_row(who, unit), faulty])
    made.csv_file(folder / "missing.csv", [{"CF_XDR_MC": who.name, "CF_XDR_SHXYM": who.code}])
    (folder / "no-table.csv").write_bytes(b"\x7fELF" + bytes(range(256)))
    made.hand_in(folder / "good.csv", "admin-penalty-org", unit)
    return Stage(folder, unit, who)


def _commands() -> list[tuple[str, ...]]:
    found: list[tuple[str, ...]] = [()]
    for name in command.COMMANDS:
        found.append((name,))
        loaded = command.group.get_command(click.Context(command.group), name)
        if isinstance(loaded, click.Group):
            found += [(name, inner) for inner in loaded.commands]
    return found


@pytest.mark.parametrize("path", [path for path in _commands() if path != ("manage",)], ids=" ".join)
def test_every_command_explains_itself(xinyong: Xinyong, path: tuple[str, ...]) -> None:
    said = xinyong(*path, "--help")
    assert said.code == 0
    assert "Usage: xinyong" in said.out
    assert len(said.out) > 80


def test_code_judges_each_code(xinyong: Xinyong, stage: Stage) -> None:
    good, bad = stage.who.code, made.mistyped(stage.who.code)
    said = xinyong("code", good, bad, "--json")
    assert said.code == 1
    assert {"input", "kind", "verdict", "normalised", "reason", "suggestion"} <= set(said.json[0])
    assert [(one["input"], one["verdict"]) for one in said.json] == [(good, "valid"), (bad, "invalid")]
    assert said.json[1]["suggestion"]
    assert xinyong("code", good, "--json").code == 0


def test_check_tells_the_outcome_and_its_exit_code(xinyong: Xinyong, stage: Stage) -> None:
    said = xinyong(
        "check", str(stage.folder / "other.csv"), "--item", "admin-penalty-org", "--source", stage.unit.code, "--json"
    )
    assert said.code == 1
    assert set(said.json) == OUTCOMES | {"findings", "columns"}
    assert {name: said.json[name] for name in ("rows_read", "accepted", "rejected")} == {
        "rows_read": 2, "accepted": 1, "rejected": 1,
    }  # fmt: skip
    assert [set(one) for one in said.json["findings"]] == [FINDING]
    good = xinyong("check", str(stage.folder / "good.csv"), "--item", "admin-penalty-org", "--json")
    assert (good.code, good.json["unchanged"]) == (0, 1)


def test_submit_tells_the_same_keys_and_the_number_of_the_submission(xinyong: Xinyong, stage: Stage) -> None:
    mixed = str(stage.folder / "mixed.csv")
    arguments = ("submit", mixed, "--item", "admin-penalty-org", "--source", stage.unit.code, "--json")
    said = xinyong(*arguments)
    assert said.code == 1
    assert set(said.json) == OUTCOMES | {"findings", "columns", "submission", "already_submitted"}
    assert [set(one) for one in said.json["findings"]] == [FINDING]
    again = xinyong(*arguments)
    assert again.json == said.json | {"already_submitted": True}
    back = stage.folder / "back.xlsx"
    assert xinyong("feedback", str(said.json["submission"]), "-o", str(back)).code == 0
    assert back.read_bytes()[:2] == b"PK"


def test_submit_takes_a_day_of_receipt_but_none_in_the_future(xinyong: Xinyong, stage: Stage) -> None:
    path = made.csv_file(stage.folder / "earlier.csv", [made.penalty_row(stage.who, stage.unit, CF_JDRQ="2026-05-06")])
    arguments = (
        "submit",
        str(path),
        "--item",
        "admin-penalty-org",
        "--source",
        stage.unit.code,
        "--json",
        "--received",
    )
    assert xinyong(*arguments, "2026-06-16").code == 2
    said = xinyong(*arguments, "2026-05-07")
    assert (said.code, said.json["findings"]) == (0, [])
    today = made.csv_file(stage.folder / "today.csv", [made.penalty_row(stage.who, stage.unit)])
    said = xinyong("submit", str(today), *arguments[2:], "2026-06-15")
    assert said.json["accepted"] == 1
    shown = xinyong("show", stage.who.code, "--json").json
    assert sum(section["total"] for section in shown["sections"]) >= 2, "what was received today is shown today"


@pytest.mark.parametrize("name", ["missing.csv", "no-table.csv"])
def test_a_refused_file_ends_with_3_and_says_why(xinyong: Xinyong, stage: Stage, name: str) -> None:
    path = str(stage.folder / name)
    submitted = xinyong("submit", path, "--item", "admin-penalty-org", "--source", stage.unit.code, "--json")
    assert submitted.code == 3
    assert set(submitted.json) == {"submission", "status", "refusal"}
    assert {"code", "zh", "en", "facts"} == set(submitted.json["refusal"])
    checked = xinyong("check", path, "--item", "admin-penalty-org", "--json")
    assert checked.code == 3
    assert set(checked.json["error"]) == {"code", "zh", "en"}
    assert checked.json["error"]["code"] == submitted.json["refusal"]["code"]
    assert checked.err.startswith("✗")


def test_search_finds_and_says_what_matched(xinyong: Xinyong, stage: Stage) -> None:
    said = xinyong("search", stage.who.name, "--json")
    assert said.code == 0
    assert set(said.json) == {"query", "total", "is_capped", "hits"}
    assert set(said.json["hits"][0]) == {
        "code", "name", "subject_class", "status", "region_code", "matched_by", "matched_text", "score",
    }  # fmt: skip
    assert said.json["hits"][0]["code"] == stage.who.code
    nothing = xinyong("search", "绝无此名有限公司龘", "--json")
    assert (nothing.code, nothing.json["hits"]) == (1, [])


def test_show_prints_the_file_as_a_role_sees_it(xinyong: Xinyong, stage: Stage) -> None:
    said = xinyong("show", stage.who.code, "--as", "operator", "--on", "2026-06-15", "--json")
    assert said.code == 0
    assert set(said.json) == {
        "code",
        "name",
        "subject_class",
        "status",
        "as_of",
        "known_at",
        "names",
        "sections",
        "successions",
    }
    section = next(one for one in said.json["sections"] if one["section"] == "penalty")
    assert set(section) == {"section", "total", "records"}
    assert set(section["records"][0]) == {
        "ref", "version", "item", "document_no", "title", "authority", "source", "decided_on", "valid_to", "publish_until",
        "severity", "marks", "fields", "declared",
    }  # fmt: skip
    unknown = xinyong("show", made.code_of(), "--json")
    assert (unknown.code, unknown.json["error"]["code"]) == (3, "subjects.unknown-subject")


def test_report_and_verify(xinyong: Xinyong, stage: Stage) -> None:
    pdf = stage.folder / "report.pdf"
    said = xinyong("report", stage.who.code, "-o", str(pdf), "--json")
    assert said.code == 0
    assert set(said.json) == {
        "number", "check_code", "verify_url", "code", "name", "as_of", "issued_at", "file", "bytes", "sha256", "facts_sha256", "counts",
    }  # fmt: skip
    keys = {
        "answer", "kind", "is_demo", "number", "check_code", "facts_sha256", "statement", "signer", "signed_at", "is_stamped",
        "verify_url", "sha256", "holds", "fails", "open",
    }  # fmt: skip
    good = xinyong("verify", str(pdf), "--json")
    assert (good.code, set(good.json), good.json["answer"]) == (0, keys, "genuine")
    known = xinyong("verify", str(pdf), "--register", "--json")
    assert (known.code, set(known.json), known.json["register"]["verdict"]) == (0, keys | {"register"}, "genuine")
    pdf.write_bytes(pdf.read_bytes() + b" ")
    bad = xinyong("verify", str(pdf), "--json")
    assert (bad.code, set(bad.json), bad.json["answer"]) == (1, keys, "altered")


def test_catalogue_list_show_diff_export(xinyong: Xinyong, tmp_path: Path) -> None:
    listed = xinyong("catalogue", "list", "--json")
    assert listed.code == 0
    assert set(listed.json[0]) == {
        "item_id", "version", "status", "title_zh", "title_en", "effective_from", "published_at", "published_by",
    }  # fmt: skip
    shown = xinyong("catalogue", "show", "honour", "--json")
    assert {"id", "version", "title", "fields", "natural_key"} <= set(shown.json)
    same = xinyong("catalogue", "diff", "honour", "1", "1", "--json")
    assert (same.code, same.json) == (0, [])
    path = tmp_path / "honour.json"
    written = xinyong("catalogue", "export", "honour", "--format", "json-schema", "-o", str(path), "--json")
    assert set(written.json) == {"item", "version", "format", "file", "bytes"}
    assert json.loads(path.read_text(encoding="utf-8"))["type"] == "object"
    unknown = xinyong("catalogue", "show", "nothing", "--json")
    assert (unknown.code, unknown.json["error"]["code"]) == (3, "catalogue.unknown-item")


def test_rates_duties_and_declared_totals_keep_their_keys(xinyong: Xinyong, stage: Stage) -> None:
    item, source = "admin-penalty-org", stage.unit.code
    duty = xinyong("duties", "set", source, item, "--from", "2026-01-01", "--json")
    assert set(duty.json) == {"source_code", "item_id", "starts_on", "ends_on"}
    listed = xinyong("duties", "list", "--json").json
    assert [set(one) for one in listed] == [
        {"source_code", "source_name", "item_id", "starts_on", "ends_on", "made_at", "made_by"}
    ]
    where = ("declare", "--period", "2026-06", "--source", source, "--item", item, "--json")
    said = xinyong(*where, "--number", "4")
    assert set(said.json) == {"source", "item_id", "kind", "version", "number", "found", "note", "made_at", "made_by"}
    assert xinyong(*where, "--checked", "2", "--found", "1").json["kind"] == "spot-check"
    assert xinyong(*where, "--take-back").json["number"] is None
    assert xinyong(*where).code == 2
    found = xinyong("rates", "--period", "2026-06", "--by", "department", "--json").json
    assert set(found) == {"period", "by", "as_of", "total", "lines"}
    assert set(found["total"]) == {"key", "name", "group", "rates"}
    figure = next(one for one in found["lines"] if one["key"] == source)["rates"]["collection"]
    assert figure == {"numerator": 1, "denominator": 1, "value": "1.000000", "percent": "100.0%", "excluded": {}}
    assert xinyong("rates", "--period", "2026-6").code == 2
    assert xinyong("rates", "--period", "2026-06").code == 0
    assert xinyong("rates", "--period", "2031-01", "--json").json["error"]["code"] == "analytics.month-not-begun"


def test_who_may_report_what_keeps_its_keys(xinyong: Xinyong, stage: Stage, tmp_path: Path) -> None:
    unit, item = made.department(), "admin-penalty-org"
    path, source = made.csv_file(tmp_path / "own.csv", [made.penalty_row(stage.who, unit)]), unit.code
    made.hand_in(path, item, unit)
    why = ("--basis", "三定方案载明的职责", "--json")
    looked = xinyong("supply", "mode", item, "granted", "--dry-run", *why)
    assert (looked.code, set(looked.json)) == (0, {"item_id", "mode", "is_set", "refused"})
    (refused,) = [one for one in looked.json["refused"] if one["source_code"] == source]
    assert set(refused) == {"source_code", "source_name", "count", "last_at", "channels"}
    assert xinyong("supply", "mode", item, "granted", *why).json["is_set"]
    try:
        said = xinyong("submit", str(path), "--item", item, "--source", source, "--json")
        assert (said.code, said.json["error"]["code"]) == (3, "intake.not-granted")
        granted = xinyong("supply", "grant", source, item, "--from", "2026-01-01", *why)
        assert set(granted.json) == {"source_code", "item_id", "starts_on", "ends_on", "basis"}
        listed = xinyong("supply", "list", "--item", item, "--json").json
        assert set(listed) == {"items", "grants"}
        (one,) = listed["items"]
        assert set(one) == {"item_id", "mode", "version", "basis", "made_at", "made_by", "granted", "owed"}
        assert (one["mode"], unit.name in one["granted"]) == ("granted", True)
        assert {
            "source_code", "source_name", "item_id", "starts_on", "ends_on", "basis", "version", "made_at", "made_by", "holds"
        } == set(listed["grants"][0])  # fmt: skip
        again = xinyong("supply", "grant", source, item, "--from", "2026-03-01", *why)
        assert again.json["error"]["code"] == "intake.supply-grant-overlaps"
        assert unit.name in xinyong("supply", "list").out
    finally:
        xinyong("supply", "mode", item, "open", *why)
    assert xinyong("supply", "mode", item, "closed", *why).code == 2


def test_bulletin_writes_an_edition_once_and_again_the_same(xinyong: Xinyong, stage: Stage) -> None:
    arguments = ("bulletin", "--period", "2026-05", "-o", str(stage.folder / "out"), "--json")
    first = xinyong(*arguments)
    assert set(first.json) == {"period", "edition", "is_new", "digest", "as_of", "files", "interviews"}
    bytes_of = [Path(name).read_bytes() for name in first.json["files"]]
    again = xinyong(*arguments)
    assert (first.json["is_new"], again.json["is_new"]) == (True, False)
    assert [Path(name).read_bytes() for name in again.json["files"]] == bytes_of
    assert xinyong(*arguments, "--new").json["edition"] == 2
    assert xinyong(*arguments, "--edition", "9").json["error"]["code"] == "analytics.unknown-bulletin"
    assert xinyong(*arguments, "--edition", "1", "--new").code == 2
    over = xinyong("bulletin", "--period", "2026-06", "-o", str(stage.folder / "out"), "--json")
    assert over.json["error"]["code"] == "analytics.month-not-over"


def test_doctor_names_its_checks(xinyong: Xinyong) -> None:
    said = xinyong("doctor", "--json")
    assert said.code in {0, 1}
    assert {
        "versions",
        "database",
        "durability",
        "migrations",
        "clock",
        "disk",
        "calendar",
        "catalogue",
        "keys",
        "intake",
    } <= set(said.json)
    assert all(set(check) == {"state", "found", "advice"} for check in said.json.values())
    assert (said.code == 0) == all(check["state"] == "good" for check in said.json.values())


@pytest.mark.parametrize(
    ("on", "state", "due", "is_provisional"),
    [
        ("2026-06-15", "good", "2026-06-25", False),
        ("2026-12-22", "care", "2026-12-31", False),
        ("2026-12-23", "care", "2027-01-04", True),
        ("2027-03-01", "bad", "2027-03-10", True),
    ],
)
def test_doctor_says_when_todays_deadline_rests_on_no_notice(
    xinyong: Xinyong, on: str, state: str, due: str, is_provisional: bool
) -> None:
    with time_machine.travel(datetime.fromisoformat(f"{on}T12:00").replace(tzinfo=clock.ZONE)):
        check = xinyong("doctor", "--json").json["calendar"]
    assert (check["state"], bool(check["advice"])) == (state, state != "good")
    assert "official until 2026-12-31" in check["found"]
    assert f"due by {due}" in check["found"]
    assert ("provisional" in check["found"]) == is_provisional


def test_interrupted_work_is_listed_and_tried_again(xinyong: Xinyong, stage: Stage) -> None:
    good = xinyong("interruptions", "list", "--json")
    assert (good.json["interruptions"], good.code) == ([], int(any(d["state"] != "good" for d in good.json["disks"])))
    one = Submission.objects.filter(source_id=stage.unit.id).latest("id")
    held = Interruption.objects.create(
        submission=one, source_id=one.source_id, item_id=one.item_id, stage="deposit", cause="broken", tries=8,
        since=clock.now(), at=clock.now(), next_at=None,
    )  # fmt: skip
    said = xinyong("interruptions", "list", "--json")
    assert said.code == 1
    assert [(one["submission_id"], one["cause"], one["tries"]) for one in said.json["interruptions"]] == [
        (one.pk, "broken", 8)
    ]
    told = xinyong("interruptions", "list").out
    assert "等待处理 held" in told
    assert "→ " in told
    assert xinyong("doctor", "--json").json["interrupted"]["state"] == "bad"
    assert "✓" in xinyong("interruptions", "retry", str(one.pk)).out
    held.refresh_from_db()
    assert (held.tries, held.next_at is None) == (0, False)
    held.delete()
    assert xinyong("interruptions", "retry", "999999").code == 3


def test_nightly_closes_days_and_refuses_one_that_has_not_come(xinyong: Xinyong, stage: Stage) -> None:
    said = xinyong("nightly", "--json")
    assert said.code == 0
    assert [set(one) for one in said.json] == [{"day", "ended", "late", "is_new"}]
    future = xinyong("nightly", "--day", "2031-01-01", "--json")
    assert (future.code, future.json["error"]["code"]) == (3, "records.day-not-over")


@pytest.mark.parametrize(
    "arguments",
    [
        (), ("nonsense",), ("code",), ("check", "no-such-file.csv", "--item", "honour"), ("show",), ("submit", __file__),
        ("show", "x", "--as", "king"), ("show", "x", "--on", "yesterday"), ("search", "x", "--limit", "0"),
        ("check", __file__, "--item", "honour", "--map", "no-sign"), ("report", "x"), ("nightly", "--day", "soon"),
    ],
    ids=" ".join,
)  # fmt: skip
def test_wrong_usage_ends_with_2(xinyong: Xinyong, arguments: tuple[str, ...]) -> None:
    said = xinyong(*arguments)
    assert said.code == 2 or arguments == ()
    assert "Usage" in said.err + said.out


@pytest.mark.parametrize(
    ("arguments", "code"),
    [
        (("check", __file__, "--item", "nothing"), "catalogue.unknown-item"),
        (("submit", __file__, "--item", "honour", "--source", "x"), "security.unknown-department"),
        (("feedback", "999999", "-o", "/nowhere/a.csv"), "intake.unknown-submission"),
        (("report", "91990100MA0000000X", "-o", "/nowhere/a.pdf"), "subjects.unknown-subject"),
    ],
)
def test_what_is_refused_ends_with_3_and_its_code(xinyong: Xinyong, arguments: tuple[str, ...], code: str) -> None:
    said = xinyong(*arguments)
    assert said.code == 3
    assert f"[{code}]" in said.err


def test_effects_are_listed_by_their_causes_and_who_lags_ends_with_one(xinyong: Xinyong) -> None:
    said = xinyong("effects", "--json")
    assert said.code == 0
    assert [one["cause"] for one in said.json["causes"]] == ["repaired", "corrected", "withdrawn", "consent-ended"]
    repaired = said.json["causes"][0]
    assert [(one["name"], one["is_undone"]) for one in repaired["effects"]] == [
        ("archive", True), ("kept-answers", False), ("recipients", True),
    ]  # fmt: skip
    assert set(said.json["causes"][3]["kept"][0]) == {"name", "zh", "en", "basis_zh", "basis_en"}
    assert "准予信用修复" in xinyong("effects").out
    lagging = xinyong("effects", "--lagging", "--json")
    assert (lagging.code, lagging.json) == (0, [])
    assert "没有逾期未回执的使用方" in xinyong("effects", "--lagging").out


def test_what_a_partner_gets_is_one_of_three(xinyong: Xinyong) -> None:
    from xinyong.rights import supplied

    assert xinyong("partners", "add", "city-cli", "示例市").code == 0
    assert xinyong("partners", "supply", "city-cli").code == 2
    said = xinyong("partners", "supply", "city-cli", "--items", "admin-penalty-org", "--json")
    assert said.json == {"code": "city-cli", "items": ["admin-penalty-org"], "is_on": True}
    assert [one.items for one in supplied.all_of() if one.code == "city-cli"] == [("admin-penalty-org",)]
    refused = xinyong("partners", "supply", "city-cli", "--items", "no-such", "--json")
    assert (refused.code, refused.json["error"]["code"]) == (3, "rights.supply-items")
    assert xinyong("partners", "supply", "city-cli", "--none").code == 0
    assert [one for one in supplied.all_of() if one.code == "city-cli"] == []
