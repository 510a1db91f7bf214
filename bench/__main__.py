"""Runs the measurements and writes bench/latest.json: machine facts, one object a measurement with value, unit,
baseline and ratio. Every part runs in a process of its own, so that peak memory is its own."""

import argparse
import json
import os
import platform
import subprocess
import sys
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parent.parent
LATEST = Path(__file__).parent / "latest.json"


def main() -> None:
    """Entry point."""
    parser = argparse.ArgumentParser(prog="make bench", description=__doc__)
    parser.add_argument("--rows", default="100000,1000000", help="intake sizes, comma separated (4000000, 40000000 …)")
    parser.add_argument(
        "--subjects", type=int, default=1_000_000, help="organisations for search and subject pages; 0: skip"
    )
    parser.add_argument("--departments", type=int, default=50, help="departments that hand in at once; 0: skip")
    parser.add_argument("--home", default=str(ROOT / "var" / "bench"))
    chosen = parser.parse_args()
    environment = os.environ | {"XINYONG_HOME": chosen.home, "XINYONG_RATE_LIMITS": "0"}
    measurements: list[dict[str, Any]] = []
    measurements += _part("codes", [], environment)
    for rows in (int(text) for text in chosen.rows.split(",") if text):
        measurements += _part("intake", [str(rows)], environment)
    if chosen.subjects:
        measurements += _part("reading", [str(chosen.subjects)], environment)
    if chosen.departments:
        measurements += _part(
            "crowd", [str(chosen.departments), "6"], environment | {"XINYONG_HOME": f"{chosen.home}/crowd"}
        )
    LATEST.write_text(
        json.dumps({"machine": _machine(), "measurements": measurements}, ensure_ascii=False, indent=1) + "\n",
        encoding="utf-8",
    )
    print(f"\nwritten: {LATEST.relative_to(ROOT)}")


def _part(name: str, arguments: list[str], environment: dict[str, str]) -> list[dict[str, Any]]:
    print(f"\n· {name} {' '.join(arguments)}", flush=True)
    done = subprocess.run(
        [sys.executable, "-m", f"bench.{name}", *arguments],
        cwd=ROOT,
        env=environment,
        stdout=subprocess.PIPE,
        check=True,
    )
    found: list[dict[str, Any]] = json.loads(done.stdout)
    for one in found:
        ratio = f"  ratio {one['ratio']:.2f} of {one['baseline']['name']}" if one.get("ratio") is not None else ""
        print(f"  {one['name']:<44} {one['value']:>12,.3f} {one['unit']}{ratio}", flush=True)
    return found


def _machine() -> dict[str, Any]:
    memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 2**30
    model = next(
        (line.split(":")[1].strip() for line in Path("/proc/cpuinfo").read_text().splitlines() if "model name" in line),
        "",
    )
    return {
        "at": datetime.now(UTC).isoformat(timespec="seconds"), "cores": os.cpu_count(), "cpu": model,
        "memory_gib": round(memory, 1), "system": platform.platform(), "python": platform.python_version(),
        "load_before": os.getloadavg()[0],
    }  # fmt: skip


if __name__ == "__main__":
    main()
