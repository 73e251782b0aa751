"""Makes the vault in schema_4: notes that were made on two laptops apart, before there were seams.

Run it with the interpreter of a checkout of commit aac2658:

    .venv/bin/python …/tests/compat/make_schema_4.py OUTDIR

Keys and actors are not fixed, so each run makes other files that say the same.
"""

import lzma
import sys
import tempfile
from pathlib import Path

from crdtnotes import Vault

NOTES = {
    "open": ("---\ntitle: one\n---\n# One\nends here", "---\ntitle: two\n---\n# Two\nends there"),
    "closed": ("# One\n", "# Two\n"),
    "edited": ("a [[link]]", "b #tag"),
    "alone": ("only here, no newline", None),
    "written": ("one\ntwo\n", None),
}
"""The texts with which each note is made here and there."""


def main(out: Path) -> None:
    """Make the files."""
    with tempfile.TemporaryDirectory() as folder:
        here = Vault.create(Path(folder) / "here.db", "here", "5e" * 16)
        there = Vault.create(Path(folder) / "there.db", "there", "5e" * 16)
        for name, (one, other) in NOTES.items():
            here.create_note(name, one)
            if other is not None:
                there.create_note(name, other)
        here.note("edited").append("more here")
        there.note("edited").write("c #tag")
        here.note("written").write("one\nand a half\ntwo\n")
        here.note("alone").append("and more")
        for _ in range(2):
            for to, source in ((here, there), (there, here)):
                for batch in source.changes_since(to.version):
                    to.apply(batch)
        for vault in (here, there):
            if vault.check():
                raise SystemExit(vault.check())
            path, device = vault.path, vault.device
            vault.close()
            (out / f"{device}.crdtnotes.xz").write_bytes(lzma.compress(path.read_bytes(), preset=9))


if __name__ == "__main__":
    main(Path(sys.argv[1]))
