"""What happened in worlds, counted, so that it cannot silently stop happening."""

from collections import Counter

from crdtnotes.changes.batch import changes_in
from crdtnotes.changes.codec import decode
from crdtnotes.vault import Vault

LEAST = {
    "Create": 0.95,
    "Insert": 0.75,
    "Delete": 0.75,
    "Same": 0.8,
    "Set": 0.5,
    "Before": 0.15,
    "Rename": 0.3,
    "Follow": 0.05,
    "Remove": 0.25,
    "Link": 0.6,
    "Unlink": 0.4,
}
"""Of all worlds, the share in which each kind of operation is in the log in the end, at least."""

ENOUGH = 300
"""Shares are only judged over at least this many worlds."""

MOST = (
    ("notes with strange lines", "notes of whole lines", 16 / 750),
    ("links captured", "links before syncs", 0.05),
    ("links of namesakes that changed", "links before syncs", 0.02),
    ("paths written while their note was moved", "links before syncs", 0.02),
    ("links that renames wrote and that lead elsewhere", "links that renames wrote", 0.15),
)
"""What may happen in a share, at most, of what it is a part of (see intent.py and leads.py)."""


def operations(vault: Vault) -> Counter[str]:
    """The kinds of operations that are in the log, each once."""
    return Counter(
        {
            type(op).__name__: 1
            for batch in vault.changes_since({})
            for data in changes_in(batch)
            for op in decode(data).ops
        }
    )


def shortfalls(seen: Counter[str], least: dict[str, float] = LEAST) -> list[str]:
    """What happened too seldom, or too often, in sentences; `seen` counts over all worlds."""
    worlds = seen["worlds"]
    if worlds < ENOUGH:
        return []
    found = [
        f"{kind} is in {seen[kind]} of {worlds} worlds; at least {share:.0%} should have it"
        for kind, share in least.items()
        if seen[kind] < share * worlds
    ]
    found += [
        f"{seen[part]} {part} of {seen[whole]} {whole}; at most {share:.1%} may be"
        for part, whole, share in MOST
        if seen[part] > share * seen[whole]
    ]
    return found
