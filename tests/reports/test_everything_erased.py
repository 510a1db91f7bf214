"""Somebody whose record was erased is told what was, and by which proof; of what it said nothing is left."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest
import time_machine

from tests.intake import made
from xinyong.kernel import clock
from xinyong.records import erased
from xinyong.reports import everything
from xinyong.security import gate, persons, scope
from xinyong.security.access import Actor, system
from xinyong.security.models import Account

pytestmark = pytest.mark.usefixtures("lasting_db")


#: A decision whose retention was over years ago; the database erases by its own clock.
OVER = "2016-03-01"


def test_what_was_erased_is_told_with_its_proof_and_what_stands_stays(tmp_path: Path) -> None:
    who = made.person()
    with time_machine.travel(made.NOW, tick=True):
        unit = made.department()
        rows = [made.person_row(who, unit, CF_JDRQ=OVER, CF_SY="早年的事由"), made.person_row(who, unit)]
        made.hand_in(made.csv_file(tmp_path / "a.csv", rows), "admin-penalty-person", unit)
        identity = persons.identity(who.name, who.number, today=clock.today())
        view, _ = persons.admit(identity, by=made.OPERATOR, at=clock.now())
        by = gate.actor_for(Account.objects.get(pk=view.account_id), address=None)
        before = _said(by)
        assert (len(before["records"]), before["deletions"]) == (2, [])
        assert "早年的事由" in str(before["records"]), "past its retention, and still here: that is told too"
        [proof] = erased.run(today=clock.today(), grace_days=0, by=system("nightly"))
        said = _said(by)
    assert [(one["item"], one["version"], one["proof"], one["root"]) for one in said["deletions"]] == [
        ("admin-penalty-person", 1, proof.id, proof.root)
    ]
    assert [one["state"] for one in said["records"]] == ["standing", "erased"]
    assert "早年的事由" not in str(said)


def _said(by: Actor) -> Mapping[str, Any]:
    with scope.acting(by):
        return everything.of_oneself(by=by, at=clock.now()).said
