"""Loaded before Django's settings: the suite has its own data directory and its own embedded server (fsync off)."""

import os
import pathlib

os.environ.setdefault("XINYONG_HOME", str(pathlib.Path(__file__).parent.parent / "var" / "test"))

from xinyong.config import postgres

postgres.ensure_running(quick_and_unsafe=True)
