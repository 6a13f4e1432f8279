"""What the tests of the terminal UI share."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from ledgers.filled_ledger import FilledLedger


@pytest.fixture
def filled(tmp_path: Path) -> Iterator[FilledLedger]:
    with FilledLedger(tmp_path) as ledger:
        yield ledger
