"""A department that edits and removes rows after it handed them in, and alters its receipt."""

import json
import random
from pathlib import Path
from tempfile import TemporaryDirectory

import time_machine

from tests.conftest import _empty
from tests.intake import made
from xinyong.intake import receipt
from xinyong.security import vault
from xinyong.security.ledger import receipts, signing


def run(edits: int, *, seed: int = 13) -> tuple[int, int, bool, int]:
    """Edits planted, edits found where they are, whether the receipt proves the original file, altered receipts accepted."""
    chance = random.Random(seed)
    with TemporaryDirectory() as name, time_machine.travel(made.NOW, tick=True):
        _empty()
        folder, unit = Path(name), made.department()
        parties = [made.organisation() for _ in range(40)]
        made.register(*parties)
        rows = [made.penalty_row(chance.choice(parties), unit) for _ in range(edits * 2)]
        file = made.csv_file(folder / "handed-in.csv", rows)
        seen = made.hand_in(file, "admin-penalty-org", unit)
        given = json.dumps(receipt.of(seen.id, seen_by=made.SYSTEM))
        key = [signing.signers()[0].public]
        proved = receipts.verify(given, keys=key, file_digest=vault.digest_of(file)[0]).is_genuine
        planted = set(chance.sample(range(len(rows)), edits))
        later = []
        for place, row in enumerate(rows):
            if place not in planted:
                later.append(row)
            elif chance.random() < 0.7:  # the others are removed
                column = chance.choice(["CF_NR_FK", "CF_JDRQ", "CF_NR", "CF_YJ", "CF_XDR_MC"])
                later.append(row | {column: row[column] + "1"})
        chance.shuffle(later)
        found = receipt.compare(seen.id, made.csv_file(folder / "today.csv", later), seen_by=made.SYSTEM)
        right = {one.row_no - 2 for one in found if one.kind in {"changed", "removed"}} & planted
        is_exact = len(found) == edits
        bent = sum(receipts.verify(_bent(given, chance), keys=key).is_genuine for _ in range(100))
        _empty()
    return edits, len(right) if is_exact else -1, proved, bent


def _bent(given: str, chance: random.Random) -> str:
    """The receipt with one thing in its signed or proved parts altered."""
    said = json.loads(given)
    part = chance.choice(["signed", "checkpoint", "proof", "statement"])
    if part in {"signed", "checkpoint"}:
        digits = [at for at, sign in enumerate(said[part].rpartition("\n\n")[0]) if sign.isdigit()]
        place = chance.choice(digits)
        digit = str((int(said[part][place]) + 1) % 10)
        said[part] = said[part][:place] + digit + said[part][place + 1 :]
    elif part == "proof":
        leaf = chance.choice(said["leaves"])
        leaf["position"] += chance.choice([1, 2, 300])
    else:
        one = chance.choice(said["statements"])
        one["sha256"] = "0" * 64
    return json.dumps(said)
