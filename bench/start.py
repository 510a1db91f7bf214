"""A bench process's start: the embedded server of the bench's data directory, Django, the catalogue, one department."""

import os
import resource

from xinyong.config import postgres

DEPARTMENT = "11990100MGC2D9HX68"


def start() -> None:
    """Starts everything; safe to call once a process."""
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "xinyong.config.settings")
    postgres.ensure_running()
    from xinyong.operations import command

    command.with_database()
    from xinyong.operations.setup import prepare
    from xinyong.security import identity
    from xinyong.security.access import system

    prepare()
    identity.register_department(code=DEPARTMENT, name="云溪市市场监督管理局", short_name="市监局", by=system("bench"))


def empty() -> None:
    """Empties submissions and records (the bench's own database)."""
    from django.db import connection

    from xinyong.security import separation

    with separation.as_owner(), connection.cursor() as cursor:
        cursor.execute("SET session_replication_role = replica")
        cursor.execute(
            "TRUNCATE record, record_later, records_tally, intake_submission, intake_chunk, intake_finding, intake_waitingrow CASCADE"
        )
        cursor.execute("SET session_replication_role = origin")
        cursor.execute("CHECKPOINT")


def peak_mib() -> float:
    """Peak resident memory of this process, MiB."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
