"""What the client's tests share: a server that answers from the test, a context."""

import json
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from cryptography import x509
from kit.access_log import AT
from kit.asked import NOON, NORTH, SOUTH, ids
from kit.certs import Pki
from kit.examined import LOG
from kit.exported import export
from kit.terminal import run
from kit.wire import Wire
from placement_client.calls import Patience
from placement_client.commands.verb import Run
from placement_client.labels import LabelKey, create_label_key
from placement_client.profile import Contexts, Profile, save
from placement_client.session import Session

from placement.access import Role
from placement.api.v1 import registry_service_pb2 as registry


@pytest.fixture(scope="session")
def pki(tmp_path_factory):
    pki = Pki(tmp_path_factory.mktemp("pki"))
    pki.server()
    return pki


@pytest.fixture(scope="session")
def pair(pki):
    return pki.client(Role.CASEWORKER, "1480", "cw-01")


@pytest.fixture(scope="module")
def _wire(pki):
    wire = Wire(pki)
    yield wire
    wire.stop()


@pytest.fixture
def wire(_wire):
    _wire.answers.clear()
    _wire.seen.clear()
    return _wire


@pytest.fixture
def profile(pki, pair, wire):
    return Profile(
        server=wire.address,
        certificate=str(pair.certificate_path),
        key=str(pair.key_path),
        ca=str(pki.paths.authority),
        custodian_key=wire.key.public.encode().hex(),
    )


@pytest.fixture(scope="session")
def issuer(tmp_path_factory):
    """Who issued certificates before there was a log."""
    return Pki(tmp_path_factory.mktemp("auditors"))


@pytest.fixture(scope="session")
def auditor(issuer):
    long_ago = datetime.fromtimestamp(AT / 1e6, UTC) - timedelta(days=1)
    return issuer.client(Role.AUDITOR, "imy", "au-01", now=long_ago)


@pytest.fixture(scope="session")
def authorities(issuer):
    return x509.load_pem_x509_certificates(issuer.ca)


@pytest.fixture(scope="session")
def bundle(tmp_path_factory, auditor):
    """Return the bytes of a bundle."""
    path = tmp_path_factory.mktemp("bundle") / "a.placement-audit.zip"
    export(path, LOG, auditor)
    return path.read_bytes()


class Cli:
    """The command line, run under one context."""

    def __init__(self, folder, profile):
        self.path = folder / "config" / "contexts.toml"
        self.label_key = folder / "label.key"
        create_label_key(self.label_key)
        self.profile = replace(profile, label_key=str(self.label_key))
        save(Contexts().add("here", self.profile), self.path)

    def become(self, pair, **changes):
        """Use another certificate from now on, and other values of the context."""
        paths = {"certificate": pair.certificate_path, "key": pair.key_path}
        texts = {name: str(path) for name, path in paths.items()}
        self.profile = replace(self.profile, **texts, **changes)
        save(Contexts().add("here", self.profile), self.path)

    def __call__(self, *words, stdin=None, **env):
        """Run a command line and return its result."""
        env = {"PLACEMENT_CONFIG": str(self.path), **env}
        return run(words, stdin=stdin, **env)

    def add(self, name, *words, **env):
        """Add a context whose server is nowhere."""
        return self(
            *("context", "add", name, "--server", "b.test:1"),
            *("--certificate", "c", "--key", "k", "--ca", "a"),
            *words,
            **env,
        )

    def json(self, *words, stdin=None):
        """Run a command line with ``--json`` and return exit code and object."""
        result = self(*words, "--json", stdin=stdin)
        return result.exit_code, json.loads(result.stdout)


@pytest.fixture
def cli(tmp_path, profile):
    return Cli(tmp_path, profile)


@pytest.fixture
def pauses():
    return []


class Clock:
    """A clock that stands at ``micros``, until somebody sets it; counts who looks."""

    def __init__(self):
        self.micros = NOON
        self.looks = 0

    def __call__(self):
        self.looks += 1
        return self.micros / 1_000_000


@pytest.fixture
def clock():
    return Clock()


@pytest.fixture
def at_noon(monkeypatch, clock):
    """Let every command run by this clock."""
    monkeypatch.setitem(Run.__init__.__kwdefaults__, "clock", clock)


@pytest.fixture
def session(profile, pauses, clock):
    patience = Patience(sleep=pauses.append)
    with Session.open(profile, patience=patience, clock=clock) as session:
        yield session


@pytest.fixture
def groups(cli, wire):
    """Register two groups under the context's label key."""
    key = LabelKey.read(cli.label_key)
    listed = []
    for name, token in (("North Side", NORTH), ("South Side", SOUTH)):
        new = key.new_group(name)
        listed.append(
            registry.RegisteredGroup(
                token=token,
                fingerprint=new.fingerprint,
                sealed_label=new.sealed_label,
            )
        )
    wire.answers["ListGroups"] = registry.ListGroupsResponse(groups=listed)


@pytest.fixture
def recorded(wire):
    """Let facts be recorded; return how to read the only one."""

    def answer(request):
        return registry.RecordFactsResponse(
            revision=5, fact_ids=ids(len(request.facts))
        )

    wire.answers["RecordFacts"] = answer

    def read():
        ((fact,),) = (each.facts for each in wire.requests("RecordFacts"))
        return fact

    return read
