"""Looking into a file with more than the public sees: the purpose first, an entry each time."""

from collections.abc import Callable
from datetime import timedelta

import pytest
import time_machine

from tests.intake import made
from tests.office.conftest import Office
from xinyong.records import dossier
from xinyong.records.purpose import PurposeNeeded
from xinyong.rights import purposes, queries
from xinyong.security.models import AuditEntry

Noted = Callable[[], list[str]]
WHY = {"purpose": "licensing", "matter": "云市监许申〔2026〕12号"}


def test_a_file_is_found_by_its_name_and_shown_once_its_purpose_was_said(browsers: Office, noted: Noted) -> None:
    clerk, code = browsers["clerk"], browsers.organisation.code
    with time_machine.travel(made.NOW + timedelta(minutes=5), tick=True):
        assert code in clerk.get("/office/files/", {"q": browsers.organisation.name}).content.decode()
        asked = clerk.get(f"/office/files/{code}/").content.decode()
        assert "查询目的" in asked
        assert "罚款" not in asked
        assert noted() == []
        assert clerk.post(f"/office/files/{code}/", {"purpose": "licensing", "matter": "  "}).status_code == 400
        assert clerk.post(f"/office/files/{code}/", {"purpose": "curiosity", "matter": "想看看而已"}).status_code == 400
        assert noted() == []
        assert clerk.post(f"/office/files/{code}/", WHY).headers["Location"] == f"/office/files/{code}/"
        shown = clerk.get(f"/office/files/{code}/").content.decode()
        assert "行政处罚" in shown
        assert "办理行政许可 · 云市监许申〔2026〕12号" in shown
        assert noted() == ["dossier-viewed"]
        entry = AuditEntry.objects.filter(event="dossier-viewed").latest("id")
        assert (entry.purpose, entry.object_ref, entry.actor) == ("licensing: 云市监许申〔2026〕12号", code, "clerk")
        clerk.get(f"/office/files/{code}/")
        assert noted() == ["dossier-viewed"]


def test_a_purpose_holds_half_an_hour_and_for_one_file_only(browsers: Office, noted: Noted) -> None:
    clerk, code = browsers["clerk"], browsers.organisation.code
    with time_machine.travel(made.NOW + timedelta(minutes=5), tick=False) as now:
        clerk.post(f"/office/files/{code}/", WHY)
        now.shift(timedelta(minutes=15))
        clerk.get("/office/templates/")  # a session that nobody uses ends by itself
        now.shift(timedelta(minutes=14))
        assert "本次查看已记录" in clerk.get(f"/office/files/{code}/").content.decode()
        now.shift(timedelta(minutes=2))
        assert "查询目的" in clerk.get(f"/office/files/{code}/").content.decode()
        other = made.organisation()
        made.register(other)
        clerk.post(f"/office/files/{code}/", WHY)
        assert "查询目的" in clerk.get(f"/office/files/{other.code}/").content.decode()


def test_nobody_looks_without_a_purpose_whatever_door_they_come_by(browsers: Office) -> None:
    for look in (
        lambda: dossier.of(browsers.organisation.code, as_of=made.TODAY, seen_by=made.OPERATOR),
        lambda: dossier.of(browsers.organisation.code, as_of=made.TODAY, seen_by=made.OPERATOR, purpose="  "),
    ):
        with pytest.raises(PurposeNeeded):
            look()
    for purpose, note in (("licensing", "abc"), ("", "云市监许申〔2026〕12号"), ("curiosity", "想看看而已")):
        with pytest.raises(purposes.PurposeNeeded):
            queries.file(
                browsers.organisation.code,
                purpose=purpose,
                note=note,
                as_of=made.TODAY,
                seen_by=made.OPERATOR,
                at=made.NOW,
            )


def test_the_auditor_and_the_public_do_not_look_into_files(browsers: Office) -> None:
    code = browsers.organisation.code
    assert browsers["auditor"].get(f"/office/files/{code}/").status_code == 403
    assert browsers["public"].get(f"/office/files/{code}/").status_code == 302
    assert browsers["clerk"].get("/office/files/91990100MA0NOBODY1/").status_code == 404
