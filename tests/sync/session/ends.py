"""Replicas and ends of conversations for the tests of sessions."""

from crdtnotes.changes import messages
from crdtnotes.changes.messages import Bye
from crdtnotes.sync.session.session import Session
from tests.sync.fake import VAULT, FakeReplica
from tests.sync.wire import End


def replica(actor: int, changes: int = 0, size: int = 1) -> FakeReplica:
    made = FakeReplica(actor)
    for number in range(changes):
        made.write(b"%d:%d" % (actor, number) + bytes(size))
    return made


def kinds(end: End) -> list[type]:
    return [type(messages.decode(frame)) for frame in end.sent]


def greeted(own: FakeReplica, peer: FakeReplica) -> Session:
    """A session of `own` that has accepted, and is accepted by, a peer whose frames the test sends."""
    session = Session(own)
    session.start()
    session.data_to_send()
    hello = messages.hello(VAULT, "peer", peer.heads())
    session.receive([messages.encode(hello), messages.encode(messages.ack(0, {}))])
    session.data_to_send()
    return session


def last_bye(session: Session) -> Bye:
    message = messages.decode(session.data_to_send()[-1])
    assert isinstance(message, Bye)
    return message


def batches_of(source: FakeReplica) -> list[bytes]:
    return [messages.encode(messages.pack(batch)) for batch in source.changes_since({})]
