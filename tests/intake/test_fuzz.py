"""Any file at all through the whole check: it is read or refused with a sentence, and its rows add up."""

import pytest
from hypothesis import settings

from tools import fuzz

#: In the suite a sample; ``python -m tools.fuzz`` ten thousand.
FILES = 60 if settings().max_examples < 1000 else 10_000


@pytest.mark.parametrize("seed", [11])
def test_generated_files_end_in_findings_or_in_a_sentence(seed: int) -> None:
    found = fuzz.fuzz(FILES, seed=seed)
    assert found.wrong == []
    assert found.files == FILES
    assert found.read > FILES // 4
    assert sum(found.refusals.values()) > FILES // 20
    assert found.findings > FILES
