"""The loop: decoders and sessions get invalid input, and these invariants must hold.

- a decoder raises only its own family of errors, and a session raises nothing
- a refused frame leaves the replica unchanged: heads, digest, texts
- a replica of a paired vault accepts only signed changes
- a replica that accepted something (some mutations are valid changes) is still consistent, says `check`
- each frame takes bounded time, and all frames take bounded memory
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
"""Seconds of CPU time that one frame may take; frames are smaller than 64 KiB."""

MEMORY_MB = 256
"""The memory by which the process may grow."""

CHECKED = 50
"""One in this many replicas that accepted something is checked completely."""


@dataclass
class Tally:
    """The inputs that were sent, and their outcomes."""

    frames: int = 0
    refused: Counter[str] = field(default_factory=Counter)
    accepted: int = 0
    taken_in: int = 0
    """How often a replica accepted something: not every mutation breaks a rule."""
    slowest: float = 0.0
    grown_mb: float = 0.0

    def __str__(self) -> str:
        kinds = ", ".join(f"{count:,} {name}" for name, count in self.refused.most_common())
        return (
            f"{self.frames:,} frames: {kinds}; {self.accepted:,} valid ({self.taken_in:,} "
            f"times a replica accepted changes and stayed consistent); slowest {self.slowest * 1000:.0f} ms, "
            f"{self.grown_mb:.0f} MB more memory; no other exception, no state changed by refused input"
        )


def run(seed: int, frames: int, folder: Path, show: Callable[[int], None] = lambda _: None) -> Tally:
    """Send this many frames; if an invariant is broken, fails with a note on how to replay it."""
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
    before = memory()
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
    tally.grown_mb = memory() - before
    assert tally.slowest < SLOWEST, f"one frame took {tally.slowest:.1f} s"
    assert tally.grown_mb < MEMORY_MB, f"the process grew by {tally.grown_mb:.0f} MB"
    return tally


def memory() -> float:
    """Return the most memory that this process has had, in MB."""
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return peak / 1024 if sys.platform != "darwin" else peak / 1024 / 1024


Outcome = str | None
"""The name of the error, or None if the input was valid."""


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
        assert decode(encode(change)) == change, "a block contains something that is not a change"
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
    """A replica that peers connect to."""

    def __init__(self, corpus: Corpus) -> None:
        super().__init__(corpus.path, CHECKED)
        self._corpus = corpus

    def converse(self, frame: bytes) -> Outcome:
        """Give a session a frame, usually after a greeting that it accepts."""
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
            assert session.received or settled, "the heads moved without a reported reason"
            self._renew()
            return None
        if any(isinstance(message, messages.Branch) for message in said):
            return "Fork"
        if session.error is None:
            return None
        return _said(session.error)
