"""Code science over columns, against the same judgement one by one."""

import json
import time

import pyarrow as pa

from xinyong.kernel import codes, names


def main() -> None:
    """Prints the measurements as JSON."""
    column = pa.array([_code(number) for number in range(1_000_000)])
    fast = _rate(lambda: codes.judge_column(column, expect=codes.Kind.USCC), len(column))
    few = column[:20_000].to_pylist()
    slow = _rate(lambda: [codes.judge(code, expect=codes.Kind.USCC) for code in few], len(few))
    people = pa.array([f"云溪市望岚{number % 9999}商贸有限公司" for number in range(300_000)])
    keyed = _rate(lambda: names.key_column(people), len(people))
    baseline = {"name": "one by one", "value": slow, "unit": "codes/s"}
    print(
        json.dumps(
            [
                {"name": "unified codes, a column of a million", "value": fast, "unit": "codes/s", "baseline": baseline,
                 "ratio": fast / slow},
                {"name": "name keys, a column", "value": keyed, "unit": "names/s"},
            ]
        )
    )  # fmt: skip


def _code(number: int) -> str:
    stem = f"91990100{number:08d}"
    whole = stem + codes.org_check(stem[8:])
    return whole + codes.check_character(whole)


def _rate(work: object, count: int) -> float:
    best = float("inf")
    for _ in range(3):
        began = time.process_time()
        work()  # type: ignore[operator]
        best = min(best, time.process_time() - began)
    return count / best


if __name__ == "__main__":
    main()
