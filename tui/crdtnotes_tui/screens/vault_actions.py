"""Actions on the vault as a whole: import, export, a copy as a backup, and its state."""

import asyncio
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from datetime import date
from functools import partial
from pathlib import Path
from typing import Any, NamedTuple, TypeVar

from textual.binding import Binding
from textual.screen import Screen

from crdtnotes import Vault
from crdtnotes.mirror.exporter import ExportReport, export_folder
from crdtnotes.mirror.importer import ImportReport, import_folder
from crdtnotes.peering.devices import Device, list_devices
from crdtnotes.progress import Progress
from crdtnotes.terminal.text import counted
from crdtnotes.terminal.times import local_time
from crdtnotes_tui.notes.landing import landing_note
from crdtnotes_tui.notes.workspace import Workspace
from crdtnotes_tui.panels.messages import GoTo, TakenIn
from crdtnotes_tui.panels.status_line import StatusLine
from crdtnotes_tui.peers.device_words import device_lines, in_order
from crdtnotes_tui.screens.part import ScreenPart
from crdtnotes_tui.screens.path_prompt import PathPrompt
from crdtnotes_tui.screens.report import Report

T = TypeVar("T")

SETTLE_SECONDS = 3.0
"""How long a copy waits until what was typed is stored."""

PROGRESS_SECONDS = 0.1
"""The shortest time between two updates of the progress."""


class VaultState(NamedTuple):
    """What `Vault.status` says, and the devices of the vault."""

    status: dict[str, Any]
    devices: list[Device]


