"""Offers on the data types alone: the changes of a peer as findings read them, and accepting one."""

from collections.abc import Callable

from crdtnotes import Choice
from crdtnotes.changes.change import Change
from crdtnotes.crdt.authoring import replace, set_value
from crdtnotes.review.found import Found
from crdtnotes.review.past import Seen
from tests.crdt.merging import Peer


def changes(peer: Peer) -> list[Change]:
    """The changes that a peer has."""
    return [Change(actor, seq, start, (), 0, bytes(16), ops) for actor, seq, start, _, ops in peer.changes]


def seen(peer: Peer) -> Seen:
    """What the author of a change had seen."""
    versions = {(actor, seq): version for actor, seq, _, version, _ in peer.changes}

    def known(author: int, at: int, target: int) -> int:
        return at if author == target else versions[author, at].get(target, 0)

    return known


def accept(peer: Peer, offer: Found, choice: Choice = Choice.OTHER) -> None:
    """Make an offered edit, as one change."""

    def make() -> None:
        for (start, removed, inserted), is_value in offer.plans[choice].edits:
            edit: Callable[..., None] = set_value if is_value else replace
            edit(peer, start, removed, inserted)

    peer.edit(make)
