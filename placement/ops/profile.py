"""What the production profile refuses, a sentence each.

Every row is a setting or a state of the machine that is fit for development alone. A
server of that profile doesn't start while one of them holds; it says all of them at
once. Nothing here is opened, changed or repaired.
"""

import stat
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from ipaddress import ip_address
from pathlib import Path
from typing import Final

from placement.audit.note import Kind, VerifierKey, parse_key
from placement.config import Listener, Settings
from placement.crypto.custody import OPRF_LABEL
from placement.crypto.keyfile import is_wrapped
from placement.crypto.signing import LOG_LABEL
from placement.errors import TamperedError, UnavailableError
from placement.ops.hardening import Hardening
from placement.service.custodian import next_path, plain_path
from placement.store.engine import is_unsure
from placement.store.keystore import beside

PRODUCTION: Final = "production"
OFFICERS: Final = 2
"""Who say together that an older database may be served."""

_OTHERS: Final = stat.S_IRWXG | stat.S_IRWXO
_WRITABLE: Final = stat.S_IWGRP | stat.S_IWOTH
_BESIDE: Final = ("", "-wal", "-shm", "-journal")


@dataclass(frozen=True, slots=True)
class Row:
    """One thing that is refused.

    Attributes:
        setting: which, or of what.
        sentence: what is wrong, and what to do.
        holds: whether it is so; or the files that make it so, which are named.
    """

    setting: str
    sentence: str
    holds: Callable[[Settings, Hardening], bool | list[Path]]


def refusals(settings: Settings, machine: Hardening, rows: Iterable[Row]) -> list[str]:
    """Return setting and sentence of each row that holds, as one text.

    Raises:
        OSError: the ruleset can't be read.
        ValueError: it is none.
    """
    said = []
    for row in rows:
        found = row.holds(settings, machine)
        if found:
            named = "" if found is True else f" It is {', '.join(map(str, found))}."
            said.append(f"{row.setting}: {row.sentence}{named}")
    return said


def _open(paths: Iterable[Path]) -> list[Path]:
    return [path for path in paths if path.exists() and path.stat().st_mode & _OTHERS]


def _writable(settings: Settings) -> list[Path]:
    """Return where somebody else may put another file in the place of one."""
    files = [settings.authority, settings.revocations, settings.certificate]
    files += [each for each in (settings.ruleset,) if each is not None]
    files += settings.anchors
    folders = {path.parent for path in (*files, *_keys(settings))}
    if settings.past_rulesets is not None:
        folders.add(settings.past_rulesets)
    found = (*files, *sorted(folders))
    return [path for path in found if path.exists() and path.stat().st_mode & _WRITABLE]


def _keys(settings: Settings) -> list[Path]:
    named = [*_custodians(settings), settings.log_key, settings.key]
    return named if settings.custody == "token" else [*named, settings.store_key]


def officer_keys(settings: Settings) -> tuple[VerifierKey, ...]:
    """Return the keys that statements are signed with.

    Raises:
        ValueError: one is none, or for something else; found out on the day when they
            are needed, that would be too late.
    """
    keys = []
    for number, text in enumerate(settings.officers, 1):
        try:
            keys.append(parse_key(text))
        except TamperedError:
            raise ValueError(
                f"officers: text {number} is no verifier key; `placement-server older"
                " key` prints one"
            ) from None
    if any(key.kind is not Kind.ED25519 for key in keys):
        raise ValueError("officers: a key is not for statements")
    return tuple(keys)


def _officers(settings: Settings) -> int:
    """Return how many can sign a statement together: by name, and by key."""
    return len(set(named(officer_keys(settings)).values()))


def named(officers: Iterable[VerifierKey]) -> dict[bytes, str]:
    """Return who an officer is, by public key.

    A key under two names is nobody's: whoever has it would be the other one, too, beside
    a key of their own.
    """
    names: dict[bytes, set[str]] = {}
    for key in officers:
        names.setdefault(key.public_key, set()).add(key.name)
    return {key: min(of) for key, of in names.items() if len(of) == 1}


def _loops(listener: Listener) -> bool:
    """Tell whether an address is of loopback; a name is none unless it says so."""
    host = listener.address.rpartition(":")[0].strip("[]")
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


def _custodians(settings: Settings) -> list[Path]:
    """Return the files of a custodian's keys: what follows, and what adopting left."""
    path = settings.custodian_key
    return [path, next_path(path), plain_path(path)]


def _authority_keys(settings: Settings) -> list[Path]:
    """Return where an authority's key is, under its own name and the usual one."""
    path = settings.authority
    return [path.with_suffix(".key"), path.with_name("ca.key")]


