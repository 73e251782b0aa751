"""Invariants that must hold once a world has healed."""

from collections.abc import Sequence, Set

from crdtnotes.changes.messages import Heads
from crdtnotes.store.compaction import packing
from crdtnotes.vault import Vault
from tests.simulation.ledger import Ledger
from tests.simulation.machine import Machine
from tests.simulation.oracles import require
from tests.store.oracle import check_against_log


def check_agreement(machines: Sequence[Machine]) -> None:
    """Check that all replicas have the same changes and show the same notes."""
    first = machines[0].replica
    for machine in machines[1:]:
        require(
            machine.replica.heads() == first.heads(),
            f"machine {machine.number} and machine 0 do not have the same changes",
        )
        require(
            machine.replica.digest() == first.digest(),
            f"machine {machine.number} and machine 0 show different notes",
        )


def check_outcome(
    machines: Sequence[Machine], ledger: Ledger, empty: Vault, unfinished: Set[str], *, lies: bool
) -> None:
    """Check in three ways that the visible state matches the log; nothing acknowledged may be missing.

    The links of `unfinished` notes need not be those of their texts; none need if somebody lied (`lies`).
    """
    missing = ledger.missing(machines[0].shown())
    require(not missing, f"acknowledged but not shown: {sorted(missing)}")
    vault = machines[0].running[0].vault
    # In the largest possible blocks, one batch at a time: no change may come before its dependencies.
    packing.pack(vault.replica, least=2)
    founded = vault.replica.signatures.required
    group: list[bytes | Heads] = []
    for item in vault.replica.changes_since({}):
        group.append(item)
        if not founded or isinstance(item, Heads):
            empty.replica.receive(group)
            group = []
    require(empty.digest == vault.digest, "the log alone gives another digest than the replica")
    notes = {vault.note(info.name).id for info in vault.names()} if lies else unfinished
    check_against_log(vault, set(map(bytes.fromhex, notes)))
    # All show the same, so it is enough to check one machine from the log up, with all its processes.
    for machine in machines[-1:]:
        for process in machine.running:
            problems = process.vault.check()
            require(not problems, f"machine {machine.number}: {problems}")
            require(
                not process.vault.replica.signatures.unsigned_streams(),
                f"machine {machine.number} waits for signatures",
            )
