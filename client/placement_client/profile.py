"""Profiles: which server to ask, as whom, and which keys to trust.

People call them contexts and keep them in one TOML file::

    current = "malmo"

    [contexts.malmo]
    server = "placement.example:8443"
    certificate = "/home/me/placement/cw-01.pem"
    key = "/home/me/placement/cw-01.key"
    ca = "/home/me/placement/ca.pem"
    server_name = ""            # when the certificate names another host
    custodian_key = "02…"       # 66 hex digits; not needed by audit staff
    custodians = ""             # host:port=KEY of each who stands apart (pins)
    next_custodian_key = ""     # the key that follows, while it does (changeover)
    next_custodians = ""        # who holds that, as `custodians`
    custodian_ca = ""           # who may sign their certificates; empty: as `ca`
    label_key = ""              # coordinators only
    log_key = "…"               # the access log's verifier key; without it, no receipts
    witnesses = ""              # verifier keys of its witnesses, parted by spaces
    quorum = ""                 # how many of them must have cosigned; empty for 0

Invariants:
    * the file holds paths and public keys, never a secret, and no identifier;
    * it appears whole or not at all, readable by its owner only;
    * a key that is unknown, missing or of another kind is refused, never skipped: a
      typing error must not unpin the custodian or the log.
"""

import os
import re
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, field, fields, replace
from pathlib import Path
from typing import Any, Final

from placement.crypto.files import write_file
from placement.crypto.voprf import PublicKey
from placement.errors import InvalidInputError
from placement_client.pins import Pin, is_address, parse_key, parse_pins
from placement_client.trust import DIRECTORY_MODE, FILE_MODE, Policy

