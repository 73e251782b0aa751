"""Pairing codes and device ids, as people read and type them."""

from crdtnotes.trust.code import Code, read_code, written
from crdtnotes.trust.device_id import shown

__all__ = ["Code", "read_code", "shown", "written"]
