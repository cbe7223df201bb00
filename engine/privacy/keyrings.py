"""The data key in the keyring of the operating system (Keychain, Credential Locker, Secret Service), through `keyring`.

What a backend raises is anything: errors of `keyring`, of D-Bus, of the system. All of it means the same here.
"""

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
    try:
        from keyring import set_password

        set_password(SERVICE, key_id, base64.b64encode(key).decode("ascii"))
    except Exception as error:
        raise KeyringMissing(type(error).__name__) from error
    if read(key_id) != key:  # the null backend takes everything and keeps nothing
        forget(key_id)
        raise KeyringMissing("not kept")


def read(key_id: str) -> bytes | None:
    """The key; None where the keyring answers, and does not have it. Raises KeyringMissing: away, locked, not allowed."""
    try:
        from keyring import get_password

        found = get_password(SERVICE, key_id)
    except Exception as error:
        log.warning("the keyring could not be read: %s", type(error).__name__)
        raise KeyringMissing(type(error).__name__) from error
    try:
        key = None if found is None else base64.b64decode(found, validate=True)
    except (binascii.Error, ValueError):
        return None
    return key if key is not None and len(key) == KEY_BYTES else None


def forget(key_id: str) -> bool:
    """Remove a key; False where the keyring could not be asked. A key that is not there is gone already."""
    try:
        from keyring import delete_password, get_password

        if get_password(SERVICE, key_id) is not None:
            delete_password(SERVICE, key_id)
        return True
    except Exception as error:  # noqa: BLE001
        log.warning("the key could not be removed from the keyring: %s", type(error).__name__)
        return False


def usable() -> bool:
    """Whether there is a keyring at all; whether it is unlocked shows when it is used."""
    try:
        from keyring import get_keyring
        from keyring.backends import fail, null

        return not isinstance(get_keyring(), fail.Keyring | null.Keyring)
    except Exception as error:  # noqa: BLE001
        log.warning("the keyring could not be looked for: %s", type(error).__name__)
        return False
