"""The queue, live: its jobs, the chosen one's details, and keys for what can be asked of the worker."""

from __future__ import annotations

from pathlib import Path
from typing import Any, ClassVar

from rich.text import Text
from textual import on, work
from textual.app import ComposeResult
from textual.binding import BindingType
from textual.screen import Screen
from textual.widgets import DataTable, Footer, Static

from gleanery.jobs.job import ENDED, Job, Verb
from gleanery.tui.actions import OF_A_JOB, QUEUE_ACTIONS, bindings_of
from gleanery.tui.asker import Asker
from gleanery.tui.confirm import Confirm
from gleanery.tui.details_pane import DetailsPane
from gleanery.tui.feed import Feed, View
from gleanery.tui.help_screen import HelpScreen
from gleanery.tui.jobs_table import JobsTable
from gleanery.tui.messages import Answered, LedgerLost, LedgerSeen, Refused
from gleanery.tui.wording import count_of
from gleanery.tui.worker_line import WorkerLine

_EMPTY = Text.assemble(
    "No jobs yet. In another terminal:\n\n",
    ("gleanery submit bibliography refs.txt", "bold"),
    "\n\nstores the references and starts the worker; the job appears here.",
)


class QueueScreen(Screen[None]):
    """Shows the queue of the ledger in `queue_home`. Threads read it and ask; only the handlers here show."""

    CSS_PATH = Path(__file__).with_suffix(".tcss")
    ACTIONS = QUEUE_ACTIONS
    BINDINGS: ClassVar[list[BindingType]] = [*bindings_of(QUEUE_ACTIONS), ("escape", "back", "Back")]

    def __init__(self, queue_home: Path) -> None:
        super().__init__()
        post = self.post_message
        self._feed = Feed(queue_home, lambda view: post(LedgerSeen(view)), lambda sentence: post(LedgerLost(sentence)))
        self._asker = Asker(
            queue_home, lambda sentence: post(Answered(sentence)), lambda sentence: post(Refused(sentence))
        )
        self._lost: str | None = None
        self.view = View()

    def compose(self) -> ComposeResult:
        """The worker, the queue, the chosen job, the keys."""
        yield WorkerLine()
        yield Static(_EMPTY, id="empty")
        yield JobsTable()
        yield DetailsPane()
        yield Footer(compact=True, show_command_palette=False)

    def on_mount(self) -> None:
        """Begin to read the ledger."""
        self.app.theme_changed_signal.subscribe(self, lambda theme: self._draw_again())
        self.table.focus()
        self._read_ledger()

    def on_unmount(self) -> None:
        """Let the reading thread go."""
        self._feed.stop()

    @property
    def table(self) -> JobsTable:
        """The queue."""
        return self.query_one(JobsTable)

    @work(thread=True)
    def _read_ledger(self) -> None:
        self._feed.run()

    # What threads tell

    @on(LedgerSeen)
    def _show(self, message: LedgerSeen) -> None:
        before, self.view, self._lost = self.view, message.view, None
        self.set_class(not self.view.jobs, "-empty")
        if not self.view.jobs and self._reading:
            self._read(False)
        self.query_one(WorkerLine).show(self.view)
        self.table.show(self.view.jobs, self.view.at)
        self._choose()
        if self.view.details is None or self.view.details.job.id == self._chosen_id():
            self.query_one(DetailsPane).show(self.view)
        if (before.worker is None, not before.jobs) != (self.view.worker is None, not self.view.jobs):
            self.refresh_bindings()

    @on(LedgerLost)
    def _say_lost(self, message: LedgerLost) -> None:
        if message.sentence != self._lost:
            self._lost = message.sentence
            self.notify(message.sentence, severity="error", timeout=30, markup=False)

    @on(Answered)
    def _say_answer(self, message: Answered) -> None:
        self.notify(message.sentence, markup=False)

    @on(Refused)
    def _say_refusal(self, message: Refused) -> None:
        self.notify(message.sentence, severity="warning", timeout=10, markup=False)

    # What the user does

    @on(DataTable.RowHighlighted)
    def _choose(self) -> None:
        self._feed.choose(self._chosen_id())

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        """What asks something of a job needs one; the worker is started where none runs; one goes back from details."""
        if action == "start_worker":
            return self.view.worker is None
        if action in ("details", "back"):
            return bool(self.view.jobs) and self._reading == (action == "back")
        return bool(self.view.jobs) or action not in OF_A_JOB

    def action_pause(self) -> None:
        """Pause the chosen job."""
        self._ask("pause")

    def action_resume(self) -> None:
        """Let the chosen job go on."""
        self._ask("resume")

    def action_retry(self) -> None:
        """Do the chosen job's failed records again."""
        self._ask("retry", statuses=["failed"])

    def action_earlier(self) -> None:
        """Let the chosen job run before the one above it."""
        self._move(-1, "before")

    def action_later(self) -> None:
        """Let the chosen job run after the one below it."""
        self._move(1, "after")

    def action_cancel(self) -> None:
        """Cancel the chosen job, if that is really wanted."""
        if (job := self.table.chosen) is None:
            return
        if job.state in ENDED:
            self._refuse(f"{job.id} is {job.state}: there is nothing to cancel.")
            return
        consequence = (
            f"{count_of(job.counts.todo)} of its {count_of(job.counts.total)} records are still to do; what is in "
            "flight is aborted. What is done stays, and r takes the job up again."
        )
        self._confirm(Confirm(f"Cancel {job.id} ({job.manifest.task})?", consequence, "Cancel the job"), job, "cancel")

    def action_delete(self) -> None:
        """Delete the chosen job, if it has ended and that is really wanted."""
        if (job := self.table.chosen) is None:
            return
        if job.state not in ENDED:
            self._refuse(f"{job.id} is {job.state}: only a job that ended can be deleted. c cancels it.")
            return
        consequence = (
            f"Its {count_of(job.counts.total)} records, {count_of(job.counts.done)} results and all exchanges with "
            "models are removed for good."
        )
        self._confirm(Confirm(f"Delete {job.id} ({job.manifest.task})?", consequence, "Delete the job"), job, "delete")

    def action_details(self) -> None:
        """Give the whole screen to the details."""
        self._read(True)

    def action_back(self) -> None:
        """Back to the queue."""
        self._read(False)

    def action_start_worker(self) -> None:
        """Start the worker."""
        self._asker.start_worker()

    def action_help(self) -> None:
        """Say what the keys do."""
        self.app.push_screen(HelpScreen(self.ACTIONS))

    async def action_quit(self) -> None:
        """Leave."""
        await self.app.action_quit()

    @property
    def _reading(self) -> bool:
        """Whether the details have the whole screen."""
        return self.has_class("-reading")

    def _read(self, reading: bool) -> None:
        self.set_class(reading, "-reading")
        (self.query_one("#facts") if reading else self.table).focus()
        self.refresh_bindings()

    def _chosen_id(self) -> str | None:
        job = self.table.chosen
        return None if job is None else job.id

    def _ask(self, verb: Verb, **arguments: Any) -> None:
        if (job := self.table.chosen) is not None:
            self._asker.ask(job.id, verb, **arguments)

    def _confirm(self, question: Confirm, job: Job, verb: Verb) -> None:
        def answered(yes: bool | None) -> None:
            if yes:
                self._asker.ask(job.id, verb)

        self.app.push_screen(question, answered)

    def _move(self, by: int, side: str) -> None:
        if (job := self.table.chosen) is None:
            return
        if job.state in ENDED:
            self._refuse(f"{job.id} is {job.state}: it has no place in the queue.")
            return
        waiting = [other.id for other in self.view.jobs if other.state not in ENDED]
        place = waiting.index(job.id) + by
        if 0 <= place < len(waiting):
            self._asker.ask(job.id, "move", **{side: waiting[place]})

    def _refuse(self, sentence: str) -> None:
        self.post_message(Refused(sentence))

    def _draw_again(self) -> None:
        self.table.draw_again()
        self.query_one(WorkerLine).show(self.view)
        self.query_one(DetailsPane).show(self.view, again=True)
