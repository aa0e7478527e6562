"""Custody in a token that speaks PKCS#11: an HSM, a smart card, or SoftHSM2 in tests.

The key-encryption key is an AES key that can't be read out; whatever is wrapped or
unwrapped goes through the token. It is in the form of ``wrapping``.

Invariants:
    * a key that the token would give out is not used;
    * a PIN is tried once: nobody is locked out by a server that starts again;
    * what did not open is TAMPERED only while the token shows that it works; a token
      that is gone is UNAVAILABLE, and never taken for an altered key;
    * a seed that signs is handed to the token, which signs; it is not kept here.

Source: OASIS PKCS #11 v3.0, §2.13 (AES-GCM) and §2.3 (EdDSA).
"""

import os
import secrets
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from typing import Any, Final, Self

import pkcs11
from pkcs11 import Attribute, KeyType, Mechanism, ObjectClass
from pkcs11 import exceptions as told
from pkcs11.mechanisms import GCMParams

from placement.crypto.custody import WrappedKey
from placement.crypto.sealing import KEY_SIZE, NONCE_SIZE, TAG_SIZE
from placement.crypto.wrapping import (
    KEY_ID_SIZE,
    KekSecret,
    framed,
    parted,
    place_of,
)
from placement.errors import ConflictError, TamperedError, UnavailableError

KEK_NAME: Final = "placement-kek"
"""What the key is called in the token."""

_BITS: Final = 8 * KEY_SIZE
# PrintableString "edwards25519": what all tokens understand (PKCS #11 v3.0 §2.3.10).
_ED25519: Final = b"\x13\x0cedwards25519"
_GUARDED: Final = {
    Attribute.PRIVATE: True,
    Attribute.SENSITIVE: True,
    Attribute.EXTRACTABLE: False,
}
_KEK: Final = {
    **_GUARDED,
    Attribute.TOKEN: True,
    Attribute.LABEL: KEK_NAME,
    Attribute.ENCRYPT: True,
    Attribute.DECRYPT: True,
    Attribute.WRAP: False,
    Attribute.UNWRAP: False,
    Attribute.SIGN: False,
    Attribute.DERIVE: False,
}
# Of a tag that does not fit, tokens say one of these; of other things too.
_PERHAPS_ALTERED: Final = (
    told.EncryptedDataInvalid,
    told.EncryptedDataLenRange,
    told.FunctionFailed,
    told.GeneralError,
)
_SENTENCES: Final[tuple[tuple[type[Exception], str], ...]] = (
    (
        told.PinLocked,
        "The token is locked after too many wrong PINs; have it unlocked.",
    ),
    (
        told.PinIncorrect,
        "The token refuses this PIN. Don't try on: after a few it locks itself.",
    ),
    (told.PinLenRange, "The token refuses a PIN of this length."),
    (told.NoSuchToken, "There is no token of this name. Is it plugged in?"),
    (
        told.UserAlreadyLoggedIn,
        "The token is in use by this process already.",
    ),
    (told.MultipleTokensReturned, "Two tokens have this name; unplug one."),
)


