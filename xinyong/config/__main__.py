"""The composition root of the console script: ``xinyong`` and ``python -m xinyong.config``.

The commands live at the operator's door; here they are given the database they run on.
"""

import os

from xinyong.config import postgres
from xinyong.operations import command


def main() -> None:
    """Entry point."""
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "xinyong.config.settings")
    command.main(start_database=postgres.ensure_running, release_database=postgres.release)


if __name__ == "__main__":
    main()
