"""The change feed at its door: the how-to's commands as they stand; scopes; both pages of a merger; a client's answer."""

import os
import re
import shutil
import subprocess
from pathlib import Path

import pytest
from django.test import Client

from tests.exchange.conftest import Door
from tests.intake import made
from xinyong.exchange import sandbox
from xinyong.intake.feed import ITEM
from xinyong.kernel import clock

GUIDE = Path(__file__).parents[2] / "docs" / "how-to" / "change-feed.md"
SCOPES = [f"submit:{ITEM}", "read:public"]


@pytest.mark.skipif(shutil.which("curl") is None, reason="curl is not on this machine")
def test_commands_of_the_guide_work_as_they_stand_and_both_pages_tell_of_the_merger(
    door: Door, address: str, tmp_path: Path
) -> None:
    old, new = made.code_of(), made.code_of()
    program = door.program(unit=made.department(), scopes=SCOPES)
    given = os.environ | {
        "XINYONG": address, "CLIENT_ID": program.client_id, "CLIENT_SECRET": program.secret, "OLD_CODE": old, "NEW_CODE": new,
        "TODAY": clock.today().isoformat(),
    }  # fmt: skip
    script = "\n".join(re.findall(r"^```bash\n(.*?)^```", GUIDE.read_text(encoding="utf-8"), re.MULTILINE | re.DOTALL))
    assert script.count("curl") == 5
    done = subprocess.run(
        ["bash", "-euo", "pipefail", "-c", script], env=given, cwd=tmp_path, capture_output=True, text=True
    )
    assert done.returncode == 0, done.stdout + done.stderr
    assert done.stdout.count('"outcome": "applied"') == 6
    assert '"outcome": "refused"' not in done.stdout
    page = Client().get(f"/subject/{old}/").content.decode()
    for part in (
        "云溪市新名示例商贸有限公司",
        "云溪市旧址示例商贸有限公司",
        "被吸收合并入",
        f"/subject/{new}/",
        "注销",
    ):
        assert part in page
    assert f"/subject/{old}/" in Client().get(f"/subject/{new}/", headers={"Accept-Language": "en"}).content.decode()
    told = program.get(f"/organisations/{new}").json()
    assert [(one["relation"], one["is_successor"], one["code"]) for one in told["successions"]] == [
        ("absorbed", False, old)
    ]


def test_only_a_client_with_the_scope_of_the_register_sends_changes(door: Door) -> None:
    event = {"sequence": 1, "event_id": "E-1", "kind": "cancelled", "on": "2026-06-12", "code": made.code_of()}
    for program in (door.program(scopes=["submit:admin-penalty-org"]), door.narrow):
        refused = program.call("POST", "/register-changes", {"events": [event]})
        assert (refused.status_code, refused.json()["code"]) == (403, "security.scope-missing")
        assert program.get("/register-changes").status_code == 403
    assert Client().post("/api/v1/register-changes", "{}", content_type="application/json").status_code == 401


def test_the_sandbox_plays_its_organisations_and_keeps_nothing(door: Door) -> None:
    unit = made.department()
    playing = door.program(unit=unit, scopes=SCOPES, is_sandbox=True)
    events = [
        {"sequence": number, "event_id": f"E-{number}", "kind": "cancelled", "on": "2026-06-12", "code": code}
        for number, code in enumerate([next(iter(sandbox.ORGANISATIONS)), made.code_of()], start=1)
    ]
    answer = playing.call("POST", "/register-changes", {"events": events})
    assert (answer.status_code, answer["X-Xinyong-Sandbox"]) == (200, "1")
    assert [one["outcome"] for one in answer.json()["events"]] == ["applied", "refused"]
    assert playing.get("/register-changes").json()["last_sequence"] == 0
    assert door.program(unit=unit, scopes=SCOPES).get("/register-changes").json()["received_up_to"] == 0


def test_what_is_no_event_is_told_where_and_nothing_is_taken(door: Door) -> None:
    program = door.program(unit=made.department(), scopes=SCOPES)
    right = {"sequence": 1, "event_id": "E-1", "kind": "cancelled", "on": "2026-06-12", "code": made.code_of()}
    for wrong in (
        {"sequence": 0}, {"kind": "sold"}, {"on": "someday"}, {"event_id": "130503670401001"}, {"row": {"名称": "x"}},
        {"more": 1}, {"row": {"ZTMC": ["x"]}},
    ):  # fmt: skip
        answer = program.call("POST", "/register-changes", {"events": [right, right | {"sequence": 2} | wrong]})
        assert answer.status_code in {400, 422}, wrong
    assert program.get("/register-changes").json()["received_up_to"] == 0
