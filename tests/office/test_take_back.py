"""Taking a submission back through the pages: the effect before, the reason, what the page says afterwards."""

from pathlib import Path

import pytest
from django.test import Client

from tests.intake import made
from tests.signing import signed_in
from xinyong.intake import revert, views
from xinyong.security import identity

pytestmark = pytest.mark.usefixtures("lasting_db")


@pytest.fixture
def handed_in(tmp_path: Path) -> int:
    unit, who = made.department(), made.organisation()
    made.register(who)
    identity.create_account(
        username="clerk", password="correct horse battery staple", display_name="报送员", role="source_unit",
        department=unit.code, by=made.SYSTEM,
    )  # fmt: skip
    path = made.csv_file(tmp_path / "a.csv", [made.penalty_row(who, unit) for _ in range(2)])
    return made.hand_in(path, "admin-penalty-org", unit).id


def test_a_clerk_sees_the_effect_says_why_and_the_page_tells(client: Client, handed_in: int) -> None:
    signed_in(client, "clerk")
    page = f"/office/submissions/{handed_in}/"
    assert f"{page}take-back" in client.get(page).content.decode()
    asked = client.get(f"{page}take-back").content.decode()
    assert "2 条数据退出所有页面、查询、报告和统计" in asked
    refused = client.post(f"{page}take-back", {"reason": "错"})
    assert (refused.status_code, "需要改正：" in refused.content.decode()) == (400, True)
    assert views.find(handed_in, seen_by=made.SYSTEM).status == "deposited"

    answer = client.post(f"{page}take-back", {"reason": "报错了所属月份"})
    assert (answer.status_code, answer["Location"]) == (302, page)
    assert "数据正在退出" in client.get(page).content.decode()
    revert.finish(handed_in, by=made.SYSTEM)
    told = client.get(page).content.decode()
    assert "2 条数据已退出" in told
    assert "报错了所属月份" in told
    assert f"{page}take-back" not in told
    assert client.get(f"{page}take-back")["Location"] == page


def test_a_stale_factor_is_asked_for_again(client: Client, handed_in: int) -> None:
    signed_in(client, "clerk", fresh=False)
    answer = client.get(f"/office/submissions/{handed_in}/take-back")
    assert answer["Location"].startswith("/office/confirm")