def _databases(settings: Settings) -> list[Path]:
    """Return the files of what is SQLite's."""
    urls = [settings.database, settings.keys]
    if not settings.keys and settings.database.startswith("sqlite"):
        urls[1] = beside(settings.database)
    files = [url.partition(":///")[2] for url in urls if url.startswith("sqlite")]
    return [Path(file + end) for file in files for end in _BESIDE]


def _is_plain(path: Path, label: str) -> bool:
    """Tell whether a key file is there, and no custody wrapped it."""
    try:
        return not is_wrapped(path, label)
    except UnavailableError:
        return False  # missing, which the start says; or open, which another row says


ROWS: Final = (
    Row(
        "custody",
        'custody = "file" leaves the store\'s key on the disk as it is; keep it in a '
        "token.",
        lambda settings, _: settings.custody == "file",
    ),
    Row(
        "custody",
        'custody = "passphrase" lets a thief of the file try passphrases as long as he '
        "likes; keep the key in a token.",
        lambda settings, _: settings.custody == "passphrase",
    ),
    Row(
        "log_key",
        "log_key is not wrapped by the custody: whoever reads the disk could sign a "
        "history of his own.",
        lambda settings, _: _is_plain(settings.log_key, LOG_LABEL),
    ),
    Row(
        "custodian_key",
        "custodian_key is not wrapped by the custody: whoever reads the disk and has "
        "the store could try every number.",
        lambda settings, _: any(
            _is_plain(path, OPRF_LABEL) for path in _custodians(settings)
        ),
    ),
    Row(
        "key",
        "A key file is open to group or others; use mode 0600 for all of them.",
        lambda settings, _: _open(_keys(settings)),
    ),
    Row(
        "files",
        "A file that says who may call, by which rules, or where the log ended may be "
        "written by group or others, or the folder where it or a key lies may be; use "
        "mode 0755 for folders, and 0644 for such files, or less.",
        lambda settings, _: _writable(settings),
    ),
    Row(
        "authority",
        "The authority's own key lies beside its certificate: whoever takes this "
        "machine could make callers. Keep ca.key on another one.",
        lambda settings, _: any(path.exists() for path in _authority_keys(settings)),
    ),
    Row(
        "database",
        "A file of the database or of the key store is open to group or others; use "
        "mode 0600.",
        lambda settings, _: _open(_databases(settings)),
    ),
    Row(
        "database",
        "A database on another machine is not asked who it is; add sslmode=verify-full.",
        lambda settings, _: any(map(is_unsure, (settings.database, settings.keys))),
    ),
    Row(
        "witnesses",
        "No witness is named: nobody would notice a history that was written anew.",
        lambda settings, _: not settings.witnesses,
    ),
    Row(
        "officers",
        "Fewer than two officers are named: nobody could say that an older database may "
        "be served, or that a key may be destroyed.",
        lambda settings, _: _officers(settings) < OFFICERS,
    ),
    Row(
        "reflection",
        "reflection describes the methods to every caller; turn it off.",
        lambda settings, _: settings.reflection,
    ),
    Row(
        "pace",
        "pace = 0 lets answers tell by their time how long they took to make.",
        lambda settings, _: settings.pace == 0,
    ),
    Row(
        "tick",
        "tick = 0 lets whoever copies the database tell when something was recorded.",
        lambda settings, _: settings.tick == 0,
    ),
    Row(
        "metrics",
        "metrics.address is none of loopback: whoever reaches it reads how much is done "
        "here, over no TLS. Put a proxy with TLS before it.",
        lambda settings, _: settings.metrics.on and not _loops(settings.metrics),
    ),
    Row(
        "core dumps",
        "Core dumps are enabled, and would hold every key; the machine didn't let them "
        "be turned off.",
        lambda _, machine: machine.cores != 0,
    ),
    Row(
        "debuggers",
        "Other processes of this user could read the memory; the machine didn't let "
        "that be turned off.",
        lambda _, machine: not machine.undumpable,
    ),
    Row(
        "user",
        "The server runs as root; run it under a user of its own.",
        lambda _, machine: machine.user == 0,
    ),
)
"""What any server may not be."""

REGISTRY: Final = (
    *ROWS,
    Row(
        "custodian_key",
        "Custodians apart hold the key of the pseudonyms, and a file of such a key is "
        "here, too: whoever takes the machine could try every number. Destroy it.",
        lambda settings, _: (
            bool(settings.custodian_id)
            and any(path.exists() for path in _custodians(settings))
        ),
    ),
    Row(
        "custodian_id",
        "The key of the pseudonyms is held by this server: whoever takes the machine "
        "could try every number. Name custodians apart.",
        lambda settings, _: not settings.custodian_id,
    ),
)
"""What a registry may not be."""
