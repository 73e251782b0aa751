"""A replicated growable array of characters (Roh et al. 2011), kept as runs.

Rules
    Each character is an element with an id `(counter, actor)`. An insert names the element it goes
    after. It is placed right after that element, past every element whose id is greater than its own.
    A delete turns elements into tombstones, which keep their place and lose their text.
    An insert may also name an element that it goes before. It hangs at that element's *front*: a virtual
    element with the same id, which stands where what hangs in front of the element begins.

Why replicas agree (Gomes et al. 2017 proved it by machine)
    An element's id is greater than the id of the element it was inserted after. So an element is followed
    by its children, from the greatest id down, each followed by its own descendants, whose ids are greater
    still. Skipping greater ids therefore skips whole siblings and stops at a place that depends only on
    the set of inserts. A front is an element like any other here: it hangs where its element would, and
    the element itself is its last child, since all others of its children have greater ids.

How it is kept
    A *run* is a stretch of neighbouring elements with consecutive counters of one actor, all visible
    or all tombstones. If the first element of a run is skipped, the whole run is skipped, because its
    ids only grow. Runs are stored in *chunks* of at most `CHUNK`, chunks in *groups* of at most `GROUP`;
    both know the number of their visible characters, so a distant position is found in few steps. A
    *stream* per actor finds an element's run by bisection. A front is a run of length 0 with the id of its
    element; it is in no stream. A *cursor* remembers the run of the last edit,
    so typing touches no other run.

Invariants
    - every element is in exactly one run, `run.chunk` is the chunk that holds the run, and `chunk.group` the
      group that holds the chunk
    - `len(run.text)` is `run.length`, or 0 in a tombstone
    - `_fronts` has the front of each element that has one; between the front and its element stand only
      greater ids, and at least one
    - `chunk.visible` is the sum of `len(run.text)` over its runs; `group.visible` that over its chunks, and
      `_length` that over all groups
    - the `least` of a chunk or a group is `ROOT`, or not greater than any id in it: an insert with a smaller
      id can skip all of it at once
    - no chunk is empty, except the only one of an empty array; no group is empty
    - the cursor names an existing run (unless the array is empty), its chunk and group, and the visible
      characters before each of the three

All positions and lengths are code points.
"""

from collections.abc import Iterable, Iterator

from crdtnotes.crdt.ids import ROOT, Id, OpId
from crdtnotes.crdt.ops import Elements, Patch, Span
from crdtnotes.crdt.runs import Chunk, Group, Run, Stream
from crdtnotes.errors import InvalidChange, MissingChanges, OutOfRange

CHUNK = 64
"""The most runs in a chunk."""

GROUP = 64
"""The most chunks in a group."""

GROW = 1024
"""A run that is longer than this does not grow by typing, so a keystroke never copies a long text."""


