"""A server that is killed at each step of a changeover, and a client in the middle of one."""

import json
import os
import secrets
import signal
import socket
import subprocess
import sys
import time
from contextlib import closing
from datetime import date, timedelta
from pathlib import Path

import pytest
from kit.certs import Pki
from kit.numbers import number
from kit.people import Person
from kit.still import written
from placement_client.labels import create_label_key
from placement_client.profile import Contexts, Profile, save

from placement.config import load
from placement.crypto.custody import FileCustody
from placement.ops.main import main
from placement.service.custodian import Custodian, next_path
from placement.service.fold import load as fold
from placement.store.log import Store

ROOT = Path(__file__).parents[3]
PATIENCE = 60.0  # seconds
MANY = 150
NUMBERS = "".join(f"{number(serial=n)}\n" for n in range(1, MANY + 1))
KILLS = 3
"""Of a client, somewhere in a list."""
SOON = (date.today() + timedelta(days=10)).isoformat()  # noqa: DTZ011 (well after today)
SOURCE = ("--grade", "1A", "--reason", "intelligence")
ENROL = ("changeover", "enrol", "--identifier-stdin")


class Machine:
    """A server as a process of its own, that is killed and started again."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.pki = Pki(folder)
        self.pki.server()
        with closing(socket.socket()) as free:
            free.bind(("127.0.0.1", 0))
            self.port = free.getsockname()[1]
        self.settings = folder / "placement.toml"
        self.settings.write_text(
            f'address = "127.0.0.1:{self.port}"\nruleset = "{written(folder)}"\n'
            f'trust_domain = "placement.test"\npace = 0\ntick = 0\n',
            "utf-8",
        )
        assert main(["init", "--settings", str(self.settings)]) == 0
        self.label_key = folder / "label.key"
        create_label_key(self.label_key)
        self.start()

    def start(self) -> None:
        self.process = subprocess.Popen(
            [sys.executable, "-P", "-c", SERVE, str(self.settings)],
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            text=True,
        )
        assert self.process.stdout is not None
        while "Serving" not in self.process.stdout.readline():
            assert self.process.poll() is None

    def kill(self) -> None:
        """Kill it, without a word, and start it again."""
        self.end()
        self.start()

    def end(self) -> None:
        self.process.kill()
        self.process.wait(PATIENCE)
        assert self.process.stdout is not None
        self.process.stdout.close()

    def become(self, role: str, organisation: str, person: str) -> Person:
        pair = self.pki.client(role, organisation, person)
        home = self.folder / f"{person}-home"
        profile = Profile(
            server=f"localhost:{self.port}",
            certificate=str(pair.certificate_path),
            key=str(pair.key_path),
            ca=str(self.pki.paths.authority),
            custodian_key=self.custodian.public_key.hex(),
            label_key=str(self.label_key),
        )
        save(Contexts().add("here", profile), home / "contexts.toml")
        return Person(home, self.label_key)

    @property
    def custodian(self) -> Custodian:
        return Custodian.open(load(self.settings).custodian_key)

    def operate(self, *words: str) -> int:
        return main([*words, "--settings", str(self.settings)])

    def offered(self) -> int:
        """Return of how many the store has an offer or a pair."""
        given = load(self.settings)
        custody = FileCustody(given.store_key)
        with closing(Store.open(given.database, custody, given.keys)) as store:
            changeover = fold(store)[0].changeover
        return len(changeover.offers) + len(changeover.agreed)


SERVE = (
    "import sys; from placement.ops.main import main; "
    "sys.exit(main(['serve', '--settings', sys.argv[1]]))"
)


@pytest.fixture
def machine(tmp_path, monkeypatch):
    monkeypatch.setenv("PYTHONPATH", f"{ROOT}:{ROOT / 'client'}")
    machine = Machine(tmp_path)
    yield machine
    machine.end()


class Judge:
    """Asks what a place is worth to the first person, after the server was killed."""

    def __init__(self, machine: Machine, coordinator: Person) -> None:
        self._machine, self._coordinator = machine, coordinator
        self.workers = [
            machine.become("caseworker", "1480", f"cw-{n:02}") for n in range(1, 4)
        ]
        self.verdicts: list[str] = []

    def __call__(self) -> None:
        self._machine.kill()
        # Each of them may ask a few times a day.
        worker = self.workers[len(self.verdicts) % len(self.workers)]
        case = worker.opened(1)
        self._coordinator("assess", case, "--none-known")
        answer = worker(
            *("check", "--case", case, "--area", "0680", "--from", SOON),
            *("--justification", "planned"),
            code=4,
        )
        self.verdicts += [each["verdict"] for each in answer["verdicts"]]


def recorded(first, second):
    """Put many on record, the first of whom belongs to a group at war."""
    first("coverage", "attest", "--whole-region")
    first("group", "register", "North", "South")
    for start in range(1, MANY + 1, 50):
        facts = [
            {
                "affiliation": {
                    "person": {"identifier": number(serial=n)},
                    "group": "North",
                    "role": "core",
                },
                "grade": {"scheme": "3x5x2", "given": "1A"},
                "reason": "intelligence",
            }
            for n in range(start, start + 50)
        ]
        first("fact", "record", "--file", "-", stdin=json.dumps({"facts": facts}))
    war = ("rivalry", "--group", "North", "--group", "South", "--severity", "3")
    there = ("presence", "--group", "South", "--area", "0680", "--kind", "base")
    for words in (war, there):
        changes = first("fact", "record", *words, *SOURCE)["change_ids"]
        second("change", "approve", *changes)


def interrupted(person: Person) -> None:
    """Begin to enrol everybody, and kill the client somewhere in between."""
    with subprocess.Popen(
        [sys.executable, "-P", "-m", "placement_client", *ENROL],
        env=os.environ | {"PLACEMENT_CONFIG": str(person.folder / "contexts.toml")},
        stdin=subprocess.PIPE,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        text=True,
    ) as process:
        assert process.stdin is not None
        assert process.stderr is not None
        process.stdin.write(NUMBERS)
        process.stdin.close()
        assert process.stderr.readline() == f"50 of {MANY}\n"
        time.sleep(secrets.randbelow(200) / 1000)
        process.send_signal(signal.SIGKILL)


@pytest.mark.slow
def test_a_changeover_survives_what_is_killed_at_each_of_its_steps(machine):
    """Server and client, before and after everything; nobody is lost at any point."""
    first = machine.become("coordinator", "national", "co-01")
    second = machine.become("coordinator", "national", "co-02")
    recorded(first, second)
    judge = Judge(machine, first)
    everybody = (*judge.workers, first, second)
    judge()

    def step(who, *words, stdin=None):
        answer = who(*words, stdin=stdin)
        judge()
        return answer

    old = machine.custodian
    assert machine.operate("changeover", "next") == 0
    judge()
    made = Custodian.open(next_path(load(machine.settings).custodian_key))
    for each in everybody:
        each("context", "follow", made.public_key.hex())
    step(first, "changeover", "begin", "--yes")
    step(second, "changeover", "begin", "--yes")
    parts = []
    for _ in range(KILLS):
        interrupted(first)
        parts.append(machine.offered())
        judge()
    step(first, *ENROL, "--skip", "50", stdin=NUMBERS)
    step(second, *ENROL, stdin=NUMBERS)
    assert first("changeover", "show")["waiting"] == 0
    step(first, "changeover", "end", "--yes")
    ended = step(second, "changeover", "end", "--yes")
    assert machine.operate("changeover", "retire") == 0
    judge()
    for each in everybody:
        each("context", "settle")
    judge()

    assert set(judge.verdicts) == {"CONFLICT"}
    assert all(50 <= part <= MANY for part in parts)
    assert bytes.fromhex(ended["key_id"]) == machine.custodian.key_id != old.key_id
