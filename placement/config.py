"""Settings: frozen, typed, from one TOML file.

Every path is relative to the file it stands in. A key that is unknown is refused, so
that a typing error can't leave a default in force.
"""

import re
import tomllib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, fields, replace
from difflib import get_close_matches
from pathlib import Path
from types import MappingProxyType
from typing import Any, Final

_PORT: Final = r"\d{1,4}|[1-5]\d{4}|6[0-4]\d{3}|65[0-4]\d\d|655[0-2]\d|6553[0-5]"
_ADDRESS: Final = (rf"(?a)\S+:({_PORT})", "be host:port, the port 0 to 65535")
_FORMS: Final[Mapping[str, tuple[str, str]]] = {
    "address": _ADDRESS,
    "profile": (r"development|production", "be development or production"),
    "custody": (r"file|passphrase|token", "be file, passphrase or token"),
    "unlock": (
        r"prompt|fd:\d{1,4}|credential:[A-Za-z0-9._-]{1,64}",
        "be prompt, fd:N or credential:NAME",
    ),
    "trust_domain": (r"[a-z0-9.-]{1,63}", "be a lower-case domain"),
    "custodian_id": (r"([0-9a-f]{64})?", "be 64 hex digits, lower case"),
    "origin": (r"[^\s+\x00-\x1f\x7f]*", "have neither spaces nor plus"),
    "logs": (r"text|json", "be text or json"),
}
"""What a text must look like, and how that is said."""
_NUMBERS: Final[Mapping[str, tuple[int, int, str]]] = {
    "pace": (0, 1000, "0 to 1000 ms"),  # a call may last ten times that
    "tick": (0, 3600, "0 to 3600 s"),  # a checkpoint may take as long
    "fill": (2, 1024, "a power of two, 2 to 1024"),  # of two checkpoints, at least
    "processes": (1, 64, "1 to 64"),
}
_MAX_BUDGET: Final = 1_000_000
_MAX_PORT: Final = 65_535
_ALL: Final = frozenset({"0.0.0.0", "[::]"})  # noqa: S104 (compared alone)
STEP: Final = 10
"""Ports from a listener of one process to that of the next."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Listener:
    """Where something listens beside the service.

    Attributes:
        on: whether it does.
        address: ``host:port``; port 0 takes a free one.
    """

    on: bool = False
    address: str

    def of(self, number: int) -> "Listener":
        """Return the one of a process, counted from 1: each is ten ports further.

        So there is room between for other listeners' first ports, as the defaults are.
        """
        host, _, port = self.address.rpartition(":")
        if port == "0":
            return self
        return replace(self, address=f"{host}:{int(port) + STEP * (number - 1)}")


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """What a server needs to know.

    Attributes:
        address: where to listen, ``host:port``; port 0 takes a free one.
        database: ``sqlite:///file`` or ``postgresql://…``.
        keys: the same for the key store, which must not be the database; empty for a
            file beside a SQLite database.
        anchor: file in which this server keeps the last head that it saw durable; best
            on another disk than the database.
        officers: verifier keys of those who may, two together, have another database
            served than the newest.
        profile: ``production`` refuses what is fit for development alone.
        custody: who holds the key-encryption key: a plain ``file``, a file under a
            ``passphrase``, or a ``token`` that speaks PKCS#11.
        unlock: where passphrase or PIN come from: ``prompt``, ``fd:N``, or
            ``credential:NAME`` of systemd.
        token_module: the token's PKCS#11 library.
        token: the token's label.
        store_key: file of the key-encryption key of the store; of no use with a token.
        custodian_key: file of the custodian's key, if this server is the custodian.
        custodian_id: id of the key of custodians who stand apart, 64 hex digits; then
            this server holds no such key, and ``custodian_key`` is not read.
        log_key: file of the key that signs checkpoints of the access log.
        origin: name of the log; empty for the trust domain's.
        witnesses: verifier keys of the witnesses whose cosignatures are published.
        certificate: the server's certificate, PEM.
        key: its private key, PEM.
        authority: who may sign clients, PEM.
        revocations: their revocation lists, PEM.
        trust_domain: the domain that callers' certificates name.
        ruleset: what a store is made with; ``None`` for the one in the package.
        past_rulesets: a folder with the rulesets that were in force before, by which
            past decisions are replayed; ``None`` for none.
        reflection: whether the server describes its methods to callers.
        pace: milliseconds from one point to the next of the grid on which answers leave;
            0 for none.
        tick: seconds after which what was written is filled up, so that nobody who
            counts records can tell what happened when; 0 for never.
        fill: how many events, and entries, a tick has at least; a power of two.
        processes: how many share the address, each a whole server; more than one with
            PostgreSQL alone.
        contacts: whom to phone, by police region; a default stands for the rest.
        logs: ``text``, or ``json`` for an object a line.
        metrics: where Prometheus finds metrics, without TLS.
        health: where probes without certificates find health, without TLS.
    """

    address: str = "127.0.0.1:8443"
    database: str = "sqlite:///placement.db"
    keys: str = ""
    anchor: Path = Path("placement.anchor")
    officers: tuple[str, ...] = ()
    profile: str = "development"
    custody: str = "file"
    unlock: str = "prompt"
    token_module: str = ""
    token: str = ""
    store_key: Path = Path("store.key")
    custodian_key: Path = Path("custodian.key")
    custodian_id: str = ""
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
    processes: int = 1
    contacts: Mapping[str, str] = field(default_factory=dict)
    logs: str = "text"
    metrics: Listener = Listener(address="127.0.0.1:8445")
    health: Listener = Listener(address="127.0.0.1:8446")

    @property
    def anchors(self) -> tuple[Path, ...]:
        """The anchor of each process: the first one's, and beside it ``….2`` and so on."""
        name = self.anchor.name
        more = (f"{name}.{number}" for number in range(2, self.processes + 1))
        return (self.anchor, *map(self.anchor.with_name, more))

    @property
    def log_name(self) -> str:
        """The origin of the log."""
        return self.origin or f"{self.trust_domain}/log"


