"""Random histories in which two devices, or three, are copied at once, and all copies are written on."""

from itertools import permutations
from random import Random

from crdtnotes.store import Replica
from crdtnotes.vault import Vault
from tests.sync.circles import Members, lines, meet
from tests.trust.devices import device
from tests.vaults import fast

MEETINGS = 10
"""How often all meet, in a chain of any order; then each meets each twice, and all must be settled."""


def history(members: Members, seed: int, *, paired: bool = True) -> list[str]:
    """Play one, let all meet often, and return what is wrong at the end; nothing if all is well."""
    random = Random(seed)
    first = fast(_begin(members, "ana"))
    for name in "bcd"[: random.randint(1, 3)]:
        fast(members.device(name, first) if paired else _begin(members, name, first))
    first.create_note("A", "begin\n")
    meet(*members.vaults, times=4)
    words = [f"own {vault.path.stem}" for vault in members.vaults]
    for vault, word in zip(members.vaults, words, strict=True):
        vault.note("A").append(f"{word}\n")
    meet(*members.vaults, times=3)
    devices = list(members.vaults)
    for number, vault in enumerate(random.sample(devices, 2)):
        fast(members.clone(vault, f"{vault.path.stem} copy {number}"))
    if random.random() < 0.15:
        fast(members.clone(random.choice(devices), "third copy"))
    for _ in range(random.randint(10, 40)):
        one, other = random.choices(members.vaults, k=2)
        if random.random() < 0.5:
            words.append(f"word {len(words)}")
            one.note("A").append(f"{words[-1]}\n")
        elif one is not other:
            meet(one, other, times=1)
    for _ in range(MEETINGS):
        random.shuffle(members.vaults)
        meet(*members.vaults, times=1)
    for one, other in list(permutations(members.vaults, 2)) * 2:
        meet(one, other, times=1)
    return wrong(members.vaults, words)


def wrong(vaults: list[Vault], words: list[str]) -> list[str]:
    """What keeps replicas from having all words once, and being the same."""
    found = [] if len({vault.digest for vault in vaults}) == 1 else ["the replicas differ"]
    for vault in vaults:
        name = vault.path.stem
        found += [f"{name}: {problem}" for problem in vault.check()]
        if unsigned := vault.replica.signatures.unsigned_streams():
            found.append(f"{name} waits for signatures of {len(unsigned)} streams")
        if (has := lines(vault, "A")) != sorted(["", "begin", *words]):
            found.append(f"{name} has {has}")
    return found


def _begin(members: Members, name: str, of: Vault | None = None) -> Vault:
    """A replica that was never paired, of a new vault or of that of another one."""
    path = members.folder / f"{name}.db"
    Replica.create(path, name, None if of is None else of.replica.vault_id).close()
    return members.open(path, device(members.folder, name))
