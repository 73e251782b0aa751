"""Texts only: replaying one person's typing, and merging the concurrent typing of several people."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial
from typing import Any

from crdtnotes.crdt import Text, rga
from crdtnotes.crdt.text import TextOp
from tests.benchmarks import peers
from tests.benchmarks.inputs import Inputs
from tests.benchmarks.jumps import jumps
from tests.benchmarks.measure import SECONDS, Pair, Row, in_turn, timed
from tests.benchmarks.traces import Patch, Trace, Txn

COMPILED = not str(rga.__file__).endswith(".py")
"""Whether the data types run as compiled code."""

_TYPING = ("≤ 1.0× (compiled)", 1.0) if COMPILED else ("≤ 2.5× (plain Python)", 2.5)


class WrongText(Exception):
    """A replay ended with a different text from the recording."""


def _check(name: str, found: str, wanted: str) -> None:
    if found != wanted:
        raise WrongText(f"{name} ends with a text of {len(found)} characters that is not the recording's.")


def _row(benchmark: str, case: str, pair: Pair, target: str = "", limit: float | None = None) -> Row:
    reached = None if limit is None or pair.ratio is None else pair.ratio <= limit
    return Row(benchmark, case, SECONDS, pair.ours, pair.peer, pair.ratio, "Loro", target, reached)


# -- one person


def typing(inputs: Inputs) -> Iterator[Row]:
    """Replay of typing: locally, and as operations from another replica."""
    for trace in inputs.typing_traces:
        yield from _one_person(inputs, trace)


def jumping(inputs: Inputs) -> Iterator[Row]:
    """Generated edits that jump about."""
    loro = peers.loro()
    for trace in jumps(inputs.sizes.jumps):
        patches = trace.patches
        _check(f"crdtnotes on {trace.name}", str(_type(patches)), trace.end)
        typed = None if loro is None else _loro_timer(loro, patches)
        pair = in_turn(_timer(partial(_type, patches)), typed, inputs.runs)
        yield _row("jumping", trace.name, pair)


def _loro_timer(loro: Any, patches: list[Patch]) -> Callable[[], float]:
    return _timer(lambda: peers.typed_loro(loro, patches))


def _one_person(inputs: Inputs, trace: Trace) -> Iterator[Row]:
    loro = peers.loro()
    patches = trace.patches
    _check(f"crdtnotes on {trace.name}", str(_type(patches)), trace.end)
    ops = _operations(patches)
    _check(f"crdtnotes, remotely, on {trace.name}", str(_apply(ops)), trace.end)
    typed, applied = None, None
    if loro is not None:
        document = peers.typed_loro(loro, patches)
        _check(f"Loro on {trace.name}", document.get_text("text").to_string(), trace.end)
        update = document.export(loro.ExportMode.Updates(loro.VersionVector()))
        typed = _loro_timer(loro, patches)
        applied = _timer(lambda: _import_loro(loro, update))
    pair = in_turn(_timer(lambda: _type(patches)), typed, inputs.runs)
    yield _row("typing", f"{trace.name}: typed here", pair, *_TYPING)
    pair = in_turn(_timer(lambda: _apply(ops)), applied, inputs.runs)
    yield _row("typing", f"{trace.name}: all its operations from elsewhere", pair)


def _timer(action: Callable[[], object]) -> Callable[[], float]:
    return lambda: timed(action)


def _type(patches: list[Patch]) -> Text:
    text = Text(1)
    for start, deleted, inserted in patches:
        if deleted:
            text.delete(start, deleted)
        if inserted:
            text.insert(start, inserted)
    return text


def _operations(patches: list[Patch]) -> list[TextOp]:
    text = Text(1)
    ops: list[TextOp] = []
    for start, deleted, inserted in patches:
        if deleted:
            ops.append(text.delete(start, deleted))
        if inserted:
            ops.append(text.insert(start, inserted))
    return ops


def _apply(ops: list[TextOp]) -> Text:
    text = Text(2)
    for op in ops:
        text.apply(op)
    return text


def _import_loro(loro: Any, update: Any) -> Any:
    document = loro.LoroDoc()
    document.import_(update)
    document.get_text("text").to_string()
    return document


# -- several people


@dataclass(frozen=True, slots=True)
class _Step:
    """One transaction: first take these parcels (agent, number); afterwards send a parcel, if `sends`."""

    takes: tuple[tuple[int, int], ...]
    txn: Txn
    sends: bool


def plan(trace: Trace) -> list[_Step]:
    """Return the parcels that each person sends and receives, so that the recording happens as it did.

    A person sends a parcel after each transaction that another person's transaction builds on, and after the
    last one. Raises ValueError if an agent's transactions do not follow one another.
    """
    versions: list[dict[int, int]] = []
    before: list[dict[int, int]] = []
    done: dict[int, int] = {}
    for txn in trace.txns:
        seen = dict(_seen(versions, txn.parents))
        if seen.get(txn.agent, 0) != done.get(txn.agent, 0):
            raise ValueError(f"In {trace.name} an agent writes at two places at once.")
        before.append(seen)
        done[txn.agent] = done.get(txn.agent, 0) + 1
        versions.append({**seen, txn.agent: done[txn.agent]})
    ends: dict[int, set[int]] = {agent: {count} for agent, count in done.items()}
    for seen, txn in zip(before, trace.txns, strict=True):
        for agent, count in seen.items():
            if agent != txn.agent:
                ends[agent].add(count)
    numbers = {agent: {end: at for at, end in enumerate(sorted(counts))} for agent, counts in ends.items()}
    taken: dict[tuple[int, int], int] = {}
    steps = []
    for seen, version, txn in zip(before, versions, trace.txns, strict=True):
        takes: list[tuple[int, int]] = []
        for agent, count in seen.items():
            if agent != txn.agent:
                first = taken.get((txn.agent, agent), 0)
                upto = numbers[agent][count] + 1
                takes += [(agent, number) for number in range(first, upto)]
                taken[txn.agent, agent] = max(first, upto)
        steps.append(_Step(tuple(takes), txn, version[txn.agent] in numbers[txn.agent]))
    return steps


def _seen(versions: list[dict[int, int]], parents: tuple[int, ...]) -> dict[int, int]:
    """Return the version that includes these transactions."""
    seen: dict[int, int] = {}
    for parent in parents:
        for agent, count in versions[parent].items():
            seen[agent] = max(count, seen.get(agent, 0))
    return seen


def merging(inputs: Inputs) -> Iterator[Row]:
    """Several people typing at once: all replayed, and everything merged at another replica."""
    for trace in inputs.concurrent_traces:
        yield from _several_people(inputs, trace)


def _several_people(inputs: Inputs, trace: Trace) -> Iterator[Row]:
    loro = peers.loro()
    steps = plan(trace)
    parcels, ends = _meet(steps, trace.agents)
    for end in ends:
        _check(f"crdtnotes on {trace.name}", end, trace.end)
    ops = [op for parcel in parcels for op in parcel]
    _check(f"crdtnotes, merging {trace.name}", str(_apply(ops)), trace.end)
    met, merged = None, None
    if loro is not None:
        documents = _meet_loro(loro, steps, trace.agents)
        for document in documents:
            _check(f"Loro on {trace.name}", document.get_text("text").to_string(), trace.end)
        update = documents[0].export(loro.ExportMode.Updates(loro.VersionVector()))
        met = _timer(lambda: _meet_loro(loro, steps, trace.agents))
        merged = _timer(lambda: _import_loro(loro, update))
    pair = in_turn(_timer(lambda: _meet(steps, trace.agents)), met, inputs.runs)
    yield _row("merging", f"{trace.name}: everybody's typing and merging", pair, "≤ 1.5×", 1.5)
    pair = in_turn(_timer(lambda: _apply(ops)), merged, inputs.runs)
    yield _row("merging", f"{trace.name}: merged by a third", pair, "≤ 1.5×", 1.5)


def _meet(steps: list[_Step], agents: list[int]) -> tuple[list[list[TextOp]], list[str]]:
    """Replay everybody; return the parcels in the order they were sent, and everybody's final text."""
    texts = {agent: Text(agent + 1) for agent in agents}
    sent: dict[int, list[list[TextOp]]] = {agent: [] for agent in agents}
    got: dict[tuple[int, int], int] = {}
    ops: dict[int, list[TextOp]] = {agent: [] for agent in agents}
    order: list[list[TextOp]] = []
    for step in steps:
        agent = step.txn.agent
        text = texts[agent]
        for other, number in step.takes:
            got[agent, other] = number + 1
            for op in sent[other][number]:
                text.apply(op)
        for start, deleted, inserted in step.txn.patches:
            if deleted:
                ops[agent].append(text.delete(start, deleted))
            if inserted:
                ops[agent].append(text.insert(start, inserted))
        if step.sends:
            sent[agent].append(ops[agent])
            order.append(ops[agent])
            ops[agent] = []
    for agent, text in texts.items():
        for other in agents:
            if other != agent:
                for parcel in sent[other][got.get((agent, other), 0) :]:
                    for op in parcel:
                        text.apply(op)
    return order, [str(text) for text in texts.values()]


