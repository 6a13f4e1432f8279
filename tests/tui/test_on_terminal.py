"""The terminal UI as a user meets it: `gleanery` alone, on a real terminal, in a process of its own."""

import sys
from pathlib import Path

from ledgers.filled_ledger import FilledLedger, fill
from live_terminal import ALTERNATE, BACK, SHOW_CURSOR, LiveTerminal

GLEANERY = [sys.executable, "-m", "gleanery"]


def test_gleanery_alone_opens_the_queue_and_leaves_the_terminal_as_it_was(tmp_path: Path) -> None:
    fill(tmp_path)
    with LiveTerminal(GLEANERY, tmp_path) as terminal:
        terminal.wait_for("thesis.txt")
        assert ALTERNATE in terminal.sent
        terminal.type("q")
        assert terminal.wait() == 0
        after = terminal.sent.rpartition(BACK)[2]
        assert terminal.mode_now() == terminal.mode
    assert "6 jobs still to do, and no worker runs. Start it with: gleanery worker start" in after
    assert SHOW_CURSOR in terminal.sent
    assert ALTERNATE not in after
    assert "\x1b[?1000h" not in after, "the mouse is given back"


def test_keys_are_typed_and_the_ledger_is_changed(tmp_path: Path) -> None:
    with FilledLedger(tmp_path) as filled:
        job = filled.add("queued", total=3)
        with LiveTerminal(GLEANERY, tmp_path, NO_COLOR="1") as terminal:
            terminal.wait_for("references")
            terminal.type("p")
            terminal.wait_for(f"Paused {job.id}")
            terminal.type("q")
            assert terminal.wait() == 0
        assert filled.ledger.job(job.id).state == "paused"


def test_a_damaged_ledger_is_a_sentence_and_no_screen(tmp_path: Path) -> None:
    (tmp_path / "ledger.db").write_bytes(b"this is no ledger, but it is long enough to be looked at " * 100)
    with LiveTerminal(GLEANERY, tmp_path) as terminal:
        assert terminal.wait() == 1
    assert terminal.sent.startswith("Error: ")
    assert ALTERNATE not in terminal.sent
