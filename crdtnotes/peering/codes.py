"""Pairing codes, device ids and roles, as people read and type them."""

from crdtnotes.trust.code import Code, read_code, written
from crdtnotes.trust.device_id import shown
from crdtnotes.trust.roles import Role, role_called

__all__ = ["Code", "Role", "read_code", "role_called", "shown", "written"]
