"""What takes the place of this machine's disk, state folder and chance while a world runs."""

import logging
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from random import Random
from unittest import mock

from crdtnotes.store import ingest as intake_module
from crdtnotes.store import local_state as memory
from crdtnotes.store import own_stream as stream
from crdtnotes.store import replica as replica_module
from crdtnotes.store.signing import signer as signer
from tests.simulation.machine import Machine
from tests.simulation.oracles import MAX_WAITING


class _Turn:
    """In place of the lock between a commit and remembering it: here nothing happens in between.

    A real one is a lock that ends with its process; here it would outlive each crash.
    """

    def __init__(self, _path: Path) -> None: ...

    def take(self) -> None: ...

    def end(self) -> None: ...

    def close(self) -> None: ...


@contextmanager
def patched(here: Mapping[Path, Machine], chance: Random) -> Iterator[None]:
    """Let the store open these machines' disks, and take all that is random from `chance`."""
    logger = logging.getLogger("crdtnotes")
    level = logger.level
    logger.setLevel(logging.CRITICAL)
    replace = mock.patch.object
    try:
        with (
            replace(replica_module, "open_file", lambda path, read_only=False: here[path].disk.open()),
            replace(intake_module, "MAX_WAITING", MAX_WAITING),
            replace(memory, "recall", lambda path: here[path].outside),
            replace(memory, "remember", lambda path, what: setattr(here[path], "outside", what)),
            replace(stream, "CommitLock", _Turn),
            replace(stream, "random_actor", lambda: chance.randint(1, 2**63 - 1)),
            replace(signer, "urandom", chance.randbytes),
            replace(stream, "new_token", lambda: f"{chance.getrandbits(128):032x}"),
        ):
            yield
    finally:
        logger.setLevel(level)