def _meet_loro(loro: Any, steps: list[_Step], agents: list[int]) -> list[Any]:
    """The same with Loro's documents and updates; return everybody's document."""
    documents = {agent: loro.LoroDoc() for agent in agents}
    for agent, document in documents.items():
        document.peer_id = agent + 1
    texts = {agent: document.get_text("text") for agent, document in documents.items()}
    sent: dict[int, list[bytes]] = {agent: [] for agent in agents}
    got: dict[tuple[int, int], int] = {}
    upto = dict.fromkeys(agents, 0)
    for step in steps:
        agent = step.txn.agent
        document, text = documents[agent], texts[agent]
        for other, number in step.takes:
            got[agent, other] = number + 1
            document.import_(sent[other][number])
        for start, deleted, inserted in step.txn.patches:
            if deleted:
                text.delete(start, deleted)
            if inserted:
                text.insert(start, inserted)
        if step.sends:
            document.commit()
            end = document.oplog_vv.get_last(agent + 1) + 1
            span = loro.IdSpan(agent + 1, loro.CounterSpan(upto[agent], end))
            upto[agent] = end
            sent[agent].append(document.export(loro.ExportMode.UpdatesInRange([span])))
    for agent, document in documents.items():
        for other in agents:
            if other != agent:
                for parcel in sent[other][got.get((agent, other), 0) :]:
                    document.import_(parcel)
    return list(documents.values())
