"""Several processes write to one file at once."""

import subprocess
import sys
from pathlib import Path

from crdtnotes.changes.codec import decode
from crdtnotes.vault import Vault
from tests.vaults import changes

LINES = 25

WORKER = """
import sys
from crdtnotes.vault import Vault

path, who, lines = sys.argv[1], sys.argv[2], int(sys.argv[3])
with Vault.open(path) as vault:
    print("ready", flush=True)
    sys.stdin.readline()
    for number in range(lines):
        vault.note("log").append(f"{who} {number}")
        with vault.transaction():
            vault.create_note(f"{who}/{number}", f"[[log]] [[{who}/{number - 1}]]")
            vault.note("log").append(f"{who} {number} again")
    assert vault.check() == []
"""


def test_no_line_is_lost_and_no_seq_is_used_twice(tmp_path: Path) -> None:
    path = tmp_path / "v.db"
    with Vault.create(path) as vault:
        vault.create_note("log", "begin\n")
    people = ["ann", "bob", "系统"]
    workers = [
        subprocess.Popen(
            [sys.executable, "-c", WORKER, str(path), who, str(LINES)],
            cwd=Path(__file__).parents[2],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        for who in people
    ]
    try:
        for worker in workers:
            assert worker.stdout is not None
            assert worker.stdout.readline() == "ready\n"
        with Vault.open(path) as vault:
            for worker in workers:
                assert worker.stdin is not None
                worker.stdin.write("go\n")
                worker.stdin.flush()
            for number in range(LINES):
                vault.note("log").append(f"me {number}")
            assert [worker.wait(60) for worker in workers] == [0, 0, 0]
            lines = vault.note("log").text.split("\n")[:-1]
            assert lines[0] == "begin"
            for who in people:
                mine = [line for line in lines if line.startswith(who)]
                assert mine == [f"{who} {n}{end}" for n in range(LINES) for end in ("", " again")], "in order"
            assert [line for line in lines if line.startswith("me")] == [f"me {n}" for n in range(LINES)]
            assert len(vault) == 1 + 3 * LINES
            [seqs] = [[change.seq for change in map(decode, changes(vault))]]
            assert seqs == list(range(1, len(seqs) + 1))
            assert len(vault.note("log").backlinks()) == 3 * LINES
            assert vault.check() == []
    finally:
        for worker in workers:
            worker.kill()
            worker.communicate()