@dataclass(frozen=True, slots=True)
class CustodianSettings:
    """What a custodian who stands apart needs to know.

    Attributes:
        server: as any server; what is a registry's is not used.
        budgets: by role, (per person and hour, per organisation and day), in
            evaluations; for a role without a table there is that of the package.
    """

    server: Settings
    budgets: Mapping[str, tuple[int, int]]


_REGISTRYS: Final = frozenset({"custodian_id", "ruleset", "past_rulesets", "contacts"})
_CUSTODIANS: Final[Mapping[str, Any]] = {
    "address": "127.0.0.1:8444",
    "database": "sqlite:///custodian.db",
    "anchor": Path("custodian.anchor"),
    "metrics": Listener(address="127.0.0.1:8447"),
    "health": Listener(address="127.0.0.1:8448"),
}
"""Where a custodian's defaults are others."""
_BUDGETED: Final = frozenset({"caseworker", "coordinator"})


def load(path: Path) -> Settings:
    """Read a settings file.

    Raises:
        OSError: it can't be read.
        ValueError: it isn't TOML, or a key or value that can't be; or others may write
            it, in production.
    """
    settings = parse(path.read_text("utf-8"), path.parent)
    _require_own(path, settings)
    return settings


def parse(text: str, folder: Path) -> Settings:
    """Read settings.

    Args:
        text: TOML.
        folder: what relative paths start from.

    Raises:
        ValueError: not TOML, or a key or value that can't be.
    """
    return _settings(tomllib.loads(text), folder, {}, text)


def load_custodian(path: Path) -> CustodianSettings:
    """Read a custodian's settings file.

    Raises:
        OSError: it can't be read.
        ValueError: as ``parse_custodian``; or others may write it, in production.
    """
    settings = parse_custodian(path.read_text("utf-8"), path.parent)
    _require_own(path, settings.server)
    return settings


def _require_own(path: Path, settings: Settings) -> None:
    """Refuse settings that somebody else may write: they name officers and custodians."""
    # Whoever may write the folder puts another file in its place.
    places = (path, path.absolute().parent)
    if settings.profile == "production" and any(
        place.stat().st_mode & 0o022 for place in places
    ):
        raise ValueError(
            "may be written by group or others, or its folder may; use mode 0644 and 0755,"
            " or less"
        )


def parse_custodian(text: str, folder: Path) -> CustodianSettings:
    """Read the settings of a custodian who stands apart.

    Args:
        text: TOML.
        folder: what relative paths start from.

    Raises:
        ValueError: not TOML, a key or value that can't be, or a key of a registry.
    """
    given = tomllib.loads(text)
    foreign = _REGISTRYS & set(given)
    if foreign:
        raise ValueError(f"not a custodian's setting: {', '.join(sorted(foreign))}")
    if not given.get("origin"):
        raise ValueError("origin must name the log of this custodian")
    budgets = _budgets(given.pop("budgets", {}))
    return CustodianSettings(_settings(given, folder, _CUSTODIANS, text), budgets)


