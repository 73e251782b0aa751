from dataclasses import replace

from crdtnotes.peering.progress import fetching
from crdtnotes.sync.peers.status import PeerStatus

HERE = PeerStatus("10.0.0.2", "bo", True, True, True, 3, 4, id=bytes(32), dialled_port=4821)


def test_progress_from_several_peers_is_shown_as_one() -> None:
    told: list[tuple[int, int]] = []
    report = fetching(lambda done, total: told.append((done, total)))
    bo, cem = (replace(HERE, id=bytes([number]) * 32, received=0) for number in (1, 2))
    report(bo)
    report(replace(bo, to_come=10))
    report(replace(cem, to_come=10))
    report(replace(bo, received=4, to_come=6))
    report(replace(cem, received=3, to_come=3))
    assert told == [(0, 10), (0, 10), (4, 14), (7, 13)]
