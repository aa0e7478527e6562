"""Settings: frozen, typed, from one TOML file.

Every path is relative to the file it stands in. A key that is unknown is refused, so
that a typing error can't leave a default in force.
"""

import re
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from pathlib import Path
from types import MappingProxyType
from typing import Any, Final

_DOMAIN: Final = re.compile(r"[a-z0-9.-]{1,63}")
_ORIGIN: Final = re.compile(r"[^\s+\x00-\x1f\x7f]*")  # what a signed note can name
_MAX_TICK: Final = 3600  # s; a tick is how long a checkpoint may take
_MIN_FILL: Final = 2  # a tick has two checkpoints, and each signs something
_MAX_FILL: Final = 1024
_MAX_PACE: Final = 1000  # ms; a call may last ten times that


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """What a server needs to know.

    Attributes:
        address: where to listen, ``host:port``; port 0 takes a free one.
        database: ``sqlite:///file`` or ``postgresql://…``.
        keys: the same for the key store, which must not be the database; empty for a
            file beside a SQLite database.
        store_key: file of the key-encryption key of the store.
        custodian_key: file of the custodian's key.
        log_key: file of the key that signs checkpoints of the access log.
        origin: name of the log; empty for the trust domain's.
        witnesses: verifier keys of the witnesses whose cosignatures are published.
        certificate: the server's certificate, PEM.
        key: its private key, PEM.
        authority: who may sign clients, PEM.
        revocations: their revocation lists, PEM.
        trust_domain: the domain that callers' certificates name.
        ruleset: a ruleset file; ``None`` for the one that comes with the package.
        past_rulesets: a folder with the rulesets that were in force before, by which
            past decisions are replayed; ``None`` for none.
        reflection: whether the server describes its methods to callers.
        pace: milliseconds from one point to the next of the grid on which answers leave;
            0 for none.
        tick: seconds after which what was written is filled up, so that nobody who
            counts records can tell what happened when; 0 for never.
        fill: how many events, and entries, a tick has at least; a power of two.
        contacts: whom to phone, by police region; a default stands for the rest.
    """

    address: str = "127.0.0.1:8443"
    database: str = "sqlite:///placement.db"
    keys: str = ""
    store_key: Path = Path("store.key")
    custodian_key: Path = Path("custodian.key")
    log_key: Path = Path("log.key")
    origin: str = ""
    witnesses: tuple[str, ...] = ()
    certificate: Path = Path("pki/server.pem")
    key: Path = Path("pki/server.key")
    authority: Path = Path("pki/ca.pem")
    revocations: Path = Path("pki/crl.pem")
    trust_domain: str = "placement.internal"
    ruleset: Path | None = None
    past_rulesets: Path | None = None
    reflection: bool = False
    pace: int = 25
    tick: int = 60
    fill: int = 4
    contacts: Mapping[str, str] = field(default_factory=dict)

    @property
    def log_name(self) -> str:
        """The origin of the log."""
        return self.origin or f"{self.trust_domain}/log"


def load(path: Path) -> Settings:
    """Read a settings file.

    Raises:
        OSError: it can't be read.
        ValueError: it isn't TOML, or a key or value that can't be.
    """
    return parse(path.read_text("utf-8"), path.parent)


def parse(text: str, folder: Path) -> Settings:
    """Read settings.

    Args:
        text: TOML.
        folder: what relative paths start from.

    Raises:
        ValueError: not TOML, or a key or value that can't be.
    """
    given = tomllib.loads(text)
    known = {known.name: known.default for known in fields(Settings)}
    unknown = set(given) - set(known)
    if unknown:
        raise ValueError(f"unknown setting: {', '.join(sorted(unknown))}")
    values = {
        name: _value(name, default, given.get(name), folder)
        for name, default in known.items()
    }
    settings = Settings(**values)
    if not _DOMAIN.fullmatch(settings.trust_domain):
        raise ValueError("trust_domain must be a lower-case domain")
    if settings.keys == settings.database:
        raise ValueError("keys must be another database")
    if not 0 <= settings.pace <= _MAX_PACE:
        raise ValueError("pace must be 0 to 1000 ms")
    if not 0 <= settings.tick <= _MAX_TICK:
        raise ValueError("tick must be 0 to 3600 s")
    if not (_MIN_FILL <= settings.fill <= _MAX_FILL and settings.fill.bit_count() == 1):
        raise ValueError("fill must be a power of two, 2 to 1024")
    if not _ORIGIN.fullmatch(settings.origin):
        raise ValueError("origin must have neither spaces nor plus")
    return settings


def _value(name: str, default: object, given: object, folder: Path) -> Any:  # noqa: ANN401 (of any setting)
    if name == "contacts":
        return _contacts({} if given is None else given)
    if name in {"database", "keys"}:
        return _database(name, default if given is None else given, folder)
    if name == "witnesses":
        return _texts(name, [] if given is None else given)
    if isinstance(default, Path) or name in {"ruleset", "past_rulesets"}:
        path = default if given is None else given
        if path is None:
            return None
        if not isinstance(path, str | Path):
            raise ValueError(f"{name} must be a path")
        return folder / path
    value = default if given is None else given
    if type(value) is not type(default):
        raise ValueError(f"{name} must be a {type(default).__name__}")
    return value


def _database(name: str, given: object, folder: Path) -> str:
    """Return the URL; a relative SQLite file is the folder's."""
    if not isinstance(given, str):
        raise ValueError(f"{name} must be a URL")
    scheme, separator, file = given.partition(":///")
    if scheme == "sqlite" and separator:
        return f"sqlite:///{folder.absolute() / file}"
    return given


def _texts(name: str, given: object) -> tuple[str, ...]:
    if not isinstance(given, list) or not all(isinstance(each, str) for each in given):
        raise ValueError(f"{name} must be a list of texts")
    return tuple(given)


def _contacts(given: object) -> Mapping[str, str]:
    if not isinstance(given, dict) or not all(
        isinstance(text, str) for text in given.values()
    ):
        raise ValueError("contacts must be a table of texts")
    return MappingProxyType(dict(given))
