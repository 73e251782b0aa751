"""Replacements for this machine's disk, state folder and randomness while a world runs."""

import logging
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from random import Random
from unittest import mock

from crdtnotes.store import core, devices, ingest, local_state, own_stream
from crdtnotes.store.erasure import erasing
from crdtnotes.store.signing import signer
from tests.simulation.machine import Machine
from tests.simulation.oracles import MAX_WAITING


class _NoCommitLock:
    """Replaces the lock that is held from a commit until it is remembered: here nothing happens in between.

    A real lock ends with its process; here it would outlive each crash.
    """

    def __init__(self, _path: Path) -> None: ...

    def take(self) -> None: ...

    def end(self) -> None: ...

    def close(self) -> None: ...


@contextmanager
def patched(here: Mapping[Path, Machine], chance: Random) -> Iterator[None]:
    """Let the store open these machines' disks, and take all randomness from `chance`."""
    logger = logging.getLogger("crdtnotes")
    level = logger.level
    logger.setLevel(logging.CRITICAL)
    replace = mock.patch.object
    try:
        with (
            replace(core, "open_file", lambda path, read_only=False: here[path].disk.open()),
            replace(ingest, "MAX_WAITING", MAX_WAITING),
            replace(local_state, "recall", lambda path: here[path].outside),
            replace(local_state, "remember", lambda path, what: setattr(here[path], "outside", what)),
            replace(own_stream, "CommitLock", _NoCommitLock),
            replace(own_stream, "random_actor", lambda: chance.randint(1, 2**63 - 1)),
            replace(signer, "urandom", chance.randbytes),
            replace(devices, "claimed_now", lambda: 1_000_000),
            replace(erasing, "claimed_now", lambda: 1_000_000),
            replace(own_stream, "new_token", lambda: f"{chance.getrandbits(128):032x}"),
        ):
            yield
    finally:
        logger.setLevel(level)
