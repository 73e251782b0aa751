"""The data structures of an RGA: runs in chunks in groups, and each actor's runs by counter."""

from bisect import bisect_left, bisect_right

from crdtnotes.crdt.ids import ROOT, Id

PAGE = 512
"""The most runs in a page of a stream."""


class Run:
    """Neighbouring elements `(counter … counter+length-1, actor)`; `text` is empty in a tombstone."""

    __slots__ = ("actor", "chunk", "counter", "length", "text")

    def __init__(self, actor: int, counter: int, length: int, text: str, chunk: "Chunk") -> None:
        self.actor = actor
        self.counter = counter
        self.length = length
        self.text = text
        self.chunk = chunk


class Chunk:
    """Some neighbouring runs and the number of their visible characters.

    `least` is a lower bound of the ids in it, or `ROOT` until the bound has been computed.
    """

    __slots__ = ("group", "least", "runs", "visible")

    def __init__(self, group: "Group") -> None:
        self.runs: list[Run] = []
        self.visible = 0
        self.least: Id = ROOT
        self.group = group

    def is_beyond(self, id: Id) -> bool:
        """Tell whether every element is greater than `id`."""
        if not self.least[0]:
            self.least = min([(run.counter, run.actor) for run in self.runs])
        return self.least > id


class Group:
    """Some neighbouring chunks and the number of their visible characters; for `least` see `Chunk`."""

    __slots__ = ("chunks", "least", "visible")

    def __init__(self) -> None:
        self.chunks: list[Chunk] = []
        self.visible = 0
        self.least: Id = ROOT

    def is_beyond(self, id: Id) -> bool:
        """Tell whether every element is greater than `id`."""
        if not self.least[0]:
            self.least = min([(run.counter, run.actor) for chunk in self.chunks for run in chunk.runs])
        return self.least > id


class Page:
    """Some of a stream's runs: `starts[i]` is `runs[i].counter`, ascending."""

    __slots__ = ("runs", "starts")

    def __init__(self, runs: list[Run]) -> None:
        self.runs = runs
        self.starts = [run.counter for run in runs]


_NO_FIRSTS: list[int] = []
_NO_PAGES: list[Page] = []
"""Never changed; all streams of one run share them."""


class Stream:
    """One actor's runs by first counter, at least one, in pages; `firsts[i]` is where `pages[i]` begins.

    Pages are short, so adding a run among many thousands does not move all the others. A single run, as each
    derived actor has one, is `only`, and there are no pages.
    """

    __slots__ = ("firsts", "only", "pages")

    def __init__(self) -> None:
        self.only: Run | None = None
        self.firsts = _NO_FIRSTS
        self.pages = _NO_PAGES

    @classmethod
    def of(cls, runs: list[Run]) -> "Stream":
        """Return the stream of these runs, given in any order."""
        runs = sorted(runs, key=lambda run: run.counter)
        result = cls()
        if len(runs) == 1:
            result.only = runs[0]
            return result
        result.firsts, result.pages = [], []
        for start in range(0, len(runs), PAGE // 2):
            result.pages.append(Page(runs[start : start + PAGE // 2]))
            result.firsts.append(runs[start].counter)
        return result

    def add(self, run: Run) -> None:
        """Add a run."""
        counter = run.counter
        if not self.pages:
            if self.only is None:
                self.only = run
                return
            self.firsts, self.pages = [self.only.counter], [Page([self.only])]
            self.only = None
        page = self.pages[-1]
        at = len(self.pages) - 1
        if counter > page.starts[-1]:
            page.starts.append(counter)
            page.runs.append(run)
        else:
            if counter < self.firsts[at]:
                at = self._page_of(counter)
                page = self.pages[at]
            place = bisect_left(page.starts, counter)
            page.starts.insert(place, counter)
            page.runs.insert(place, run)
            if not place:
                self.firsts[at] = counter
        if len(page.runs) > PAGE:
            tail = Page(page.runs[PAGE // 2 :])
            del page.runs[PAGE // 2 :]
            del page.starts[PAGE // 2 :]
            self.pages.insert(at + 1, tail)
            self.firsts.insert(at + 1, tail.starts[0])

    def find(self, counter: int) -> Run | None:
        """Return the run that holds the counter."""
        only = self.only
        if only is not None:
            return only if only.counter <= counter < only.counter + only.length else None
        page = self.pages[-1]
        starts = page.starts
        if counter >= starts[-1]:
            # Most lookups are for the newest run.
            run = page.runs[-1]
        else:
            if counter < starts[0]:
                if counter < self.firsts[0]:
                    return None
                page = self.pages[self._page_of(counter)]
                starts = page.starts
            run = page.runs[bisect_right(starts, counter) - 1]
        return run if counter < run.counter + run.length else None

    def replace(self, counter: int, run: Run) -> None:
        """Replace the entry at `counter` with `run`, under the run's own first counter."""
        if self.only is not None:
            self.only = run
            return
        at = self._page_of(counter)
        page = self.pages[at]
        place = bisect_left(page.starts, counter)
        page.starts[place] = run.counter
        page.runs[place] = run
        if not place:
            self.firsts[at] = run.counter

    def drop(self, counter: int) -> None:
        """Remove the run that starts at the counter; it must not be the only one."""
        at = self._page_of(counter)
        page = self.pages[at]
        place = bisect_left(page.starts, counter)
        del page.starts[place]
        del page.runs[place]
        if not page.runs:
            del self.pages[at]
            del self.firsts[at]
        elif not place:
            self.firsts[at] = page.starts[0]

    def _page_of(self, counter: int) -> int:
        """Return the index of the page that holds a counter, or would hold it."""
        return max(bisect_right(self.firsts, counter) - 1, 0)