def _settings(
    given: Mapping[str, object], folder: Path, others: Mapping[str, Any], text: str
) -> Settings:
    """Read settings, of which some have other defaults than a registry's."""
    known = {known.name: known.default for known in fields(Settings)} | dict(others)
    if unknown := sorted(set(given) - set(known)):
        said = ", ".join(_said(name, known, text) for name in unknown)
        raise ValueError(f"unknown setting: {said}")
    values = {
        name: _value(name, default, given.get(name), folder)
        for name, default in known.items()
    }
    settings = Settings(**values)
    for name, (form, words) in _FORMS.items():
        if not re.fullmatch(form, getattr(settings, name)):
            raise ValueError(f"{name} must {words}")
    for name, (least, most, words) in _NUMBERS.items():
        if not least <= getattr(settings, name) <= most:
            raise ValueError(f"{name} must be {words}")
    if settings.fill.bit_count() != 1:
        raise ValueError(f"fill must be {_NUMBERS['fill'][2]}")
    if settings.custody == "token" and not (settings.token and settings.token_module):
        raise ValueError("custody in a token needs token and token_module")
    if settings.processes > 1 and settings.database.startswith("sqlite"):
        raise ValueError("processes must be 1 with SQLite, which has one server")
    if settings.keys == settings.database:
        raise ValueError("keys must be another database")
    _require_ports(settings)
    return settings


def _require_ports(settings: Settings) -> None:
    """Refuse listeners of which two processes, or one, would want the same port."""
    taken = [("address", *settings.address.rpartition(":")[::2])]
    for name in ("metrics", "health"):
        listener = getattr(settings, name)
        for number in range(1, settings.processes + 1) if listener.on else ():
            host, _, port = listener.of(number).address.rpartition(":")
            if int(port) > _MAX_PORT:
                raise ValueError(f"{name}.address has no port for process {number}")
            for other, where, its in taken:
                if port == its != "0" and (where == host or _ALL & {where, host}):
                    raise ValueError(
                        f"{name}.address has port {port} for process {number}, which is"
                        f" that of {other}"
                    )
            taken.append((f"{name}.address for process {number}", host, port))


def _said(name: str, known: Iterable[str], text: str) -> str:
    """Return the name of an unknown setting, where it stands, and what may be meant."""
    form = rf"""^[ \t]*(?:\[+[ \t]*)?["']?{re.escape(name)}["']?[ \t]*[=.\]]"""
    found = re.search(form, text, re.MULTILINE)
    line = [f"line {text.count(chr(10), 0, found.start()) + 1}"] if found else []
    near = [f"is {each} meant?" for each in get_close_matches(name, known, n=1)]
    return f"{name} ({', '.join(line + near)})" if line or near else name


def _value(name: str, default: object, given: object, folder: Path) -> Any:  # noqa: ANN401 (of any setting)
    if isinstance(default, Listener) or name == "contacts":
        return _table(name, default, {} if given is None else given)
    if name in {"database", "keys"}:
        return _database(name, default if given is None else given, folder)
    if name in {"officers", "witnesses"}:
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
    if re.match(r"postgresql(\+\w+)?://", given) or (name == "keys" and not given):
        return given
    # In one form alone, or two servers on one file could call it by two names.
    scheme, _, file = given.partition(":///")
    if scheme != "sqlite" or not file or "?" in file or file.startswith("file:"):
        raise ValueError(f"{name} must be sqlite:///file or postgresql://…")
    return f"sqlite:///{folder.absolute() / file}"


def _texts(name: str, given: object) -> tuple[str, ...]:
    if not isinstance(given, list) or not all(isinstance(each, str) for each in given):
        raise ValueError(f"{name} must be a list of texts")
    return tuple(given)


def _table(name: str, default: object, given: object) -> Listener | Mapping[str, str]:
    if isinstance(default, Listener):
        return _listener(name, default, given)
    return _contacts(given)


def _contacts(given: object) -> Mapping[str, str]:
    if not isinstance(given, dict) or not all(
        isinstance(text, str) for text in given.values()
    ):
        raise ValueError("contacts must be a table of texts")
    return MappingProxyType(dict(given))


def _listener(name: str, default: Listener, given: object) -> Listener:
    if not isinstance(given, dict):
        raise ValueError(f"{name} must be a table of on and address")
    for unknown in sorted(given.keys() - {"on", "address"}):
        raise ValueError(f"{name}.{unknown} is unknown: there are on and address")
    made = replace(default, **given)
    if type(made.on) is not bool:
        raise ValueError(f"{name}.on must be true or false")
    if type(made.address) is not str or not re.fullmatch(_ADDRESS[0], made.address):
        raise ValueError(f"{name}.address must {_ADDRESS[1]}")
    return made


def _budgets(given: object) -> Mapping[str, tuple[int, int]]:
    """Read budgets by role."""
    if not isinstance(given, dict) or given.keys() - _BUDGETED:
        raise ValueError("budgets must be tables of caseworker and coordinator")
    return MappingProxyType({role: _budget(table) for role, table in given.items()})


def _budget(table: object) -> tuple[int, int]:
    names = ("person_hour", "organisation_day")
    if not isinstance(table, dict) or table.keys() != set(names):
        raise ValueError("a budget must have person_hour and organisation_day")
    hour, day = (table[name] for name in names)
    if not all(type(each) is int and 0 < each <= _MAX_BUDGET for each in (hour, day)):
        raise ValueError("a budget must be 1 to 1,000,000")
    return hour, day