class VaultActions(ScreenPart):
    """Imports and exports folders, copies the vault to a file, and says how it is."""

    BINDINGS = (
        Binding("alt+i", "import", "Take in a folder of Markdown", id="import"),
        Binding("alt+e", "export", "Write all notes to a folder", id="export"),
        Binding("alt+b", "backup", "Back up the vault to a file", id="backup"),
        Binding("alt+u", "status", "State of the vault", id="status"),
    )

    def __init__(
        self,
        screen: Screen[None],
        workspace: Workspace,
        status: StatusLine,
        is_connected: Callable[[bytes], bool],
        show_tree: Callable[[], None],
    ) -> None:
        """`show_tree` shows the notes by folder."""
        super().__init__(screen)
        self._workspace = workspace
        self._status = status
        self._is_connected = is_connected
        self._show_tree = show_tree

    async def _beside(self, job: Callable[[Vault], T]) -> T:
        """Run a job on a second open replica, as another process would: meanwhile the first stores keys."""
        thread = self._workspace.thread
        await self._workspace.settle(SETTLE_SECONDS)

        def run() -> T:
            with Vault.open(thread.path, identity=thread.identity) as vault:
                return job(vault)

        try:
            return await asyncio.to_thread(run)
        finally:
            self._show_work("")

    def _progress(self, doing: str) -> Progress:
        """Return a function for another thread that shows progress in the status line."""
        loop = asyncio.get_running_loop()
        shown_at = 0.0

        def progress(done: int, total: int) -> None:
            nonlocal shown_at
            now = time.monotonic()
            if now - shown_at >= PROGRESS_SECONDS:
                shown_at = now
                with suppress(RuntimeError):  # the editor was left meanwhile
                    loop.call_soon_threadsafe(self._show_work, f"{doing} {done:,} of {total:,}")

        return progress

    def _show_work(self, words: str) -> None:
        self._status.work = words
        self._status.update_status()

    # -- folders

    def action_import(self) -> None:
        """Ask for a folder and import its Markdown files."""
        question = (
            "A folder with Markdown files; it is read with its subfolders and not changed. Tab completes."
        )
        self.ask(PathPrompt(question, "~/"), lambda folder: self.run(partial(self._import, Path(folder))))

    async def _import(self, folder: Path) -> None:
        progress = self._progress("importing")

        def job(vault: Vault) -> tuple[ImportReport, str | None]:
            report = import_folder(vault, folder, progress)
            return report, landing_note(vault.notes(), {*report.created, *report.updated})

        report, landing = await self._beside(job)
        created, updated, unchanged = map(len, (report.created, report.updated, report.unchanged))
        said = f"{created:,} created, {updated:,} updated, {unchanged:,} unchanged."
        self._report(
            f"Imported from {folder}", said, {"Left out": report.left_out, "To know": report.notices}
        )
        self.post_message(TakenIn())
        if landing is not None:
            self._show_tree()
            self.post_message(GoTo(landing, 1))

    def action_export(self) -> None:
        """Ask for a folder and write every note into it."""
        question = "The folder for the Markdown files; nothing in it is deleted. Tab completes."
        self.ask(PathPrompt(question, "~/"), lambda folder: self.run(partial(self._export, Path(folder))))

    async def _export(self, folder: Path) -> None:
        progress = self._progress("exporting")

        def job(vault: Vault) -> ExportReport:
            return export_folder(vault, folder, progress)

        report = await self._beside(job)
        said = f"{len(report.written):,} written, {len(report.unchanged):,} unchanged."
        self._report(f"Exported to {folder}", said, {"Not exported": report.failed})

    def _report(self, title: str, said: str, files: Mapping[str, Sequence[tuple[str, str]]]) -> None:
        """Say what was done: in a notification, or in a list if there is something to say of single files."""
        lines = [said]
        for what, some in files.items():
            if some:
                lines += ["", f"{what}:", *(f"{path}: {reason}" for path, reason in some)]
        if len(lines) > 1:
            self.app.push_screen(Report(title, lines))
        else:
            self.notify(said, title=title, timeout=10)

    # -- the vault's file

    def action_backup(self) -> None:
        """Ask for a file and copy the vault to it."""
        name = f"~/{self._workspace.thread.path.stem}-{date.today().isoformat()}.crdtnotes"
        question = "The new file for the copy of this vault. Tab completes."
        self.ask(
            PathPrompt(question, name, folders_only=False),
            lambda file: self.run(partial(self._backup, Path(file))),
        )

    async def _backup(self, file: Path) -> None:
        self._show_work("backing up")
        await self._beside(lambda vault: vault.backup(file))
        self.notify(str(file), title="Backed up", timeout=10)

    def action_status(self) -> None:
        """Show the state of the vault."""
        self.run(self._show_status)

    async def _show_status(self) -> None:
        def job(vault: Vault) -> VaultState:
            return VaultState(vault.status(), in_order(list_devices(vault)))

        state = await self._beside(job)
        self.app.push_screen(Report("State of the vault", status_lines(state, self._is_connected)))


def status_lines(state: VaultState, is_connected: Callable[[bytes], bool]) -> list[str]:
    """Return the state of a vault in lines: what it is, its devices, what waits, and its peers."""
    status = state.status
    lines = [
        f"{key:8} {status[key]}"
        for key in ("vault", "device", "actor", "path", "notes", "changes", "digest", "engine")
    ]
    lines.append("")
    devices = device_lines(state.devices, is_connected)
    lines += [f"{line.name}  {line.role}  {line.state}" for line in devices]
    if not state.devices:
        lines.append("It was never paired: F6 P pairs another device.")
    own, others = status["unsigned_own"], status["unsigned"] - status["unsigned_own"]
    if own:
        waits = f"Not signed yet by this device, because its keys are locked: {counted(own, 'change')}."
        lines += ["", f"{waits} They are signed and sent once you type the passphrase."]
    if others:
        waits = f"Not signed yet by the devices that made them: {counted(others, 'change')}."
        until = "until then, later changes only reach devices that already have these changes."
        lines += ["", f"{waits} Sync with those devices: {until}"]
    if status["peers"]:
        lines += ["", "In sync at:"]
        lines += [
            f"{local_time(peer['seen'])}  {peer['device']}  {peer['address'] or '(connects to us)'}"
            for peer in status["peers"]
        ]
    return lines
