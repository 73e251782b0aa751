"""Groups that wait for their signatures share one budget over all connections."""

import tracemalloc
from functools import partial
from pathlib import Path

from crdtnotes.changes import messages
from crdtnotes.changes.limits import MAX_GROUP_BYTES
from crdtnotes.errors import Busy
from crdtnotes.sync.session.held import HELD_BYTES, HeldBudget
from crdtnotes.sync.session.session import Session
from tests.sync.circles import Members, agree
from tests.sync.fake import VAULT, FakeReplica
from tests.sync.wire import Wire, settle


def test_the_heaviest_peer_loses_its_oldest_group() -> None:
    budget = HeldBudget(100)
    dropped: list[str] = []

    honest, one, two, three = (budget.holding(peer) for peer in ("honest", "hostile", "hostile", "hostile"))
    for name, each in (("honest", honest), ("one", one), ("two", two), ("three", three)):
        each.on_drop = partial(dropped.append, name)
    honest.take(40)
    one.take(25)
    two.take(25)
    assert dropped == []
    three.take(25)
    assert dropped == ["one"]
    two.take(30)
    assert dropped == ["one", "two"]
    assert not honest.dropped
    assert budget.size == 65
    honest.release()
    three.release()
    three.release()
    assert budget.size == 0


def test_one_that_alone_exceeds_the_budget_is_dropped_itself() -> None:
    budget = HeldBudget(100)
    holding = budget.holding("a")
    holding.take(101)
    assert holding.dropped
    assert budget.size == 0


def test_the_budget_has_room_for_the_largest_groups() -> None:
    assert HELD_BYTES >= 3 * MAX_GROUP_BYTES


def greeted(budget: HeldBudget, device: bytes | None) -> Session:
    replica = FakeReplica(1)
    replica.signatures.required = True
    if device is not None:
        replica.devices.take_records([b"+" + device])
    session = Session(replica, device=device, held=budget)
    session.start()
    session.data_to_send()
    hello = messages.hello(VAULT, "peer", {}, replica.devices.records_digest())
    session.receive([messages.encode(hello), messages.encode(messages.ack(0, {}))])
    session.data_to_send()
    return session


def test_many_connections_cannot_fill_the_memory() -> None:
    """Each sends a few kilobytes that inflate to 4 MiB, and never the signatures."""
    budget = HeldBudget()
    frame = messages.encode(messages.pack(bytes(4 * 1024 * 1024)))
    assert len(frame) < 4096
    honest = greeted(budget, b"honest")
    honest.receive([messages.encode(messages.pack(b"small"))])
    tracemalloc.start()
    sessions = [greeted(budget, b"hostile") for _ in range(40)]
    for session in sessions:
        session.receive([frame])
    size, _ = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert budget.size <= HELD_BYTES
    assert size < HELD_BYTES + 8 * 1024 * 1024
    assert honest.error is None
    sessions[0].receive([frame])
    assert isinstance(sessions[0].error, Busy)


def test_a_conversation_that_ends_leaves_the_budget() -> None:
    budget = HeldBudget()
    for end in (Session.drop, Session.leave, Session.finish):
        session = greeted(budget, None)
        session.receive([messages.encode(messages.pack(b"small"))])
        assert budget.size == 5
        end(session)
        assert budget.size == 0


def test_a_peer_whose_group_was_dropped_recovers(tmp_path: Path) -> None:
    members = Members(tmp_path)
    ana = members.device("ana")
    bo = members.device("bo", by=ana)
    agree(ana, bo)
    ana.create_note("large", "text " * 1000)
    budget = HeldBudget(50)
    here, there = Session(ana.replica), Session(bo.replica, held=budget)
    for session in (here, there):
        session.start()
    for _ in range(5):
        out, back = here.data_to_send(), there.data_to_send()
        there.receive(out)
        here.receive(back)
    assert isinstance(there.error, Busy)
    assert here.bye is not None
    assert here.bye.reason == messages.Reason.TROUBLE
    assert ana.digest != bo.digest
    settle(Wire(ana.replica, bo.replica))
    agree(ana, bo)
    members.close()
