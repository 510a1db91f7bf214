"""The worker knows every job, and the nightly one runs just after midnight where the platform stands."""

import json
import os
import subprocess
import sys
from datetime import UTC, datetime

from xinyong.kernel import clock

_ASK = """
import json, django
django.setup()
from procrastinate.contrib.django import app
app.perform_import_paths()  # as the worker does when it starts
ticks = {one.task.name: one.croniter.get_next(float, start_time=START) for one in app.periodic_registry.periodic_tasks.values()}
print(json.dumps({"tasks": sorted(app.tasks), "ticks": ticks}))
"""


def test_a_fresh_process_knows_the_jobs_and_when_the_clocks_are_closed() -> None:
    start = datetime(2026, 11, 21, 20, tzinfo=clock.ZONE).timestamp()
    done = subprocess.run(
        [sys.executable, "-c", _ASK.replace("START", str(start))],
        env={"DJANGO_SETTINGS_MODULE": "xinyong.config.settings", **os.environ},
        capture_output=True, text=True, check=True,
    )  # fmt: skip
    known = json.loads(done.stdout)
    assert {"intake.run", "records.close_clocks"} <= set(known["tasks"])
    tick = datetime.fromtimestamp(known["ticks"]["records.close_clocks"], UTC).astimezone(clock.ZONE)
    assert f"{tick:%Y-%m-%d %H:%M}" == "2026-11-22 00:05"