_NAME: Final = re.compile("[a-z0-9][a-z0-9-]{0,31}")
_NEXT: Final = "next_custodian_key"
_ESCAPES: Final = {'"': '\\"', "\\": "\\\\"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Profile:
    """One context; every value is a text, empty where nothing is known.

    Attributes:
        server: host and port, ``host:port``.
        certificate: path of the client's certificate, PEM.
        key: path of its private key, PEM.
        ca: path of whoever may sign servers, PEM.
        server_name: the name in the server's certificate; empty for the host.
        custodian_key: the pinned public key, 66 hex digits; may be empty.
        custodians: who holds that key, if it is not the service itself: ``pins``.
        next_custodian_key: the key that follows on it, pinned as well; may be empty.
        next_custodians: who holds that one, if it is not the service itself.
        custodian_ca: path of whoever may sign their certificates, PEM; may be empty.
        label_key: path of the coordinators' label key; may be empty.
        log_key: the access log's pinned verifier key; may be empty.
        witnesses: verifier keys of the log's witnesses, parted by spaces.
        quorum: how many of them must have cosigned, in decimal; empty for 0.

    Raises:
        InvalidInputError: a value can't be what it should be.
    """

    server: str
    certificate: str
    key: str
    ca: str
    server_name: str = ""
    custodian_key: str = ""
    custodians: str = ""
    next_custodian_key: str = ""
    next_custodians: str = ""
    custodian_ca: str = ""
    label_key: str = ""
    log_key: str = ""
    witnesses: str = ""
    quorum: str = ""

    def __post_init__(self) -> None:
        """Refuse what no call could be made with."""
        if not is_address(self.server):
            raise InvalidInputError("server", "must be host:port")
        for name in ("certificate", "key", "ca"):
            if not getattr(self, name):
                raise InvalidInputError(name, "must be a path")
        if self.custodian_key or self.custodians:
            self.pins()
        self.next_pins()
        self.policy()

    @property
    def host(self) -> str:
        """The server's host, without brackets."""
        return self.server.rpartition(":")[0].strip("[]")

    @property
    def port(self) -> int:
        """The server's port."""
        return int(self.server.rpartition(":")[2])

    def pinned(self) -> PublicKey:
        """Return the custodian's public key.

        Raises:
            InvalidInputError: none is pinned, or it is no key.
        """
        return parse_key(self.custodian_key, "custodian_key")

    def pins(self) -> tuple[Pin, ...]:
        """Return who holds the custodian's key.

        Raises:
            InvalidInputError: none is pinned, or what is pinned does not fit together.
        """
        return parse_pins(self.custodians, self.pinned())

    def next_pins(self) -> tuple[Pin, ...]:
        """Return who holds the key that follows; nobody if none does.

        Raises:
            InvalidInputError: what is pinned does not fit together, or is the same key.
        """
        if not (self.next_custodian_key or self.next_custodians):
            return ()
        key = parse_key(self.next_custodian_key, _NEXT)
        if not self.custodian_key or key == self.pinned():
            raise InvalidInputError(_NEXT, "must be another than the custodian_key")
        return parse_pins(self.next_custodians, key)

    def changed(self) -> "Profile":
        """Return the profile with the key that follows in the place of the pinned one.

        Raises:
            InvalidInputError: none follows.
        """
        if not self.next_custodian_key:
            raise InvalidInputError(_NEXT, "is not pinned in this context")
        return replace(
            self,
            custodian_key=self.next_custodian_key,
            custodians=self.next_custodians,
            next_custodian_key="",
            next_custodians="",
        )

    def policy(self) -> Policy | None:
        """Return whose word about the access log counts; nothing if none is pinned.

        Raises:
            InvalidInputError: as ``Policy.parse``.
        """
        return Policy.parse(self.log_key, self.witnesses, self.quorum)


@dataclass(frozen=True, slots=True)
class Contexts:
    """Every profile by name, and the one in use.

    Attributes:
        profiles: by name: lower-case letters, digits and hyphens.
        current: the name in use; empty when there is none.
    """

    profiles: Mapping[str, Profile] = field(default_factory=dict)
    current: str = ""

    def profile(self, name: str = "") -> Profile:
        """Return the profile of a name; without a name, the one in use.

        Raises:
            InvalidInputError: there is no such profile, or none is in use.
        """
        found = self.profiles.get(name or self.current)
        if found is None:
            raise InvalidInputError("context", "is not known; see placement context")
        return found

    def add(self, name: str, profile: Profile) -> "Contexts":
        """Return contexts with one more, or another under its name.

        The first becomes the one in use.

        Raises:
            InvalidInputError: the name is not of the form.
        """
        if not _NAME.fullmatch(name):
            raise InvalidInputError("name", "must be lower-case letters, digits and -")
        return Contexts({**self.profiles, name: profile}, self.current or name)

    def use(self, name: str) -> "Contexts":
        """Return the same contexts with another one in use.

        Raises:
            InvalidInputError: there is no such profile.
        """
        self.profile(name)
        return Contexts(self.profiles, name)

    def remove(self, name: str) -> "Contexts":
        """Return contexts without one; if it was in use, none is.

        Raises:
            InvalidInputError: there is no such profile.
        """
        if name not in self.profiles:
            raise InvalidInputError("name", "is no context; see placement context list")
        others = {each: self.profiles[each] for each in self.profiles if each != name}
        return Contexts(others, "" if name == self.current else self.current)


def contexts_path(environ: Mapping[str, str]) -> Path:
    """Return where the file lies: ``$PLACEMENT_CONFIG``, or the user's folder."""
    chosen = environ.get("PLACEMENT_CONFIG")
    if chosen:
        return Path(chosen)
    # Relative ones are to be ignored (XDG Base Directory Specification).
    configured = Path(environ.get("XDG_CONFIG_HOME", ""))
    home = configured if configured.is_absolute() else Path.home() / ".config"
    return home / "placement" / "contexts.toml"


def load(path: Path) -> Contexts:
    """Read the file; one that is not there holds nothing.

    Raises:
        InvalidInputError: others may write to it, or it is not of the form.
    """
    try:
        with path.open("rb") as file:
            mode = os.fstat(file.fileno()).st_mode
            data = tomllib.load(file)
    except FileNotFoundError:
        return Contexts()
    except (OSError, ValueError) as error:
        raise InvalidInputError("contexts", "can't be read as TOML") from error
    # Whoever writes here chooses the server and the custodian.
    if mode & 0o022:
        raise InvalidInputError("contexts", "may be written by others; use mode 0600")
    return _parse(data)


def save(contexts: Contexts, path: Path) -> None:
    """Write the file in the place of the one that is there.

    Raises:
        InvalidInputError: it can't be written.
    """
    try:
        path.parent.mkdir(mode=DIRECTORY_MODE, parents=True, exist_ok=True)
        content = render(contexts).encode()
        write_file(path, content, mode=FILE_MODE, replace=True)
    except (OSError, UnicodeEncodeError) as error:
        raise InvalidInputError("contexts", "can't be written") from error


def render(contexts: Contexts) -> str:
    """Write contexts as TOML, in the order of names."""
    lines = [f"current = {_quoted(contexts.current)}"]
    for name, profile in sorted(contexts.profiles.items()):
        lines += ["", f"[contexts.{name}]"]
        lines += [f"{key} = {_quoted(getattr(profile, key))}" for key in _KEYS]
    return "\n".join(lines) + "\n"


def _quoted(text: str) -> str:
    """Write a TOML basic string: quote, backslash and controls escaped."""
    return '"' + "".join(_ESCAPES.get(c) or _escaped(c) for c in text) + '"'


def _escaped(character: str) -> str:
    control = character < " " or character == "\x7f"
    return f"\\u{ord(character):04x}" if control else character


def _parse(data: Mapping[str, Any]) -> Contexts:
    current, tables = data.get("current", ""), data.get("contexts", {})
    if data.keys() - {"current", "contexts"} or not isinstance(current, str):
        raise InvalidInputError("contexts", "holds an unknown key")
    if not isinstance(tables, dict):
        raise InvalidInputError("contexts", "must be a table")
    contexts = Contexts()
    for name, table in tables.items():
        contexts = contexts.add(name, _profile(table))
    return contexts.use(current) if current else Contexts(contexts.profiles)


def _profile(table: object) -> Profile:
    if not isinstance(table, dict) or not all(
        isinstance(value, str) for value in table.values()
    ):
        raise InvalidInputError("contexts", "must hold tables of texts")
    if (
        table.keys() - set(_KEYS)
        or {"server", "certificate", "key", "ca"} - table.keys()
    ):
        raise InvalidInputError("contexts", "lacks a key or holds an unknown one")
    return Profile(**table)


_KEYS: Final = tuple(each.name for each in fields(Profile))
