from dataclasses import replace

from crdtnotes.errors import NotPaired
from crdtnotes.sync.net.address import Address
from crdtnotes.sync.peers.status import PeerStatus
from crdtnotes_tui.peers.peer_states import PeerStates, in_words

PLACE = Address("127.0.0.1", 4821)


def test_the_state_of_a_peer_is_shown_in_words() -> None:
    status = PeerStatus("host", "bo", True, False, True, 0, 0, lacking=1, to_come=2)
    assert in_words(status) == "3 changes behind"
    assert in_words(replace(status, lacking=1, to_come=0)) == "1 change behind"
    assert in_words(replace(status, in_sync=True)) == "in sync"
    assert in_words(replace(status, connected=False)).startswith("offline since ")


def test_a_peer_that_is_followed_by_address_is_named_once_it_connects() -> None:
    states = PeerStates()
    states.expect("", PLACE)
    assert states.summary([]).startswith("ws://127.0.0.1:4821 offline since")
    states.heard("bo", PeerStatus("127.0.0.1", "bo", True, True, True, 0, 0, dialled_port=4821))
    assert states.summary([]) == "bo in sync"


def test_the_reason_for_a_refused_peer_is_shown() -> None:
    states = PeerStates()
    states.expect("bo", PLACE)
    states.refused(PLACE, NotPaired("No."))
    assert states.summary(["cy"]) == "bo refused: No., cy not here yet"


def test_only_counts_are_shown_for_many_peers() -> None:
    assert PeerStates().summary(["bo", "cy", "di", "ed"]) == "4 not here yet"
