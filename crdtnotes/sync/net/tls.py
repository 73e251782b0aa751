"""Mutual TLS 1.3 with pinned certificates.

The dialling side trusts the certificates of the devices that it wants to reach, the listening side those of
the devices that belong to the vault now; neither trusts a certificate authority. Both also compare the exact
certificate that was shown: a member could sign further certificates with its key, and OpenSSL would accept
them.
"""

import hashlib
import logging
import ssl
from collections.abc import Iterable, Mapping

from crdtnotes.trust import device_id
from crdtnotes.trust.identity import Identity

_log = logging.getLogger("crdtnotes.sync")


def pairing_context(identity: Identity) -> ssl.SSLContext:
    """Return the context of a listener for pairing: it shows its certificate and asks for none."""
    return _own(ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER), identity)


def joining_context() -> ssl.SSLContext:
    """Return the context of a device that joins: the pairing itself verifies the other certificate."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.minimum_version = ssl.TLSVersion.TLSv1_3
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    return context


def dialling_context(identity: Identity, certificates: Iterable[bytes]) -> ssl.SSLContext:
    """Return the context with which to dial the device with one of these certificates (DER)."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname = False
    return _pinned(_own(context, identity), certificates)


class Listening:
    """The context of a listener, whose trusted devices change while it listens."""

    def __init__(self, identity: Identity) -> None:
        self._identity = identity
        self._now = _pinned(_own(ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER), identity), ())
        self._members: frozenset[bytes] = frozenset()
        self.context = _pinned(_own(ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER), identity), ())
        """The context to give to the listener; each handshake uses the devices that were trusted last."""
        self.context.sni_callback = self._switch

    def trust(self, certificates: Mapping[bytes, bytes]) -> None:
        """From now on trust these devices (`{id: certificate}`) and no others."""
        if self._members and certificates.keys() > self._members:
            # Loading thousands takes seconds, so further ones are added to those that are there.
            _trust(self._now, (certificates[id] for id in certificates.keys() - self._members))
            self._members = frozenset(certificates)
        elif certificates.keys() != self._members:
            context = _own(ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER), self._identity)
            self._now = _pinned(context, certificates.values())
            self._members = frozenset(certificates)

    def knows(self, device: bytes | None) -> bool:
        """Tell whether this is one of the devices that are trusted now."""
        return device in self._members

    def _switch(
        self,
        connection: ssl.SSLObject | ssl.SSLSocket,
        name: str | None,  # noqa: ARG002 - the signature is OpenSSL's
        context: ssl.SSLContext,  # noqa: ARG002
    ) -> None:
        # OpenSSL calls this for each handshake, whether or not the other side names a server.
        connection.context = self._now


def device_shown(tls: ssl.SSLObject | None) -> bytes | None:
    """Return the id of the device whose certificate the other side has shown."""
    certificate = None if tls is None else tls.getpeercert(binary_form=True)
    return None if certificate is None else hashlib.sha256(certificate).digest()


def _own(context: ssl.SSLContext, identity: Identity) -> ssl.SSLContext:
    context.minimum_version = ssl.TLSVersion.TLSv1_3
    identity.load_into(context)
    if context.protocol == ssl.PROTOCOL_TLS_SERVER:
        # Sessions are never resumed: each handshake shows and checks certificates.
        context.num_tickets = 0
    return context


def _pinned(context: ssl.SSLContext, certificates: Iterable[bytes]) -> ssl.SSLContext:
    context.verify_mode = ssl.CERT_REQUIRED
    # A device's certificate is itself the trust anchor; there is no authority above it.
    context.verify_flags |= ssl.VERIFY_X509_PARTIAL_CHAIN
    _trust(context, certificates)
    return context


def _trust(context: ssl.SSLContext, certificates: Iterable[bytes]) -> None:
    """Let a context trust these certificates (DER), too; one that OpenSSL cannot load is left out."""
    together = list(certificates)
    try:
        if together:
            context.load_verify_locations(cadata=b"".join(together))
        return
    except (ssl.SSLError, ValueError):
        pass  # One device must not keep the others from connecting.
    for certificate in together:
        try:
            context.load_verify_locations(cadata=certificate)
        except (ssl.SSLError, ValueError):
            shown = device_id.shown(device_id.device_id(certificate))
            _log.warning("OpenSSL cannot load the certificate of device %s, which is left out.", shown)
