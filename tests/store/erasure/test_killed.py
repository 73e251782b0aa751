"""A process that is killed while it erases leaves the text or no trace of it, and a file without damage."""

import os
import random
import signal
import subprocess
import sys
from pathlib import Path

from crdtnotes.vault import Vault
from tests.store.erasure.devices import circle, traces

SECRET = "hunter2-Geheim"

ROUNDS = 6

_ERASE = """
import sys
from pathlib import Path
from crdtnotes.store.erasure import erasing, find
from crdtnotes.trust.identity import own_identity
from crdtnotes.vault import Vault
with Vault.open(sys.argv[1], identity=own_identity(Path(sys.argv[2]))) as vault:
    print("ready", flush=True)
    vault.note("N").erase(sys.argv[3])
"""


def test_a_kill_leaves_the_text_or_no_trace_of_it(tmp_path: Path) -> None:
    with circle(tmp_path, "a", "b") as (members, [a, _]):
        note = a.create_note("N", f"one {SECRET} two")
        for number in range(300):
            note.append(f"{number} {SECRET if number % 50 == 0 else ''}")
        identity = a.replica.signer.identity
        members.vaults.remove(a)
        a.close()
    original = a.path.read_bytes()
    chance = random.Random(5)
    for number in range(ROUNDS):
        path = tmp_path / f"killed{number}.db"
        path.write_bytes(original)
        child = subprocess.Popen(
            [sys.executable, "-c", _ERASE, str(path), str(tmp_path / "a"), SECRET],
            stdout=subprocess.PIPE,
            env={**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)},
        )
        assert child.stdout is not None
        assert child.stdout.readline() == b"ready\n"
        try:
            child.wait(chance.random() * 0.6)
        except subprocess.TimeoutExpired:
            os.kill(child.pid, signal.SIGKILL)
        child.communicate()
        with Vault.open(path, identity=identity) as vault:
            assert vault.check() == []
            left = traces(vault, SECRET)
            assert left == [] or SECRET in vault.note("N").text
            vault.note("N").erase(SECRET)
            assert traces(vault, SECRET) == []
            assert vault.check() == []
