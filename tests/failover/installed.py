"""What the drill needs of this machine, and of which version."""

import os
import shutil
import subprocess
from pathlib import Path
from typing import Final

ROOT: Final = Path(__file__).parents[2]
OLDEST: Final = (3, 0, 3)
"""The version of Patroni that may be used."""
STEADY: Final = ((3, 4, 31), (3, 5, 13))
"""The versions of etcd, of two lines, from which on it may hang and wake."""


def lacking() -> str:
    """Return what is not installed here; empty if nothing."""
    found = [] if shutil.which("etcd") else ["etcd"]
    if patroni() is None:
        found.append(f"Patroni {'.'.join(map(str, OLDEST))} or newer")
    if not (programs() / "pg_rewind").exists():
        found.append("PostgreSQL with pg_rewind")
    return ", ".join(found)


def patroni() -> str | None:
    """Return the command of Patroni; nothing if it is not there, or too old.

    Until 3.0.2, Debian 12's, who had lost etcd overwrote the leader's key when etcd came
    back, and took its place from a machine that had gone on: this drill shows it.
    """
    own = ROOT / "build/patroni/bin/patroni"
    path = str(own) if own.exists() else shutil.which("patroni")
    if path is None:
        return None
    try:
        said = subprocess.run(
            [path, "--version"], capture_output=True, text=True, check=True, user=user()
        )
    except (OSError, subprocess.CalledProcessError):  # nothing that this user can run
        return None
    version = tuple(map(int, said.stdout.split()[-1].split(".")[:3]))
    return path if version >= OLDEST else None


def programs() -> Path:
    """Return where PostgreSQL's programs are, of its newest version."""
    installed = sorted(Path("/usr/lib/postgresql").glob("*/bin"))
    return installed[-1] if installed else Path("/usr/lib/postgresql")


def user() -> str | None:
    """Return as whom to run: PostgreSQL refuses to be root."""
    return "postgres" if os.geteuid() == 0 else None


def etcd() -> tuple[int, ...]:
    """Return the version of etcd."""
    said = subprocess.run(
        ["etcd", "--version"], capture_output=True, text=True, check=True
    )
    return tuple(map(int, said.stdout.split()[2].split(".")[:3]))


def is_steady(version: tuple[int, ...]) -> bool:
    """Tell whether an etcd that led, hung and wakes leaves others' leases alone.

    Debian 12's does not: it takes the new primary's place from it, since it did not hear
    that it was renewed; and the old primary, which wakes with it, may have it first.
    """
    return version >= STEADY[0] if version < (3, 5) else version >= STEADY[1]
