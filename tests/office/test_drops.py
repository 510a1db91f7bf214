"""The page of the watched folders, and the bundles to take away."""

import json
import zipfile
from collections.abc import Iterator
from io import BytesIO
from pathlib import Path
from typing import Any

import pytest

from tests.intake import made
from tests.office.conftest import Office
from tests.office.test_pages import name_of, said
from xinyong.intake import drop_desk, jobs
from xinyong.intake.models import DropFile
from xinyong.kernel import clock
from xinyong.security.models import AuditEntry


@pytest.fixture
def quarantined(browsers: Office, tmp_path: Path, settings: Any) -> Iterator[DropFile]:
    """A file that came without an item, in quarantine. (The disk's clock is not the test's: stillness cannot be waited for.)"""
    settings.DROP_FOLDERS, settings.DROP_STILL_SECONDS = tmp_path / "drop", -(10**9)
    unit = made.department()
    own = drop_desk.open_folders(unit.code, by=made.SYSTEM)
    made.csv_file(own / "in" / "十月.csv", [made.penalty_row(made.organisation(), unit)])
    jobs.look()
    yield DropFile.objects.get(source__code=unit.code)
    DropFile.objects.all().delete()  # the next test has other folders


def test_the_operator_sees_folders_and_quarantine_with_the_reason(browsers: Office, quarantined: DropFile) -> None:
    before = AuditEntry.objects.filter(event="drops-viewed").count()
    page = said(browsers["operator"].get("/office/drops/"))
    assert "十月.csv" in page
    assert "不知道这是哪个目录事项的数据" in page
    assert quarantined.source.name in page
    english = said(browsers["operator"].get("/office/drops/", headers={"accept-language": "en"}))
    assert "Which item&#x27;s data these are is not said" in english
    assert "Watched folders" in english
    assert browsers["clerk"].get("/office/drops/").status_code == 403
    assert AuditEntry.objects.filter(event="drops-viewed").count() == before + 2


def test_a_file_is_released_under_the_item_that_the_operator_names(browsers: Office, quarantined: DropFile) -> None:
    where = f"/office/drops/{quarantined.pk}/release"
    assert "十月.csv" in said(browsers["operator"].get(where))
    assert browsers["operator"].post(where, {"item": ""}).status_code == 400
    assert browsers["operator"].post(where, {"item": "admin-penalty-org"}).status_code == 302
    assert "不在隔离区" in said(browsers["operator"].post(where, {"item": "admin-penalty-org"}, follow=True))
    assert jobs.look().problems == []
    ended = DropFile.objects.filter(source=quarantined.source).order_by("id").values_list("status", flat=True)
    assert list(ended) == ["released", "submitted"]


def test_a_file_is_removed_only_after_a_second_question(browsers: Office, quarantined: DropFile) -> None:
    where = f"/office/drops/{quarantined.pk}/discard"
    assert "删除后无法恢复" in said(browsers["operator"].get(where))
    quarantined.refresh_from_db()
    assert quarantined.status == "quarantined"
    page = said(browsers["operator"].post(where, follow=True))
    assert "将在一分钟内删除" in page
    assert "隔离区没有文件" in page
    assert browsers["operator"].get("/office/drops/999999/discard").status_code == 404


def test_without_folders_and_without_a_worker_the_page_says_so(
    browsers: Office, quarantined: DropFile, settings: Any
) -> None:
    from datetime import timedelta

    from xinyong.intake.models import DropLook

    DropLook.objects.update(at=clock.now() - timedelta(minutes=20))
    assert "没有在取件" in said(browsers["operator"].get("/office/drops/"))
    settings.DROP_FOLDERS = None
    assert "没有启用交换目录" in said(browsers["operator"].get("/office/drops/"))


def test_whoever_works_in_the_office_takes_a_bundle_away_and_anybody_asks_whether_it_is_old(browsers: Office) -> None:
    answer = browsers["clerk"].get("/office/templates/admin-penalty-org.zip")
    assert name_of(answer) == "" or name_of(answer).endswith(".zip")
    with zipfile.ZipFile(BytesIO(answer.body)) as archive:
        manifest = json.loads(archive.read("manifest.note").decode().splitlines()[2])
    now = browsers["public"].get("/catalogue/admin-penalty-org/bundle.json").json()
    assert now["version"] == manifest["version"]
    assert {name for name in now["members"] if now["members"][name] != manifest["members"][name]} <= {"units.json"}
    assert browsers["public"].get("/catalogue/no-such-item/bundle.json").status_code == 404
    assert browsers["public"].get("/office/templates/admin-penalty-org.zip").status_code == 302
