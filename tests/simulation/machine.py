"""A machine: its disk, its clock, the processes that have its replica open."""

from pathlib import Path

from crdtnotes.changes.wire_ops import KNOWN_KINDS
from crdtnotes.editing.session import EditSession
from crdtnotes.errors import CrdtnotesError, NoteNotFound, NotPermitted
from crdtnotes.store.local_state import StreamRecord
from crdtnotes.store.replica import Replica
from crdtnotes.store.writer import Writer
from crdtnotes.vault import Vault
from tests.simulation.disk import Disk
from tests.simulation.identities import identity
from tests.simulation.leads import Leads
from tests.simulation.ledger import Ledger
from tests.simulation.lines import Pen
from tests.simulation.people import Person


class Process:
    """One program that has the replica open: an editor, `serve`, a script."""

    def __init__(self, vault: Vault) -> None:
        self.vault = vault
        self.editors: dict[str, EditSession] = {}


class Machine:
    """One replica and the programs that use it."""

    def __init__(self, number: int, path: Path, processes: int, ledger: Ledger, pen: Pen) -> None:
        self.number = number
        self.processes = processes
        self.disk = Disk(path, in_memory=processes == 1)
        self.person = Person(number, ledger, pen)
        self.identity = identity(number)
        """The device's keys; only a paired world uses them."""
        self.clock = 1_800_000_000_000
        self.away = False
        self.group = 0
        """Machines of different groups cannot reach each other."""
        self.backup: tuple[bytes, StreamRecord | None] | None = None
        self.outside: StreamRecord | None = None
        """The content of the machine's state folder about the replica."""
        self.running: list[Process] = []
        self.looked: Leads | None = None
        """Where all links led when the person had done something for the last time."""
        self.unfinished: set[str] = set()
        """Notes whose links may not be those of their text: an editor that typed in them was killed."""

    def begin(self, actor: int) -> None:
        """Make an empty replica."""
        conn = self.disk.open().conn
        device, token = f"机器 {self.number}", f"new {actor}"
        meta = {"device": device, "actor": actor, "kinds": KNOWN_KINDS, "token": token}
        self.outside = StreamRecord(token, actor, 0)
        conn.executemany("INSERT OR REPLACE INTO meta VALUES (?, ?)", list(meta.items()))
        self.disk.release(conn)

    def start(self) -> None:
        """Start the programs."""
        for _ in range(self.processes - len(self.running)):
            vault = Vault(Replica(self.disk.path, identity=lambda: self.identity))
            vault._writer = Writer(vault.replica, lambda: self.clock)
            self.running.append(Process(vault))

    def process(self, seed: int) -> Process:
        """One of the programs."""
        return self.running[seed % len(self.running)]

    @property
    def replica(self) -> Replica:
        """The replica of the first program."""
        return self.running[0].vault.replica

    def stop(self) -> None:
        """Kill all programs; uncommitted data is lost."""
        self.unfinished |= self.edited
        self.running.clear()
        self.disk.stop()

    def quit(self) -> None:
        """End all programs cleanly."""
        for process in self.running:
            try:
                process.vault.close()
            except CrdtnotesError:
                # The disk is full: derived data lags behind the log.
                continue
        self.stop()

    @property
    def edited(self) -> set[str]:
        """The ids of the notes that are open in editors."""
        return {id for process in self.running for id in process.editors}

    def finish_editing(self) -> None:
        """Let editors do what they do when typing pauses."""
        for process in self.running:
            for editor in process.editors.values():
                try:
                    editor.update_links()
                except NoteNotFound:
                    continue
                except NotPermitted:
                    # The device has become a reader while the editor was open.
                    self.unfinished |= self.edited

    def texts(self) -> str:
        """The texts of all notes, including deleted notes."""
        replica = self.replica
        uids = [bytes(uid) for (uid,) in replica.conn.execute("SELECT uid FROM notes").fetchall()]
        with replica.reading():
            return "".join(replica.documents.text(uid) or "" for uid in uids)

    def shown(self) -> str:
        """The texts of all visible notes."""
        vault = self.running[0].vault
        return "".join(vault.note(info.name).text for info in vault.names())
