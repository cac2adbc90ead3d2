"""Encryption of states, so that they cannot be read from the store alone."""

from __future__ import annotations

import base64
import binascii
import os
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any, Protocol

from esjournal.domain.model import rules
from esjournal.exceptions import MappingError

NONCE_BYTES = 12


class Cipher(Protocol):
    """What a mapper needs from a cipher. The place is bound to the text, so that a state cannot be moved."""

    def encrypt(self, text: str, *, sequence_id: Any, position: Any) -> str:
        """Return the text, encrypted for one place."""

    def decrypt(self, text: str, *, sequence_id: Any, position: Any) -> str:
        """Return what was encrypted for this place."""


class AESGCMCipher:
    """AES-GCM (NIST SP 800-38D) with the sequence id and the position as associated data.

    It needs the extra `crypto`.

    Args:
        key: 16, 24 or 32 random bytes, such as `os.urandom(32)`. Each event takes a random nonce, so change the key
            before about 2**32 events (SP 800-38D, section 8.3).
    """

    def __init__(self, key: bytes) -> None:
        try:
            from cryptography.hazmat.primitives.ciphers.aead import AESGCM
        except ImportError as error:
            raise ImportError("AESGCMCipher needs the extra crypto: pip install 'esjournal[crypto]'") from error
        self._aead = AESGCM(key)

    def encrypt(self, text: str, *, sequence_id: Any, position: Any) -> str:
        """Return a nonce and the ciphertext, in base64."""
        nonce = os.urandom(NONCE_BYTES)
        sealed = self._aead.encrypt(nonce, text.encode(), _place(sequence_id, position))
        return base64.b64encode(nonce + sealed).decode()

    def decrypt(self, text: str, *, sequence_id: Any, position: Any) -> str:
        """Return what was encrypted for this place.

        Raises:
            MappingError: the text was changed or moved from another place, or the key is wrong.
        """
        from cryptography.exceptions import InvalidTag

        try:
            sealed = base64.b64decode(text, validate=True)
            nonce, body = sealed[:NONCE_BYTES], sealed[NONCE_BYTES:]
            return self._aead.decrypt(nonce, body, _place(sequence_id, position)).decode()
        except (InvalidTag, binascii.Error, ValueError):
            raise MappingError(
                f"the state at position {position} of sequence {sequence_id} does not decrypt: "
                f"the key is wrong, or the text was changed or moved from another place"
            ) from None


def _place(sequence_id: Any, position: Any) -> bytes:
    # A place may be written in another way when it is given than when it comes back.
    if isinstance(position, float | Decimal):
        # A time may be given as an int or a Decimal, and comes back as a float; SQLite stores -0.0 as 0.0.
        whole, point, fraction = format(Decimal(str(position or 0)), "f").partition(".")
        position = (whole + point + fraction.rstrip("0")).rstrip(".")
    if isinstance(position, datetime) and position.tzinfo is not None:
        position = position.astimezone(UTC)
    if isinstance(sequence_id, str) and rules.are_canonical_ids([sequence_id.lower()]):
        sequence_id = sequence_id.lower()
    return f"{sequence_id}@{position}".encode()
