"""The loop: decoders and sessions are given rubbish, and what must hold is held.

- nothing but the one family of errors comes out of a decoder, and nothing at all out of a session
- a frame that is refused leaves the replica as it was: heads, digest, texts
- a replica of a paired vault takes nothing in that was not signed
- a replica that took something in (some mutations are valid changes) is still whole: `check` says so
- one frame takes bounded time, all of them bounded memory
"""

import resource
import sys
import time
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from random import Random

from crdtnotes.changes import block, messages, snapshot
from crdtnotes.changes.batch import unbatch
from crdtnotes.changes.codec import decode, encode
from crdtnotes.errors import CrdtnotesError, Damaged, DecodeError, Fork
from crdtnotes.sync.session.session import Session
from tests.fuzz.corpus import Corpus, build
from tests.fuzz.mutator import Mutator
from tests.fuzz.paired import PairedHost
from tests.fuzz.target import Target

SLOWEST = 2.0
"""Seconds of the processor that one frame may take; they are below 64 KiB."""

MEMORY_MB = 256
"""By how much the process may grow."""

CHECKED = 50
"""Of so many replicas that took something in, one is checked through."""


@dataclass
class Tally:
    """What was sent and what became of it."""

    frames: int = 0
    refused: Counter[str] = field(default_factory=Counter)
    accepted: int = 0
    taken_in: int = 0
    """How often a replica took something in: not every mutation breaks a rule."""
    slowest: float = 0.0
    grown_mb: float = 0.0

    def __str__(self) -> str:
        kinds = ", ".join(f"{count:,} {name}" for name, count in self.refused.most_common())
        return (
            f"{self.frames:,} frames: {kinds}; {self.accepted:,} valid ({self.taken_in:,} "
            f"times a replica took changes in, and was whole then); slowest {self.slowest * 1000:.0f} ms, "
            f"{self.grown_mb:.0f} MB more memory; no other exception, no state changed by what was refused"
        )


def run(seed: int, frames: int, folder: Path, show: Callable[[int], None] = lambda _: None) -> Tally:
    """Send so many frames; fails with a note that replays it where something does not hold."""
    tally = Tally()
    corpus = build(folder, seed)
    random = Random(f"{seed} frames")
    mutator = Mutator(random, corpus)
    host = _Host(corpus)
    paired = PairedHost(folder, random)
    targets = [
        (_decode_frame, mutator.frame, 4),
        (_decode_change, mutator.change, 3),
        (_decode_block, mutator.block, 2),
        (_decode_batch, mutator.batch, 2),
        (_decode_snapshot, mutator.snapshot, 1),
        (host.converse, mutator.frame, 2),
        (host.converse, mutator.exchange, 3),
        (paired.converse, lambda: paired.exchange(mutator), 2),
    ]
    deck = [(target, source) for target, source, weight in targets for _ in range(weight)]
    before = _memory()
    try:
        while tally.frames < frames:
            target, source = random.choice(deck)
            rubbish = source()
            began = time.process_time()
            try:
                outcome = target(rubbish)  # type: ignore[operator]
            except BaseException as error:
                error.add_note(f"replay: python -m tests.fuzz --seed {seed} --frames {tally.frames + 1}")
                error.add_note(f"{getattr(target, '__name__', target)}: {rubbish!r}"[:4000])
                raise
            tally.slowest = max(tally.slowest, time.process_time() - began)
            tally.frames += 1
            if outcome is None:
                tally.accepted += 1
            else:
                tally.refused[outcome] += 1
            if tally.frames % 500 == 0:
                show(tally.frames)
        host.is_untouched()
        paired.is_untouched()
        tally.taken_in = host.taken_in + paired.taken_in
    finally:
        host.close()
        paired.close()
    tally.grown_mb = _memory() - before
    assert tally.slowest < SLOWEST, f"one frame took {tally.slowest:.1f} s"
    assert tally.grown_mb < MEMORY_MB, f"the process grew by {tally.grown_mb:.0f} MB"
    return tally


def _memory() -> float:
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return peak / 1024 if sys.platform != "darwin" else peak / 1024 / 1024


Outcome = str | None
"""The name of the error, None where what came was valid."""


def _decode_frame(frame: bytes) -> Outcome:
    messages.protocol_range(frame)
    try:
        message = messages.decode(frame)
        assert messages.encode(message)
        if isinstance(message, messages.Changes):
            for _ in unbatch(messages.unpack(message)):
                pass
    except DecodeError as error:
        return _said(error)
    return None


def _decode_change(data: bytes) -> Outcome:
    try:
        change = decode(data)
    except DecodeError as error:
        return _said(error)
    assert encode(change) == data, "a change has two encodings"
    return None


def _decode_block(data: bytes) -> Outcome:
    try:
        changes = block.unpack(data)
    except DecodeError as error:
        return _said(error)
    for change in changes:
        assert decode(encode(change)) == change, "a block holds what is no change"
    return None


def _decode_batch(data: bytes) -> Outcome:
    try:
        for opened in unbatch(data):
            for change, content in opened.changes:
                assert decode(content) == change
    except DecodeError as error:
        return _said(error)
    return None


def _decode_snapshot(given: tuple[bytes, str]) -> Outcome:
    data, text = given
    try:
        loaded = snapshot.load(data, text)
    except Damaged as error:
        return _said(error)
    assert str(loaded.text) == text
    return None


def _said(error: CrdtnotesError) -> str:
    assert str(error), "an error without a sentence"
    return type(error).__name__


class _Host(Target):
    """A replica that peers talk to."""

    def __init__(self, corpus: Corpus) -> None:
        super().__init__(corpus.path, CHECKED)
        self._corpus = corpus

    def converse(self, frame: bytes) -> Outcome:
        """Give a session a frame, most times after a greeting that it accepts."""
        session = Session(self._vault.replica)
        session.start()
        session.data_to_send()
        if len(frame) % 8:
            for hello in self._corpus.greeting:
                session.receive([hello])
                session.data_to_send()
            assert session.error is None
        session.receive([frame])
        out = session.data_to_send()
        said = [messages.decode(answer) for answer in out]
        assert out or not session.closed or session.bye or session.error is None
        if self._vault.replica.heads() != self._heads:
            settled = isinstance(session.error, Fork)
            assert session.received or settled, "the heads moved, and nobody says why"
            self._renew()
            return None
        if any(isinstance(message, messages.Branch) for message in said):
            return "Fork"
        if session.error is None:
            return None
        return _said(session.error)
