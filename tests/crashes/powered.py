"""The program whose power is cut: `python -m tests.crashes.powered FOLDER SEED EDITS`.

Makes a vault, edits it, packs its log, opens it again, backs it up. After each acknowledged step, it writes a
record to the file `marks`.
"""

import os
import sys
from pathlib import Path
from random import Random

from crdtnotes.vault import Vault
from tests.crashes.children import HERE, RECORD, Ack, edit, head, pack
from tests.store.convergence import Person

VAULT = "vault.db"
BACKUP = "备份.db"
MARKS = "marks"

CREATED = HERE
BACKED_UP = Ack(0, 1, bytes(16))


def main(folder: Path, seed: str, edits: int) -> None:
    """Do all of this once."""
    random = Random(seed)
    person = Person(random)
    marks = os.open(folder / MARKS, os.O_WRONLY | os.O_CREAT | os.O_APPEND)

    def mark(ack: Ack) -> None:
        os.write(marks, RECORD.pack(*ack))

    path = folder / VAULT
    Vault.create(path).close()
    mark(CREATED)
    done = 0
    while done < edits:
        with Vault.open(path) as vault:
            if done == 0:
                vault.create_note("long", "长 " * 9000)
            for _ in range(random.randint(3, 20)):
                edit(vault, person)
                mark(head(vault.replica))
                done += 1
            pack(vault, random)
    with Vault.open(path) as vault:
        vault.compact()
        mark(head(vault.replica))
        vault.backup(folder / BACKUP)
        mark(BACKED_UP)
    os.close(marks)


if __name__ == "__main__":
    main(Path(sys.argv[1]), sys.argv[2], int(sys.argv[3]))
