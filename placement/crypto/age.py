"""Files that leave the house: encrypted to recipients, in the format of age.

Anybody opens them with the program ``age`` and the identity, without this service. The
library is an extra: ``placement[backup]``.

Source: C2SP age; through pyrage, the Rust implementation
"""

from collections.abc import Sequence
from pathlib import Path
from typing import IO, Any, Final

from placement.errors import TamperedError, UnavailableError

_MAGIC: Final = b"age-encryption.org/v1\n"


def is_encrypted(path: Path) -> bool:
    """Tell whether a file is one of age's.

    Raises:
        OSError: it can't be read.
    """
    with path.open("rb") as file:
        return file.read(len(_MAGIC)) == _MAGIC


def encrypt(source: IO[bytes], target: IO[bytes], recipients: Sequence[str]) -> None:
    """Encrypt to recipients; each opens it alone.

    Args:
        source: what to encrypt.
        target: where to.
        recipients: their public keys, ``age1…``.

    Raises:
        UnavailableError: pyrage is not installed.
        ValueError: one is no recipient.
    """
    age = _pyrage()
    keys = []
    for text in recipients:
        try:
            keys.append(age.x25519.Recipient.from_str(text))
        except age.RecipientError:
            raise ValueError("a recipient is no public key of age (age1…)") from None
    age.encrypt_io(source, target, keys)


def decrypt(source: IO[bytes], target: IO[bytes], identity: Path) -> None:
    """Decrypt; what was written is to be thrown away if this raises.

    Args:
        source: what ``encrypt`` wrote.
        target: where to.
        identity: file with the private key, as ``age-keygen`` writes it.

    Raises:
        OSError: a file can't be read or written.
        TamperedError: it is another's key, or the file was cut or altered.
        UnavailableError: pyrage is not installed.
        ValueError: the file holds no identity.

    Secret: target, and what is in the file of the identity
    """
    age = _pyrage()
    lines = identity.read_text("utf-8").splitlines()
    texts = [line for line in lines if line and not line.startswith("#")]
    try:
        keys = [age.x25519.Identity.from_str(text) for text in texts]
    except age.IdentityError:
        raise ValueError(f"{identity}: holds no identity of age") from None
    if not keys:
        raise ValueError(f"{identity}: holds no identity of age")
    try:
        age.decrypt_io(source, target, keys)
    except (age.DecryptError, OSError) as error:
        if getattr(error, "errno", None) is not None:
            raise  # it is the disk's
        raise TamperedError().because(
            "The identity is not of a recipient, or the file was altered."
        ) from error


def _pyrage() -> Any:  # noqa: ANN401 (it has no types)
    try:
        import pyrage  # noqa: PLC0415 (an extra of its own)
    except ImportError as error:
        raise UnavailableError().because(
            "Encrypted backups need `placement[backup]`."
        ) from error
    return pyrage
