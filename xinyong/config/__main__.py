"""The composition root of the console script: ``xinyong`` and ``python -m xinyong.config``.

The commands live at the operator's door; here they are given the database they run on.
"""

import os

from xinyong.config import postgres, stand_alone
from xinyong.operations import command


def main() -> None:
    """Entry point."""
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "xinyong.config.settings")
    command.main(
        start_database=postgres.ensure_running,
        release_database=postgres.release,
        stand_alone=stand_alone.configure,
    )


if __name__ == "__main__":
    main()
