"""SPAKE2 as the package `spake2` has it, but with times that say nothing about the secret.

SPAKE2 (Abdalla and Pointcheval, 2005) adds pw·M to one side's share and subtracts pw·N from the other's; the
scalar pw follows from the secret. The package multiplies in pure Python: each 1 bit of a scalar costs an
addition. Whoever meets a host again and again, and sends no Confirm, could measure how many pw has.

1. A multiple of pw is computed as r·P + (pw - r)·P with a new random r below the group's order. Both scalars
   are evenly distributed whatever pw is, and so are the times.
2. This is done once for each code, and the two points are used in all its conversations. So there is one
   measurement, not one for each connection.
3. The other two multiplications of a conversation are by a random scalar that is used once.
"""

from __future__ import annotations

from collections.abc import Callable
from enum import Enum
from typing import Any


class PairingSide(Enum):
    """The side of a pairing: the host is SPAKE2's side A, the joiner its side B."""

    HOST = "A"
    JOINER = "B"


class BlindedSecret:
    """The secret of one code with the two points that one side's conversations need of it."""

    def __init__(self, side: PairingSide, secret: bytes, random: Callable[[int], bytes]) -> None:
        """`random(n)` returns n random bytes."""
        from spake2.parameters import ed25519

        parameters = ed25519.ParamsEd25519
        own, other = parameters.M, parameters.N
        if side is PairingSide.JOINER:
            own, other = other, own
        group = parameters.group
        scalar = group.password_to_scalar(secret)
        self._side = side
        self._secret = secret
        self._blinding = _multiple(own, scalar, group, random)
        self._unblinding = _multiple(other, -scalar, group, random)

    def conversation(self, host: bytes, joiner: bytes) -> Any:
        """Return this side of one conversation, an object of `spake2`; takes the identities of both sides."""
        from spake2 import SPAKE2_A, SPAKE2_B

        side = (SPAKE2_A if self._side is PairingSide.HOST else SPAKE2_B)(self._secret, idA=host, idB=joiner)
        # The package calls these two where it multiplies by the secret's scalar, and nowhere else.
        side.my_blinding = lambda: _Product(self._blinding)
        side.my_unblinding = lambda: _Product(self._unblinding)
        return side


class _Product:
    """Stands for a point: multiplied by the secret's scalar it gives the point that is already known."""

    def __init__(self, product: Any) -> None:
        self._product = product

    def scalarmult(self, _: int) -> Any:
        return self._product


def _multiple(point: Any, factor: int, group: Any, random: Callable[[int], bytes]) -> Any:
    share = group.random_scalar(random)
    return point.scalarmult(share).add(point.scalarmult((factor - share) % group.order()))