class Rga:
    """A sequence of characters that converges; every edit returns its effect as data."""

    __slots__ = (
        "_base",
        "_chunk",
        "_ci",
        "_fronts",
        "_gbase",
        "_gi",
        "_group",
        "_groups",
        "_length",
        "_pos",
        "_ri",
        "_streams",
    )

    def __init__(self) -> None:
        group = Group()
        group.chunks.append(Chunk(group))
        self._groups: list[Group] = [group]
        self._streams: dict[int, Stream] = {}
        self._fronts: dict[Id, Run] = {}
        self._length = 0
        self._reset()

    # -- reading

    def __len__(self) -> int:
        return self._length

    def __str__(self) -> str:
        return "".join([run.text for group in self._groups for chunk in group.chunks for run in chunk.runs])

    def __contains__(self, id: Id) -> bool:
        return self._find(id) is not None

    def runs(self) -> Iterator[tuple[int, int, int, str]]:
        """Yield the runs in order as `(actor, counter, length, text)`, joined wherever possible.

        The front of an element is a run of length 0 with the element's id. The same elements always give the
        same runs, however they were edited.
        """
        actor = counter = length = 0
        texts: list[str] = []
        for group in self._groups:
            for chunk in group.chunks:
                for run in chunk.runs:
                    if not run.length:
                        if length:
                            yield actor, counter, length, "".join(texts)
                        length, texts = 0, []
                        yield run.actor, run.counter, 0, ""
                        continue
                    if (
                        length
                        and run.actor == actor
                        and run.counter == counter + length
                        and bool(run.text) == bool(texts)
                    ):
                        length += run.length
                    else:
                        if length:
                            yield actor, counter, length, "".join(texts)
                        actor, counter, length = run.actor, run.counter, run.length
                        texts = []
                    if run.text:
                        texts.append(run.text)
        if length:
            yield actor, counter, length, "".join(texts)

    @classmethod
    def from_runs(cls, runs: Iterable[tuple[int, int, int, str]]) -> "Rga":
        """Rebuild an array from what `runs` yielded."""
        result = cls()
        group, chunk = result._group, result._chunk
        of_actors: dict[int, list[Run]] = {}
        for actor, counter, length, text in runs:
            if len(chunk.runs) == CHUNK // 2:
                if len(group.chunks) == GROUP // 2:
                    group = Group()
                    result._groups.append(group)
                chunk = Chunk(group)
                group.chunks.append(chunk)
            run = Run(actor, counter, length, text, chunk)
            chunk.runs.append(run)
            chunk.visible += len(text)
            if length:
                of_actors.setdefault(actor, []).append(run)
            else:
                result._fronts[(counter, actor)] = run
        for group in result._groups:
            group.visible = sum([chunk.visible for chunk in group.chunks])
            result._length += group.visible
        for actor, own in of_actors.items():
            result._streams[actor] = Stream.of(own)
        return result

    def id_at(self, index: int) -> OpId:
        """Return the id of the visible character at `index`."""
        if not 0 <= index < self._length:
            raise OutOfRange(f"There is no character at {index}: the text has {self._length}.")
        offset = self._seek(index)
        run = self._chunk.runs[self._ri]
        return OpId(run.counter + offset, run.actor)

    def before(self, index: int) -> OpId:
        """Return the id of the character before position `index`, `ROOT` at the beginning."""
        return self.id_at(index - 1) if index else ROOT

    def spans(self, index: int, length: int) -> tuple[Span, ...]:
        """Return the ids of the `length` visible characters from `index` on."""
        if index < 0 or length < 0 or index + length > self._length:
            raise OutOfRange(f"There are no {length} characters at {index}: the text has {self._length}.")
        result: list[Span] = []
        while length:
            offset = self._seek(index)
            run = self._chunk.runs[self._ri]
            take = min(run.length - offset, length)
            result.append(Span(run.actor, run.counter + offset, take))
            index += take
            length -= take
        return tuple(result)

    def position(self, id: Id) -> tuple[int, bool]:
        """Return the number of visible characters before the element, and whether it is visible.

        Raises MissingChanges for an element that is not here.
        """
        if id == ROOT:
            return 0, False
        run = self._find(id)
        if run is None:
            raise MissingChanges(f"The text has no element {id[0]}@{id[1]:x}.")
        self._go(run)
        alive = bool(run.text)
        return self._pos + (id[0] - run.counter if alive else 0), alive

    # -- changing

    def insert(self, id: Id, after: Id, text: str) -> list[Patch]:
        """Integrate an insert; an insert whose characters are already here changes nothing.

        Raises MissingChanges when `after` is not here, InvalidChange when it is not older than `id`.
        """
        if not text or self._find(id) is not None:
            return []
        if after >= id:
            raise InvalidChange("An insert goes after an element that is not older than itself.")
        if after == ROOT:
            self._reset()
            offset = 0
            if self._begins_with_front(id):
                self._add_at_start(id, text)
                return [Patch(0, 0, text)]
        else:
            offset = self._go_after(after)
        offset = self._skip(id, offset)
        index = self._place(id, offset, text)
        return [Patch(index, 0, text)]

    def insert_before(self, id: Id, before: Id, text: str) -> list[Patch]:
        """Integrate an insert in front of an element; one whose characters are already here changes nothing.

        Raises MissingChanges when `before` is not here, InvalidChange when it is not older than `id`.
        """
        if not text or self._find(id) is not None:
            return []
        if before >= id:
            raise InvalidChange("An insert goes before an element that is not older than itself.")
        self._go_front(before)
        offset = self._skip(id, 0)
        index = self._place(id, offset, text)
        return [Patch(index, 0, text)]

    def delete(self, spans: Iterable[Elements]) -> list[Patch]:
        """Turn the elements into tombstones; elements that are tombstones already stay as they are.

        Raises MissingChanges, and changes nothing, when one of them is not here.
        """
        spans = tuple(spans)
        for span in spans:
            self._require(span)
        patches: list[Patch] = []
        for actor, counter, length in spans:
            stream = self._streams[actor]
            end = counter + length
            while counter < end:
                run = stream.find(counter)
                if run is None:
                    raise MissingChanges("A delete names an element that is not here.")
                offset = counter - run.counter
                take = min(run.length - offset, end - counter)
                if run.text:
                    self._go(run)
                    patches.append(Patch(self._pos + offset, take, ""))
                    self._make_tombstones(offset, offset + take)
                counter += take
        return patches

    def insert_at(self, index: int, id: Id, text: str) -> Id:
        """Insert before position `index`, with an id greater than all others; return the element before it.

        The newest element goes right after its origin, so there is nothing to look up or to skip.
        """
        if not index:
            self._reset()
            if self._begins_with_front(id):
                self._add_at_start(id, text)
            else:
                self._place(id, 0, text)
            return ROOT
        chunk = self._chunk
        offset = index - self._pos - 1
        if 0 <= offset < GROW:
            # The common case: typing continues at the cursor, so there is no other run to find.
            run = chunk.runs[self._ri]
            if offset + 1 == len(run.text) and (run.counter + offset + 1, run.actor) == id:
                size = len(text)
                run.text += text
                run.length += size
                chunk.visible += size
                self._group.visible += size
                self._length += size
                return (run.counter + offset, run.actor)
        offset = self._seek(index - 1)
        run = self._chunk.runs[self._ri]
        after = (run.counter + offset, run.actor)
        self._place(id, offset + 1, text)
        return after

    def delete_at(self, index: int, length: int) -> tuple[Elements, ...]:
        """Delete the `length` visible characters from `index` on; return their ids."""
        result: list[Elements] = []
        while length:
            offset = self._seek(index)
            run = self._chunk.runs[self._ri]
            take = min(run.length - offset, length)
            result.append((run.actor, run.counter + offset, take))
            self._make_tombstones(offset, offset + take)
            length -= take
        return tuple(result)

    def reveal(self, id: Id, text: str) -> list[Patch]:
        """Give tombstones their text back: those of the elements from `id` on that are tombstones.

        `text` is the text that all of these elements, which have consecutive counters, were inserted with.
        Only a value that stands again comes back like this. Raises MissingChanges when one is not here.
        """
        counter, actor = id
        stream = self._streams.get(actor)
        patches: list[Patch] = []
        while text:
            run = stream.find(counter) if stream is not None else None
            if run is None:
                raise MissingChanges(f"The text has no element {counter}@{actor:x}.")
            offset = counter - run.counter
            take = min(run.length - offset, len(text))
            if not run.text:
                self._go(run)
                self._make_visible(offset, text[:take])
                patches.append(Patch(self._pos, 0, text[:take]))
            counter += take
            text = text[take:]
        return patches

    # -- finding

    def neighbour(self, after: Id) -> OpId | None:
        """Return the element or front right after an element, visible or not; None at the end.

        Raises MissingChanges when `after` is not here.
        """
        run, offset = self._after(after)
        if run is None:
            return None
        return OpId(run.counter + offset, run.actor)

    def least_between(self, after: Id, leaving: Iterable[Elements]) -> int:
        """Return the smallest counter among the elements from `after` on up to the first that stays.

        Elements stay if they are visible and not `leaving`. Tombstones, fronts and the element that stays
        count; `after` does not. Returns 0 if no element stays: the place is at the end of the text.
        """
        gone = tuple(leaving)
        run, offset = self._after(after)
        least = 0
        least_actor = 0
        while run is not None:
            counter = run.counter + offset
            if not least or (counter, run.actor) < (least, least_actor):
                least, least_actor = counter, run.actor
            if run.text and not _covers(gone, run.actor, counter, run.counter + run.length):
                return least
            run, offset = self._following(run), 0
        return 0

    def _after(self, after: Id) -> tuple[Run | None, int]:
        """Return the run and the offset in it that come right after an element."""
        if after == ROOT:
            runs = self._groups[0].chunks[0].runs
            return (runs[0] if runs else None), 0
        found = self._find(after)
        if found is None:
            raise MissingChanges(f"The text has no element {after[0]}@{after[1]:x}.")
        offset = after[0] - found.counter + 1
        if offset < found.length:
            return found, offset
        return self._following(found), 0

    def _following(self, run: Run) -> Run | None:
        """Return the run after a run."""
        self._go(run)
        runs = self._chunk.runs
        if self._ri + 1 < len(runs):
            return runs[self._ri + 1]
        chunk = self._next_chunk()
        return chunk.runs[0] if chunk is not None else None

    def _stream(self, actor: int) -> Stream:
        stream = self._streams.get(actor)
        if stream is None:
            stream = self._streams[actor] = Stream()
        return stream

    def _find(self, id: Id) -> Run | None:
        stream = self._streams.get(id[1])
        return stream.find(id[0]) if stream is not None else None

    def first_missing(self, span: Elements) -> OpId | None:
        """Return the first element of the span that is not here."""
        actor, counter, length = span
        stream = self._streams.get(actor)
        end = counter + length
        while counter < end:
            run = stream.find(counter) if stream is not None else None
            if run is None:
                return OpId(counter, actor)
            counter = run.counter + run.length
        return None

    def _require(self, span: Elements) -> None:
        missing = self.first_missing(span)
        if missing is not None:
            raise MissingChanges(
                f"A delete names element {missing.counter}@{missing.actor:x}, which is not here."
            )

    def _reset(self) -> None:
        """Put the cursor on the first run."""
        self._group = self._groups[0]
        self._chunk = self._group.chunks[0]
        self._gi = self._gbase = self._ci = self._base = self._ri = self._pos = 0

    def _seek(self, index: int) -> int:
        """Put the cursor on the run that shows the character at `index`; return its offset there."""
        chunk = self._chunk
        runs = chunk.runs
        ri, pos = self._ri, self._pos
        if runs and 0 <= index - pos < len(runs[ri].text):
            return index - pos
        if not self._base <= index < self._base + chunk.visible:
            self._seek_chunk(index)
            chunk = self._chunk
            runs = chunk.runs
            ri, pos = 0, self._base
            if index - pos > chunk.visible >> 1:  # nearer to the end
                ri, pos = len(runs), pos + chunk.visible
        while index < pos:
            ri -= 1
            pos -= len(runs[ri].text)
        size = len(runs[ri].text)
        while index >= pos + size:
            pos += size
            ri += 1
            size = len(runs[ri].text)
        self._ri, self._pos = ri, pos
        return index - pos

    def _seek_chunk(self, index: int) -> None:
        """Put the cursor on the chunk that shows the character at `index`; the run is left to the caller."""
        group = self._group
        gbase = self._gbase
        if gbase <= index < gbase + group.visible:
            ci, base = self._ci, self._base
        else:
            groups, gi = self._groups, self._gi
            while index < gbase:
                gi -= 1
                gbase -= groups[gi].visible
            while index >= gbase + groups[gi].visible:
                gbase += groups[gi].visible
                gi += 1
            group = groups[gi]
            self._group, self._gi, self._gbase = group, gi, gbase
            ci, base = 0, gbase
            if index - base > group.visible >> 1:  # nearer to the end
                ci, base = len(group.chunks), base + group.visible
        chunks = group.chunks
        while index < base:
            ci -= 1
            base -= chunks[ci].visible
        size = chunks[ci].visible
        while index >= base + size:
            base += size
            ci += 1
            size = chunks[ci].visible
        self._chunk, self._ci, self._base = chunks[ci], ci, base

    def _go(self, run: Run) -> None:
        """Put the cursor on a run."""
        chunk = run.chunk
        if chunk is not self._chunk:
            group = chunk.group
            if group is not self._group:
                self._group = group
                self._gi = self._groups.index(group)
                self._gbase = sum([g.visible for g in self._groups[: self._gi]])
            self._chunk = chunk
            self._ci = group.chunks.index(chunk)
            self._base = self._gbase + sum([c.visible for c in group.chunks[: self._ci]])
        elif chunk.runs[self._ri] is run:
            return
        self._ri = chunk.runs.index(run)
        self._pos = self._base + sum([len(r.text) for r in chunk.runs[: self._ri]])

    def _next_chunk(self) -> Chunk | None:
        """Return the chunk after the cursor's."""
        chunks = self._group.chunks
        if self._ci + 1 < len(chunks):
            return chunks[self._ci + 1]
        if self._gi + 1 < len(self._groups):
            return self._groups[self._gi + 1].chunks[0]
        return None

    def _step_to(self, chunk: Chunk) -> None:
        """Put the cursor on the first run of the chunk after its own."""
        self._base += self._chunk.visible
        self._pos = self._base
        self._ri = 0
        self._chunk = chunk
        if chunk.group is self._group:
            self._ci += 1
        else:
            self._gbase += self._group.visible
            self._group = chunk.group
            self._gi += 1
            self._ci = 0

    def _go_to_last_chunk(self) -> None:
        """Put the cursor on the first run of its group's last chunk."""
        group = self._group
        self._ci = len(group.chunks) - 1
        self._chunk = group.chunks[self._ci]
        self._base = self._pos = self._gbase + group.visible - self._chunk.visible
        self._ri = 0

    def _go_after(self, after: Id) -> int:
        """Put the cursor on the run that holds an element; return its offset in the run plus one."""
        counter, actor = after
        runs = self._chunk.runs
        run: Run | None = runs[self._ri] if runs else None
        # Typing continues where it was: the cursor is already on the run.
        if run is None or run.actor != actor or not 0 <= counter - run.counter < run.length:
            run = self._find(after)
            if run is None:
                raise MissingChanges(f"An insert goes after element {counter}@{actor:x}, which is not here.")
            self._go(run)
        return counter - run.counter + 1

    def _go_front(self, before: Id) -> None:
        """Put the cursor on the front of an element, which is added if nothing hangs there yet."""
        front = self._fronts.get(before)
        if front is not None:
            self._go(front)
            return
        run = self._find(before)
        if run is None:
            raise MissingChanges(
                f"An insert goes before element {before[0]}@{before[1]:x}, which is not here."
            )
        self._go(run)
        offset = before[0] - run.counter
        if offset:
            self._split(offset)
            self._pos += len(run.text)
            self._ri += 1
        front = Run(before[1], before[0], 0, "", self._chunk)
        self._fronts[before] = front
        self._chunk.runs.insert(self._ri, front)
        if len(self._chunk.runs) > CHUNK:
            self._halve()

    def _begins_with_front(self, id: Id) -> bool:
        """Whether the array begins with a front that is smaller than `id`, which goes before it then."""
        if not self._fronts:
            return False
        run = self._groups[0].chunks[0].runs[0]
        return not run.length and (run.counter, run.actor) < id

    def _skip(self, id: Id, offset: int) -> int:
        """Move the cursor past every element greater than `id`; return the offset in the cursor's run.

        The search starts after the first `offset` elements of the cursor's run.
        """
        chunk = self._chunk
        runs = chunk.runs
        if not runs:
            return 0
        run = runs[self._ri]
        counter, actor = id
        if offset < run.length:
            if (run.counter + offset, run.actor) < (counter, actor):
                return offset
            offset = run.length
        may_be_beyond = True
        while True:
            next_chunk: Chunk | None = None
            if self._ri + 1 < len(runs):
                following = runs[self._ri + 1]
            else:
                next_chunk = self._next_chunk()
                if next_chunk is None:
                    return offset
                following = next_chunk.runs[0]
            if (following.counter, following.actor) < (counter, actor):
                return offset
            if next_chunk is not None:
                self._step_to(next_chunk)
                if not self._ci and self._group.is_beyond(id):
                    self._go_to_last_chunk()
                chunk = self._chunk
                runs = chunk.runs
                may_be_beyond = True
            elif may_be_beyond and chunk.is_beyond(id):
                self._ri = len(runs) - 1
                self._pos = self._base + chunk.visible - len(runs[self._ri].text)
            else:
                may_be_beyond = False
                self._pos += len(run.text)
                self._ri += 1
            run = runs[self._ri]
            offset = run.length

    # -- changing runs

    def _place(self, id: Id, offset: int, text: str) -> int:
        """Insert new elements after `offset` elements of the cursor's run; return their visible index."""
        chunk = self._chunk
        runs = chunk.runs
        size = len(text)
        chunk.visible += size
        self._group.visible += size
        self._length += size
        if not runs:
            self._add_run(chunk, 0, Run(id[1], id[0], size, text, chunk))
            return 0
        run = runs[self._ri]
        index = self._pos + (offset if run.text else 0)
        if offset == run.length:
            if run.actor == id[1] and run.counter + offset == id[0] and run.text and offset < GROW:
                run.text += text
                run.length += size
                return index
            self._pos += len(run.text)
            self._ri += 1
        elif offset:
            self._split(offset)
            self._pos += len(run.text)
            self._ri += 1
        self._add_run(chunk, self._ri, Run(id[1], id[0], size, text, chunk))
        return index

    def _add_at_start(self, id: Id, text: str) -> None:
        """Insert new elements before the first run, which is a front; the cursor is there."""
        size = len(text)
        self._chunk.visible += size
        self._group.visible += size
        self._length += size
        self._add_run(self._chunk, 0, Run(id[1], id[0], size, text, self._chunk))

    def _make_visible(self, offset: int, text: str) -> None:
        """Give the elements after `offset` of the cursor's run, all tombstones, this text."""
        if offset:
            self._split(offset)
            self._ri += 1
        run = self._chunk.runs[self._ri]
        size = len(text)
        if size < run.length:
            self._split(size)
        run.text = text
        self._chunk.visible += size
        self._group.visible += size
        self._length += size
        if len(self._chunk.runs) > CHUNK:
            self._halve()

    def _split(self, offset: int) -> None:
        """Split the cursor's run after `offset` elements; the cursor stays on the first part."""
        chunk = self._chunk
        run = chunk.runs[self._ri]
        tail = Run(run.actor, run.counter + offset, run.length - offset, run.text[offset:], chunk)
        run.length = offset
        run.text = run.text[:offset]
        chunk.runs.insert(self._ri + 1, tail)
        self._streams[run.actor].add(tail)

    def _add_run(self, chunk: Chunk, at: int, run: Run) -> None:
        """Insert a run into the cursor's chunk, at the cursor, and split the chunk if it is now too long."""
        chunk.runs.insert(at, run)
        if run.counter <= chunk.least[0]:
            chunk.least = min(chunk.least, (run.counter, run.actor))
        if run.counter <= chunk.group.least[0]:
            chunk.group.least = min(chunk.group.least, (run.counter, run.actor))
        self._stream(run.actor).add(run)
        if len(chunk.runs) > CHUNK:
            self._halve()

    def _halve(self) -> None:
        """Split the cursor's chunk in two; the cursor stays on its run."""
        chunk, group = self._chunk, self._group
        half = len(chunk.runs) // 2
        tail = Chunk(group)
        tail.runs = chunk.runs[half:]
        del chunk.runs[half:]
        for run in tail.runs:
            run.chunk = tail
            tail.visible += len(run.text)
        chunk.visible -= tail.visible
        chunk.least = ROOT
        group.chunks.insert(self._ci + 1, tail)
        if self._ri >= half:
            self._chunk = tail
            self._ci += 1
            self._ri -= half
            self._base += chunk.visible
        if len(group.chunks) > GROUP:
            self._halve_group()

    def _halve_group(self) -> None:
        """Split the cursor's group in two; the cursor stays on its run."""
        group = self._group
        half = len(group.chunks) // 2
        tail = Group()
        tail.chunks = group.chunks[half:]
        del group.chunks[half:]
        for chunk in tail.chunks:
            chunk.group = tail
            tail.visible += chunk.visible
        group.visible -= tail.visible
        group.least = ROOT
        self._groups.insert(self._gi + 1, tail)
        if self._ci >= half:
            self._group = tail
            self._gi += 1
            self._ci -= half
            self._gbase += group.visible

    def _make_tombstones(self, start: int, end: int) -> None:
        """Turn the elements from offset `start` to `end` of the cursor's visible run into tombstones.

        A new tombstone is joined with the tombstone beside it if their ids are consecutive.
        """
        chunk = self._chunk
        runs = chunk.runs
        at = self._ri
        run = runs[at]
        size = end - start
        chunk.visible -= size
        self._group.visible -= size
        self._length -= size
        stream = self._streams[run.actor]
        if start == 0 and end == run.length:
            run.text = ""
            self._join(chunk, at)
        elif start == 0:
            first = run.counter
            run.counter += size
            run.length -= size
            run.text = run.text[size:]
            previous = runs[at - 1] if at else None
            if (
                previous is not None
                and previous.length
                and not previous.text
                and previous.actor == run.actor
                and previous.counter + previous.length == first
            ):
                previous.length += size
                stream.replace(first, run)
            else:
                tombstone = Run(run.actor, first, size, "", chunk)
                stream.replace(first, tombstone)
                stream.add(run)
                runs.insert(at, tombstone)
                self._ri += 1
        elif end == run.length:
            run.length = start
            run.text = run.text[:start]
            following = runs[at + 1] if at + 1 < len(runs) else None
            if (
                following is not None
                and following.length
                and not following.text
                and following.actor == run.actor
                and following.counter == run.counter + end
            ):
                before = following.counter
                following.counter -= size
                following.length += size
                stream.replace(before, following)
            else:
                tombstone = Run(run.actor, run.counter + start, size, "", chunk)
                runs.insert(at + 1, tombstone)
                stream.add(tombstone)
        else:
            self._split(end)
            tombstone = Run(run.actor, run.counter + start, size, "", chunk)
            run.length = start
            run.text = run.text[:start]
            runs.insert(at + 1, tombstone)
            stream.add(tombstone)
        if len(runs) > CHUNK:
            self._halve()

    def _join(self, chunk: Chunk, at: int) -> None:
        """Join the tombstone at `at` with the tombstones beside it in its chunk; the cursor follows."""
        runs = chunk.runs
        run = runs[at]
        stream = self._streams[run.actor]
        if at + 1 < len(runs):
            following = runs[at + 1]
            if (
                following.length
                and not following.text
                and following.actor == run.actor
                and following.counter == run.counter + run.length
            ):
                stream.drop(following.counter)
                run.length += following.length
                del runs[at + 1]
        if at:
            previous = runs[at - 1]
            if (
                previous.length
                and not previous.text
                and previous.actor == run.actor
                and previous.counter + previous.length == run.counter
            ):
                stream.drop(run.counter)
                previous.length += run.length
                del runs[at]
                self._ri = at - 1


def _covers(spans: tuple[Elements, ...], actor: int, counter: int, end: int) -> bool:
    """Whether spans hold all elements of an actor from a counter on up to `end`, exclusive."""
    moved = True
    while moved and counter < end:
        moved = False
        for other, first, length in spans:
            if other == actor and first <= counter < first + length:
                counter = first + length
                moved = True
    return counter >= end
