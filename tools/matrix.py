"""``make matrix``: the authorisation matrix as a page to read (evidence/matrix.html), from the reviewed table."""

import csv
import html
from pathlib import Path

ROOT = Path(__file__).parent.parent
TABLE = ROOT / "tests" / "matrix" / "expected.csv"
OUT = ROOT / "evidence" / "matrix.html"
_STYLE = """
body { font: 15px/1.5 system-ui, "Noto Sans CJK SC", sans-serif; margin: 2rem; color: #1b1f24; }
table { border-collapse: collapse; } th, td { border: 1px solid #d6dbe1; padding: .2rem .5rem; text-align: left; }
th { position: sticky; top: 0; background: #f2f5f8; } td.in { background: #e3f4e6; } td.out { background: #fbe9e7; }
td.absent { background: #f1eef8; } td.other { background: #f7f7f7; } code { font-size: .92em; }
"""


def kind(answer: str) -> str:
    """What an answer means: let in, kept out, as if it were not there, something else (a form that says what is missing)."""
    status = answer.partition("+")[0]
    if ">" in status or status in {"401", "403"}:
        return "out"
    if status == "404":
        return "absent"
    return "in" if status.startswith(("2", "3")) else "other"


def report() -> str:
    """The page."""
    with TABLE.open(encoding="utf-8", newline="") as file:
        head, *lines = csv.reader(file)
    cells = len(lines) * (len(head) - 4)
    rows = [
        f"<tr><td><code>/{html.escape(line[0].removeprefix('/'))}</code></td>"
        + "".join(f"<td>{html.escape(one)}</td>" for one in line[1:4])
        + "".join(f'<td class="{kind(one)}">{html.escape(one)}</td>' for one in line[4:])
        + "</tr>"
        for line in lines
    ]
    heads = "".join(f"<th>{html.escape(one)}</th>" for one in head)
    addresses = len({line[0] for line in lines})
    return (
        '<!doctype html><html lang="zh-Hans"><meta charset="utf-8"><title>权限矩阵 Authorisation matrix</title>'
        f"<style>{_STYLE}</style><h1>权限矩阵 Authorisation matrix</h1>"
        f"<p>{addresses} 个地址、{cells} 格，全部在测试中逐格核对。 {addresses} addresses, {cells} cells, each asked in the suite. "
        "<code>403+1</code>：拒绝并记一条日志 refused, one entry in the log; <code>302&gt;sign-in</code>：转到登录 sent to sign in; "
        "<code>404</code>：看起来不存在 looks absent.</p>"
        f"<table><thead><tr>{heads}</tr></thead><tbody>{''.join(rows)}</tbody></table></html>\n"
    )


def main() -> None:
    """Writes the page."""
    OUT.parent.mkdir(exist_ok=True)
    OUT.write_text(report(), encoding="utf-8")
    print(f"→ {OUT.relative_to(ROOT)}")


if __name__ == "__main__":
    main()