class TokenCustody:
    """Custody by one token; safe to share between threads.

    Args:
        module: path of the vendor's PKCS#11 library.
        token: the token's label.
        pin: the user's; used once, and not kept.

    Raises:
        UnavailableError: no such library, token or key, the PIN is refused, or the key
            could be read out. A note says which.

    Secret: pin
    """

    def __init__(self, module: str, token: str, pin: bytes) -> None:
        self._lock = threading.Lock()
        self._signing: dict[bytes, Any] = {}
        self._session = _opened(module, token, pin)
        try:
            with _speaking():
                self._key: Any = _found(self._session)
                self.key_id = bytes(self._key[Attribute.ID])
                guarded = (
                    self._key[Attribute.SENSITIVE],
                    not self._key[Attribute.EXTRACTABLE],
                )
            if not all(guarded):
                raise UnavailableError().because(
                    "The key could be read out of the token; make another."
                )
            if len(self.key_id) != KEY_ID_SIZE:
                raise UnavailableError().because(
                    f"The key {KEK_NAME} was not made by this program."
                )
        except UnavailableError:
            self.close()
            raise

    @classmethod
    def create(
        cls, module: str, token: str, pin: bytes, secret: bytes | None = None
    ) -> Self:
        """Put a key-encryption key into a token.

        Args:
            module: path of the vendor's PKCS#11 library.
            token: the token's label.
            pin: the user's.
            secret: the key-encryption key's, which shares can bring back; unless given,
                the token makes a key that nobody ever saw.

        Raises:
            ConflictError: the token holds one already.
            UnavailableError: as above, or it takes no key.

        Secret: pin, secret
        """
        session = _opened(module, token, pin)
        try:
            with _speaking():
                if _keys(session):
                    raise ConflictError
                _put(session, secret)
        finally:
            session.close()
        try:
            return cls(module, token, pin)
        except UnavailableError as error:
            error.because(f"It holds a key {KEK_NAME} now: have that removed.")
            raise

    @staticmethod
    def require_room(module: str, token: str, pin: bytes, *, given: bool) -> None:
        """Refuse what ``create`` would refuse; nothing stays in the token.

        Args:
            module: path of the vendor's PKCS#11 library.
            token: the token's label.
            pin: the user's.
            given: whether the key will come from outside, so that one for this session
                alone is tried.

        Raises:
            ConflictError: the token holds one already.
            UnavailableError: as above, or it takes no key.

        Secret: pin
        """
        session = _opened(module, token, pin)
        try:
            with _speaking():
                if _keys(session):
                    raise ConflictError
                if given:
                    _put(session, secrets.token_bytes(KEY_SIZE), stays=False)
        finally:
            session.close()

    def __repr__(self) -> str:
        """Return the type only."""
        return "TokenCustody()"

    def close(self) -> None:
        """Log out; the custody is not used afterwards."""
        try:
            self._session.close()
        except told.PKCS11Error:
            return  # it is gone; so is what it held for us

    def generate(self, context: bytes) -> tuple[WrappedKey, bytes]:
        """Make a data key: see ``Custody``.

        Raises:
            UnavailableError: the token does not answer.
        """
        key = secrets.token_bytes(KEY_SIZE)
        return self.wrap(key, context), key

    def wrap(self, key: bytes, context: bytes) -> WrappedKey:
        """Wrap a data key: see ``Custody``.

        Raises:
            UnavailableError: the token does not answer.
            ValueError: the key has another length than 32 bytes.

        Secret: key
        """
        if len(key) != KEY_SIZE:
            raise ValueError("a data key has 32 bytes")
        nonce = os.urandom(NONCE_SIZE)
        with self._lock, _speaking():
            sealed = self._encrypt(key, nonce, place_of(self.key_id, context))
        return framed(self.key_id, nonce, sealed)

    def unwrap(self, blob: bytes, context: bytes) -> bytes:
        """Unwrap a data key: see ``Custody``.

        Raises:
            TamperedError: another key-encryption key, another context, or altered.
            UnavailableError: the token does not answer.
        """
        nonce, sealed = parted(blob, self.key_id)
        given = GCMParams(nonce, place_of(self.key_id, context), 8 * TAG_SIZE)
        with self._lock, _speaking():
            try:
                return bytes(
                    self._key.decrypt(
                        sealed, mechanism=Mechanism.AES_GCM, mechanism_param=given
                    )
                )
            except _PERHAPS_ALTERED as error:
                # Raises if the token is what is wrong.
                self._encrypt(bytes(KEY_SIZE), os.urandom(NONCE_SIZE), b"probe")
                raise TamperedError from error

    def sign(self, blob: bytes, context: bytes, message: bytes) -> bytes:
        """Sign under a wrapped seed: see ``Custody``.

        Raises:
            TamperedError: as ``unwrap``.
            UnavailableError: the token does not answer, or knows no Ed25519.
        """
        name = context + blob
        key = self._signing.get(name)
        if key is None:
            seed = self.unwrap(blob, context)
            with self._lock, _speaking():
                key = self._session.create_object(
                    {
                        **_GUARDED,
                        Attribute.CLASS: ObjectClass.PRIVATE_KEY,
                        Attribute.KEY_TYPE: KeyType.EC_EDWARDS,
                        Attribute.EC_PARAMS: _ED25519,
                        Attribute.VALUE: seed,
                        Attribute.TOKEN: False,
                        Attribute.SIGN: True,
                    }
                )
            self._signing[name] = key
        with self._lock, _speaking():
            return bytes(key.sign(message, mechanism=Mechanism.EDDSA))

    def destroy(self) -> None:
        """Destroy the key in the token: see ``Custody``.

        Raises:
            UnavailableError: the token does not answer; nothing was destroyed.
        """
        with self._lock, _speaking():
            self._key.destroy()

    def _encrypt(self, key: bytes, nonce: bytes, place: bytes) -> bytes:
        given = GCMParams(nonce, place, 8 * TAG_SIZE)
        return bytes(
            self._key.encrypt(key, mechanism=Mechanism.AES_GCM, mechanism_param=given)
        )


