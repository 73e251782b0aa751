"""Roles: what a device of the vault may do (docs/security.md, "Roles")."""

from enum import IntEnum


class Role(IntEnum):
    """What a device may do; each role may also do what the roles before it may."""

    READER = 1
    """Gets all changes, and passes on those of others."""
    WRITER = 2
    """Makes changes."""
    OWNER = 3
    """Adds and revokes devices, and changes their roles."""

    @property
    def word(self) -> str:
        """The role as people type and read it."""
        return self.name.lower()


def role_called(word: str) -> Role:
    """Return the role that people call `word`; raises KeyError."""
    return Role[word.upper()]
