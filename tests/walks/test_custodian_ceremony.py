"""From one machine to three, as it is typed: the key in use is split and destroyed."""

import os
import re
import signal
import subprocess
import sys
from contextlib import ExitStack, closing, contextmanager
from pathlib import Path

import pytest
from kit.numbers import number
from kit.terminal import run as typed
from placement_client.profile import Contexts, Profile, save

from placement.config import load
from placement.crypto.custody import FileCustody
from placement.ops.main import main
from placement.service import fold
from placement.store.log import Store

ROOT = Path(__file__).parents[2]
KEY = "(0[23][0-9a-f]{64})"
DOMAIN = "ceremony.placement"
SECONDS = 30


class Machines:
    """Three folders: the registry's, and one of each custodian."""

    def __init__(self, folder, capsys):
        self.folder, self._capsys = folder, capsys
        self.ports = {}

    def __call__(self, *words):
        """Type a command of the operator's; return what it said."""
        code = main(list(map(str, words)))
        out, err = self._capsys.readouterr()

        assert (code, err) == (0, "")
        return out

    def settings(self, name, file, **values):
        (self.folder / name).mkdir(exist_ok=True)
        given = {"address": "127.0.0.1:0", "trust_domain": DOMAIN} | values
        text = "".join(f'{key} = "{value}"\n' for key, value in given.items())
        (self.folder / name / file).write_text(text + "pace = 0\ntick = 0\n", "utf-8")

    @contextmanager
    def serving(self, name, file, *words):
        """Run a server as a process of its own, until the block ends."""
        command = [sys.executable, "-W", "error", "server.py", *words, "--settings"]
        with subprocess.Popen(
            [*command, self.folder / name / file],
            cwd=ROOT,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            text=True,
            env=os.environ | {"PYTHONUNBUFFERED": "1"},
        ) as process:
            said = re.fullmatch(
                r"Serving on port ([0-9]+)\.\n", process.stdout.readline()
            )
            self.ports[name] = said[1]
            yield process
            process.send_signal(signal.SIGTERM)
            process.wait(SECONDS)

    def case(self, pinned, *, reference, **profile):
        """Open a case of one person at the command line: exit code, what was said."""
        pki = self.folder / "registry" / "pki"
        save(
            Contexts().add(
                "here",
                Profile(
                    server=f"localhost:{self.ports['registry']}",
                    certificate=str(pki / "cw-01.pem"),
                    key=str(pki / "cw-01.key"),
                    ca=str(pki / "ca.pem"),
                    custodian_key=pinned,
                    **profile,
                ),
            ),
            self.folder / "contexts.toml",
        )
        result = typed(
            [
                *("case", "open", "--reference", reference, "--basis", "police"),
                "--identifier-stdin",
            ],
            stdin=number(),
            PLACEMENT_CONFIG=str(self.folder / "contexts.toml"),
        )
        return result.exit_code, result.output


def members(registry):
    """Return whose the registry's cases are, as its log says when it is stopped."""
    settings = load(registry / "placement.toml")
    custody = FileCustody(settings.store_key)
    with closing(Store.open(settings.database, custody, settings.keys)) as store:
        state, _ = fold.load(store)
    return [case.members for case in state.cases.values()]


@pytest.fixture
def machines(tmp_path, capsys):
    """A registry that is its own custodian, and who shall call."""
    machines = Machines(tmp_path, capsys)
    machines.settings("registry", "placement.toml")
    place = ["--dir", tmp_path / "registry" / "pki"]
    machines("pki", "init", *place)
    machines("pki", "issue-server", *place, "--host", "localhost")
    whom = ("caseworker", "1280", "cw-01")
    names = ("--role", "--organisation", "--person")
    words = [word for pair in zip(names, whom, strict=True) for word in pair]
    machines("pki", "issue-client", *place, "--trust-domain", DOMAIN, *words)
    return machines


@pytest.mark.slow
def test_a_key_in_use_is_split_and_everybody_keeps_their_pseudonym(machines):
    """The person of a case from before is the person of one from after."""
    folder = machines.folder
    toml = folder / "registry" / "placement.toml"
    (whole,) = re.findall(f"{KEY}\n", machines("init", "--settings", toml))
    # 1. Before: the registry evaluates by itself.
    with machines.serving("registry", "placement.toml", "serve"):
        before = machines.case(whole, reference="SN 1")
    # 2. The ceremony: each side takes its share, and makes a log of its own.
    split = machines(
        *("custodian", "split", folder / "registry" / "custodian.key"),
        *(folder / "police.key", folder / "municipal.key"),
    )
    told, *shares = re.findall(f"{KEY}\n", split)
    tls = folder / "registry" / "pki"
    for name in ("police", "municipal"):
        machines.settings(
            *(name, "custodian.toml"),
            origin=f"{name}.test/log",
            custodian_key=folder / f"{name}.key",
            certificate=tls / "server.pem",
            key=tls / "server.key",
            authority=tls / "ca.pem",
            revocations=tls / "crl.pem",
        )
        adopted = folder / name / "custodian.toml"
        machines("custodian", "init", "--adopt", "--settings", adopted)
    # 3. The registry is told whose key it is, and holds none.
    combined = machines("custodian", "combine", *shares)
    (key_id,) = re.findall('custodian_id = "([0-9a-f]{64})"', combined)
    machines.settings("registry", "placement.toml", custodian_id=key_id)
    with ExitStack() as stack:
        for name in ("police", "municipal"):
            words = ("custodian.toml", "custodian", "serve")
            running = stack.enter_context(machines.serving(name, *words))
        stack.enter_context(machines.serving("registry", "placement.toml", "serve"))
        pins = " ".join(
            f"localhost:{machines.ports[name]}={share}"
            for name, share in zip(("police", "municipal"), shares, strict=True)
        )
        old = machines.case(whole, reference="SN 1")
        after = machines.case(whole, reference="SN 1", custodians=pins)
        # 4. One of the two is killed: nobody is named any more.
        running.kill()
        away = machines.case(whole, reference="SN 2", custodians=pins)

    assert told == whole
    assert not (folder / "registry" / "custodian.key").exists()
    assert before[0] == 0
    assert old[0] != 0  # a context of before names nobody
    assert after[0] == 0
    assert away[0] != 0
    assert "A custodian does not answer" in away[1]
    assert len(members(folder / "registry")) == 2
    assert len(set(members(folder / "registry"))) == 1
    for name, count in (("police", 2), ("municipal", 1)):
        said = machines(
            "custodian", "fsck", "--settings", folder / name / "custodian.toml"
        )
        assert f" {count} entries" in said
