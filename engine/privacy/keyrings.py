"""The data key in the keyring of the operating system (Keychain, Credential Locker, Secret Service), through `keyring`."""

from __future__ import annotations

import base64
import binascii
import logging

from engine.errors import KeyringMissing
from engine.privacy.sealing import KEY_BYTES

SERVICE = "earmark"

log = logging.getLogger(__name__)


def keep(key_id: str, key: bytes) -> None:
    """Put a key into the keyring and read it back. Raises KeyringMissing; then nothing is kept."""
    from keyring import set_password
    from keyring.errors import KeyringError

    try:
        set_password(SERVICE, key_id, base64.b64encode(key).decode("ascii"))
    except (KeyringError, OSError, RuntimeError) as error:
        raise KeyringMissing(type(error).__name__) from error
    if read(key_id) != key:  # the null backend takes everything and keeps nothing
        raise KeyringMissing("the keyring did not keep the key")


def read(key_id: str) -> bytes | None:
    """The key, or None: not there any more, or the keyring is away, locked, or was not allowed."""
    from keyring import get_password
    from keyring.errors import KeyringError

    try:
        found = get_password(SERVICE, key_id)
        key = None if found is None else base64.b64decode(found, validate=True)
    except (KeyringError, OSError, RuntimeError, binascii.Error, ValueError) as error:
        log.warning("the keyring could not be read: %s", type(error).__name__)
        return None
    return key if key is not None and len(key) == KEY_BYTES else None


def forget(key_id: str) -> bool:
    """Remove a key; False where the keyring could not be asked. A key that is not there is gone already."""
    from keyring import delete_password, get_password
    from keyring.errors import KeyringError

    try:
        if get_password(SERVICE, key_id) is not None:
            delete_password(SERVICE, key_id)
        return True
    except (KeyringError, OSError, RuntimeError) as error:
        log.warning("the key could not be removed from the keyring: %s", type(error).__name__)
        return False


def usable() -> bool:
    """Whether there is a keyring at all; whether it is unlocked shows when it is used."""
    from keyring import get_keyring
    from keyring.backends import fail, null

    backend = get_keyring()
    return not isinstance(backend, fail.Keyring | null.Keyring)
