"""The input of the benchmarks: given on the command line, or generated here once per run."""

from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any, TypeVar

from tests.benchmarks import traces
from tests.benchmarks.notes import make_notes
from tests.benchmarks.traces import Trace

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Sizes:
    """The sizes of generated input.

    `keys` is the number of keys typed until the other process shows them; `growth_…` are the compared sizes.
    """

    edits: int = 260_000
    concurrent_edits: int = 26_000
    jumps: int = 50_000
    notes: int = 6280
    note_bytes: int = 5414
    keys: int = 300
    growth_notes: tuple[int, ...] = (785, 1570, 3140, 6280)
    growth_changes: tuple[int, ...] = (6500, 13_000, 26_000, 52_000)
    growth_actors: tuple[int, ...] = (100, 200, 400, 800)
    memory_notes: int = 6000
    memory_note_bytes: int = 5000


TINY = Sizes(
    edits=600,
    concurrent_edits=300,
    jumps=300,
    notes=12,
    note_bytes=600,
    keys=5,
    growth_notes=(4, 8),
    growth_changes=(10, 20),
    growth_actors=(2, 4),
    memory_notes=6,
    memory_note_bytes=300,
)
"""Just enough to give each benchmark something to do."""


class Inputs:
    """Given or generated input; `folder` is a place for files, `runs` the number of measured rounds."""

    def __init__(
        self,
        folder: Path,
        *,
        given_traces: tuple[Trace, ...] = (),
        given_vault: Path | None = None,
        runs: int = 5,
        sizes: Sizes | None = None,
    ) -> None:
        self.runs = runs
        self.sizes = sizes or Sizes()
        self._folder = folder
        self._given_traces = given_traces
        self._given_vault = given_vault
        self._made: dict[str, Any] = {}
        self._count = 0

    @property
    def few(self) -> int:
        """The number of rounds for measurements that take many seconds."""
        return min(self.runs, 3)

    def place(self, name: str) -> Path:
        """Return an unused path in the folder."""
        self._count += 1
        return self._folder / f"{self._count:03d}-{name}"

    def once(self, name: str, make: Callable[[], T]) -> T:
        """Return the result of `make`, which is called only once for each name."""
        if name not in self._made:
            self._made[name] = make()
        made: T = self._made[name]
        return made

    @cached_property
    def typing_traces(self) -> list[Trace]:
        """Recordings of one person."""
        given = [trace for trace in self._given_traces if len(trace.agents) == 1]
        return given or [
            traces.typing(self.sizes.edits),
            traces.typing(self.sizes.edits // 10, seed=4, chinese=1.0),
        ]

    @cached_property
    def longest_trace(self) -> Trace:
        """The recording of one person with the most patches."""
        return max(self.typing_traces, key=lambda trace: len(trace.txns))

    @cached_property
    def concurrent_traces(self) -> list[Trace]:
        """Recordings of several people."""
        given = [trace for trace in self._given_traces if len(trace.agents) > 1]
        return given or [traces.concurrent(self.sizes.concurrent_edits)]

    @cached_property
    def notes_folder(self) -> Path:
        """A folder of Markdown files."""
        if self._given_vault is not None:
            return self._given_vault
        folder = self.place("notes")
        make_notes(folder, self.sizes.notes, self.sizes.note_bytes)
        return folder

    @cached_property
    def markdown_files(self) -> list[Path]:
        """The Markdown files in that folder."""
        return sorted(self.notes_folder.rglob("*.md"))

    @cached_property
    def markdown_bytes(self) -> int:
        """The total size of the Markdown files."""
        return sum(file.stat().st_size for file in self.markdown_files)
