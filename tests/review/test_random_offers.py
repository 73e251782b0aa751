"""Random histories with moves, values and births: every offer is one edit, however many people accept it."""

from collections import Counter
from random import Random

import pytest

from crdtnotes.review.found import Found
from crdtnotes.review.notes import findings
from tests.crdt.merging import Peer
from tests.crdt.random_histories import History
from tests.review.offers import accept, changes, seen


class Moving(History):
    """Peers that also cut and paste."""

    def __init__(self, seed: int) -> None:
        super().__init__(seed)
        self.own = Random(seed)

    def edit(self, peer: Peer) -> None:
        text = peer.text
        if self.own.random() < 0.65 or len(text) < 8:
            super().edit(peer)
            return
        start = self.own.randint(0, len(text) - 6)
        end = min(len(text), start + self.own.randint(4, 12))
        peer.delete(start, end)
        peer.type(self.own.randint(0, len(peer.text)), text[start:end])

    def meet(self) -> None:
        every = [change for peer in self.peers for change in peer.log.get(peer.actor, [])]
        for peer in self.peers:
            peer.receive(*every)
            assert not peer.waiting


def found_by(peer: Peer) -> list[Found]:
    return findings(peer.state, changes(peer), seen(peer))


def accept_all(seed: int) -> Counter[str]:
    """Let some peers accept each offer, and return how many offers of each kind there were."""
    history = Moving(seed)
    history.run()
    history.meet()
    peers = history.peers
    found = found_by(peers[0])
    assert all(found_by(peer) == found for peer in peers[1:])
    offers = [one for one in found if one.kind in ("moved", "births")]
    for offer in offers:
        accepting = history.own.sample(peers, history.own.randint(1, len(peers)))
        for peer in accepting:
            for one in found_by(peer):
                if (one.kind, one.identity) == (offer.kind, offer.identity):
                    accept(peer, one)
        text = accepting[0].text
        history.meet()
        assert {peer.text for peer in peers} == {text}
        assert offer.identity not in [one.identity for one in found_by(peers[0])]
    return Counter(offer.kind for offer in offers)


@pytest.mark.parametrize("chunk", range(6))
def test_an_offer_is_one_edit_however_many_accept_it(chunk: int) -> None:
    kinds: Counter[str] = Counter()
    for seed in range(chunk * 40, chunk * 40 + 40):
        try:
            kinds += accept_all(seed)
        except Exception as error:
            raise AssertionError(f"seed {seed}") from error
    assert kinds["moved"] > 10
