"""Version vectors: which changes a replica has (Fidge 1988, Mattern 1989).

A version maps an actor to the seq of the last change known of its stream. Streams have no gaps, so
`{actor: 7}` means changes 1 to 7. A missing actor counts as 0.
"""

from collections.abc import Mapping

Version = dict[int, int]
"""`{actor: seq}`, seq at least 1."""


def covers(version: Mapping[int, int], other: Mapping[int, int]) -> bool:
    """Whether `version` includes every change of `other`."""
    return all(version.get(actor, 0) >= seq for actor, seq in other.items())


def join(target: Version, other: Mapping[int, int]) -> None:
    """Make `target` the smallest version that includes the changes of both."""
    for actor, seq in other.items():
        if seq > target.get(actor, 0):
            target[actor] = seq


def ahead(version: Mapping[int, int], other: Mapping[int, int]) -> Version:
    """Return the entries of `version` that include changes `other` lacks."""
    return {actor: seq for actor, seq in version.items() if seq > other.get(actor, 0)}


def count_missing(version: Mapping[int, int], other: Mapping[int, int]) -> int:
    """Return how many changes of `version` the replica at `other` lacks."""
    return sum(seq - other.get(actor, 0) for actor, seq in ahead(version, other).items())


def pairs(version: Mapping[int, int]) -> tuple[tuple[int, int], ...]:
    """Return the entries in canonical order, by actor."""
    return tuple(sorted(version.items()))
