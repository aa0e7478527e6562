"""A token for a test: SoftHSM2 in a folder of its own.

Where SoftHSM2 is not installed, what needs it is skipped, loudly; in CI it fails.
"""

import os
import shutil
import subprocess
from dataclasses import dataclass
from itertools import count
from pathlib import Path

import pytest

MODULES = tuple(
    Path(place)
    for place in (
        "/usr/lib/softhsm/libsofthsm2.so",
        "/usr/lib64/pkcs11/libsofthsm2.so",
        "/usr/lib/pkcs11/libsofthsm2.so",
        "/usr/local/lib/softhsm/libsofthsm2.so",
    )
)
ABSENT = (
    "SOFTHSM2 IS NOT INSTALLED: custody in a token is NOT TESTED (apt install softhsm2)"
)
PIN = b"482913"
_NUMBERS = count()


def module() -> str:
    """Return the path of the library, or nothing."""
    there = (str(path) for path in MODULES if path.exists())
    found = shutil.which("softhsm2-util")
    return next(there, "") if found else ""


def require() -> str:
    """Return the path of the library; skip where it is not, fail in CI."""
    found = module()
    if not found:
        if os.environ.get("CI"):
            pytest.fail(ABSENT)
        pytest.skip(ABSENT)
    return found


@dataclass(frozen=True)
class Token:
    """One token of its own."""

    module: str
    label: str
    folder: Path
    pin: bytes = PIN

    def unplug(self) -> None:
        """Take it away while somebody speaks with it."""
        self.folder.rename(self.folder.with_name("unplugged"))

    def plug(self) -> None:
        """Put it back."""
        self.folder.with_name("unplugged").rename(self.folder)


def configure(folder: Path) -> Path:
    """Write a configuration whose tokens lie in a folder, for this process and others."""
    tokens = folder / "tokens"
    tokens.mkdir(exist_ok=True)
    file = folder / "softhsm2.conf"
    file.write_text(
        f"directories.tokendir = {tokens}\nobjectstore.backend = file\n"
        "log.level = ERROR\n"
    )
    os.environ["SOFTHSM2_CONF"] = str(file)
    return tokens


def new_token(folder: Path) -> Token:
    """Make a token in a folder."""
    library = require()
    tokens = configure(folder)
    label = f"test-{os.getpid()}-{next(_NUMBERS)}"
    command = ["softhsm2-util", "--init-token", "--free", "--label", label]
    pins = ["--so-pin", "87654321", "--pin", PIN.decode()]
    subprocess.run([*command, *pins], check=True, capture_output=True)
    import pkcs11  # noqa: PLC0415 (only where there is a token)

    # Loaded once a process: it has to look at this folder anew.
    loaded = pkcs11.lib(library)
    loaded.reinitialize()
    return Token(library, label, tokens)
