"""Wipe key material that Python would otherwise leave behind in its memory.

What CPython frees keeps its bytes until something else is written there, which may be
never. So whoever has taken a key out of its wrapping and put it into a cipher wipes it.
The cipher itself is OpenSSL's, which overwrites its own when it is dropped.

Nobody else may still use what is wiped: bytes are shared by whoever has a reference.
That a server has nothing left is measured (``placement/ops/scan.py``), not assumed.

Source: CPython's ``bytesobject.h``: the bytes stand behind the header, a zero at the end.
"""

import ctypes
from typing import Final

_HEADER: Final = bytes.__basicsize__ - 1
_SHARED: Final = 1  # bytes of this length or less are one object for everybody


def wipe(*secrets: bytes) -> None:
    """Overwrite bytes with zeros, where they stand.

    Args:
        secrets: nobody else's, and not used afterwards.

    Secret: secrets
    """
    for secret in secrets:
        if len(secret) > _SHARED:
            ctypes.memset(id(secret) + _HEADER, 0, len(secret))