def _keys(session: Any) -> list[Any]:  # noqa: ANN401 (untyped in part)
    """Return every key of our name in the token."""
    wanted = {Attribute.CLASS: ObjectClass.SECRET_KEY, Attribute.LABEL: KEK_NAME}
    # All of them: a search that is left half-way ends in the middle of another call.
    return list(session.get_objects(wanted))


def _found(session: Any) -> Any:  # noqa: ANN401 (untyped in part)
    """Return the one key of our name.

    Raises:
        UnavailableError: there is none, or there are two.
    """
    match _keys(session):
        case [key]:
            return key
        case []:
            raise UnavailableError().because(
                f"The token holds no key {KEK_NAME}; see `placement-server custody`."
            )
        case _:
            raise UnavailableError().because(f"The token holds two keys {KEK_NAME}.")


def _put(
    session: Any,  # noqa: ANN401 (untyped in part)
    secret: bytes | None,
    *,
    stays: bool = True,
) -> None:
    """Make a key in the token, or give it one that stays, or goes with the session."""
    if secret is None:
        session.generate_key(
            KeyType.AES,
            _BITS,
            id=secrets.token_bytes(KEY_ID_SIZE),
            label=KEK_NAME,
            store=True,
            template=_KEK,
        )
        return
    made = KekSecret(secret)
    session.create_object(
        {
            **_KEK,
            Attribute.TOKEN: stays,
            Attribute.CLASS: ObjectClass.SECRET_KEY,
            Attribute.KEY_TYPE: KeyType.AES,
            Attribute.VALUE: made.key,
            Attribute.ID: made.key_id,
        }
    )


@cache
def _library(module: str) -> Any:  # noqa: ANN401 (untyped in part)
    """Load a vendor's library; a process does that once.

    Raises:
        UnavailableError: it can't be loaded.
    """
    try:
        return pkcs11.lib(module)
    except (RuntimeError, OSError) as error:
        raise UnavailableError().because(
            f"The PKCS#11 library {module} can't be loaded."
        ) from error


def _opened(module: str, token: str, pin: bytes) -> Any:  # noqa: ANN401 (untyped in part)
    """Log in to a token.

    Raises:
        UnavailableError: it is not there, or refuses the PIN.

    Secret: pin
    """
    library = _library(module)
    with _speaking():
        found = library.get_token(token_label=token)
        return found.open(rw=True, user_pin=pin.decode("utf-8", "replace"))


@contextmanager
def _speaking() -> Iterator[None]:
    """Keep the library's exceptions in.

    Raises:
        UnavailableError: whatever a token may say; a note says it to operators.
    """
    try:
        yield
    except told.PKCS11Error as error:
        sentence = "The token does not answer."
        for kind, text in _SENTENCES:
            if isinstance(error, kind):
                sentence = text
                break
        raise UnavailableError().because(sentence) from error
