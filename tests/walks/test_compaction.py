"""A log that is compacted while it is served: nobody notices, and old keys are gone."""

import os
import re
import subprocess
import sys
import time
from contextlib import closing
from pathlib import Path

import pytest
from kit.asking import checked
from kit.audited import AREAS, endanger, question
from kit.certs import Pki
from kit.erasing import old_fact, proposed
from kit.town import GROUND, Town, fresh

from placement.api.v1 import audit_service_pb2 as audit
from placement.api.v1 import erasure_service_pb2 as erasures
from placement.crypto.custody import FileCustody
from placement.ops.main import main
from placement.service.fold import load
from placement.store import base, fsck
from placement.store.compaction import compact, retire
from placement.store.log import Store

ROOT = Path(__file__).parents[2]
SECONDS = 30
DESTROY = ("compact", "--destroy", "--without-backup")
linux = pytest.mark.skipif(
    sys.platform != "linux", reason="NOT RUN: the memory of a process needs Linux"
)


def still(*_):
    """Show nothing."""


@pytest.fixture
def town(tmp_path):
    with Town(tmp_path) as town:
        yield town


@pytest.fixture
def operators(town):
    """The store, opened beside the server."""
    settings = town.served.settings
    custody = FileCustody(settings.store_key)
    with closing(Store.open(settings.database, custody, settings.keys)) as store:
        yield store


def replayed(town, answer):
    found = []
    for each in answer.verdicts:
        request = audit.ReplayDecisionRequest(
            decision_id=each.decision_id, ground=GROUND
        )
        *_, last = town.stream(
            "auditor", "ReplayDecision", request, audit.ReplayDecisionResponse
        )
        found.append((last.replay.outcome, last.replay.replayed == each.verdict))
    return found


def test_everything_goes_on(town, operators, monkeypatch):
    """What was decided is decided again, what is erased stays erased, all verifies."""
    monkeypatch.setattr(base, "PART", 2000)
    before = question(town)
    fact = old_fact(town)
    change = proposed(town, fact)
    request = erasures.ApproveErasureRequest(request_id=fresh(), change_id=change)
    town.done("second", "ApproveErasure", request, erasures.ApproveErasureResponse)
    town.settled()
    first = [replayed(town, before)]
    compact(operators, still)
    between = checked(town, "0580")
    gone = retire(operators, still)
    endanger(town, "0580")
    after = checked(town, "0580")
    equal = (audit.REPLAY_OUTCOME_EQUAL, True)

    assert gone == 2
    assert first == [[equal] * 3]
    assert replayed(town, before) == [equal] * 3
    assert replayed(town, between) == replayed(town, after) == [equal]
    assert between.verdicts[0].verdict != after.verdicts[0].verdict
    assert town.settled() == fsck.verify(operators, deeper=True)
    assert fact not in load(operators, anew=True)[0].facts


def test_a_server_starts_again_from_what_is_left(town, operators):
    """And says the same; its anchor and its snapshot hold."""
    before = question(town)
    town.settled()
    compact(operators, still)
    retire(operators, still)
    town.served.stop()
    town.served.start()
    with town.through(town.served.port):
        after = checked(town, *AREAS)
        again = replayed(town, before)

    assert [each.verdict for each in after.verdicts] == [
        each.verdict for each in before.verdicts
    ]
    assert again == [(audit.REPLAY_OUTCOME_EQUAL, True)] * 3


# The keys, in a server that runs


@pytest.fixture
def place(tmp_path):
    """A folder with settings and certificates, and stores of a registry and a custodian."""
    pki = Pki(tmp_path)
    pki.server()
    text = 'address = "127.0.0.1:0"\ntick = 1\n'
    (tmp_path / "placement.toml").write_text(text, "utf-8")
    (tmp_path / "apart").mkdir()
    toml = tmp_path / "apart" / "custodian.toml"
    toml.write_text(f'{text}origin = "police.test/log"\n{pki.settings}', "utf-8")
    assert command(tmp_path, "init") == 0
    assert main(["custodian", "init", "--settings", str(toml)]) == 0
    return tmp_path


def command(place, *argv, kind="registry"):
    if kind == "registry":
        return main([*argv, "--settings", str(place / "placement.toml")])
    toml = str(place / "apart" / "custodian.toml")
    if argv[0] == "fsck":
        return main(["custodian", *argv, "--settings", toml])
    return main([*argv, "--custodian", "--settings", toml])


@pytest.fixture(params=["registry", "custodian"])
def kind(request):
    """Whose log it is."""
    return request.param


@pytest.fixture
def server(place, kind):
    """A server in a process of its own, that wrote something."""
    words = {
        "registry": ["serve", "--settings", place / "placement.toml"],
        "custodian": [
            "custodian",
            "serve",
            "--settings",
            place / "apart/custodian.toml",
        ],
    }[kind]
    with subprocess.Popen(
        [sys.executable, "server.py", *words],
        cwd=ROOT,
        stdout=subprocess.PIPE,
        text=True,
        env=os.environ | {"PYTHONUNBUFFERED": "1"},
    ) as running:
        assert running.stdout.readline().startswith("Serving")
        time.sleep(2)
        yield running
        running.terminate()
        assert running.wait(SECONDS) == 0


@linux
@pytest.mark.slow
def test_a_server_that_runs_has_no_retired_key(place, server, kind, capsys):
    """Three epochs are begun and two are destroyed; neither file nor memory has them."""
    for _ in range(2):
        assert command(place, "rotate", kind=kind) == 0
        time.sleep(2)
    assert command(place, "compact", kind=kind) == 0
    capsys.readouterr()
    words = (*DESTROY, "--server", str(server.pid))
    code = command(place, *words, kind=kind)
    out, err = capsys.readouterr()

    assert (code, err) == (0, "")
    assert re.fullmatch(
        r"Keys of older epochs destroyed: 6\. Scanned \d+ files: none has a trace of them\."
        rf" Nor has the memory of process {server.pid}\.\n",
        out,
    )
    assert command(place, "fsck", kind=kind) == 0


# Lets go of what it should, or keeps it all the same.
KEEPER = """
import sys, threading
from pathlib import Path
from placement.config import load
from placement.crypto.custody import FileCustody
from placement.store.log import Store

settings = load(Path(sys.argv[2]))
store = Store.open(settings.database, FileCustody(settings.store_key))
kept = dict(store.ring._sealers) if sys.argv[1] == "keeps" else None
over = threading.Event()
threading.Thread(target=lambda: (sys.stdin.read(), over.set()), daemon=True).start()
print("open", flush=True)
while not over.wait(0.1):
    if sys.argv[1] != "sleeps":
        store.read_head()
"""


GONE = r"Keys of older epochs destroyed: 2\. "


@linux
@pytest.mark.parametrize(
    ("kind", "said"),
    [
        (
            "keeps",
            GONE
            + r"FOUND in the memory of process \d+: key event 1, key snapshot 1\. .*",
        ),
        (
            "sleeps",
            GONE + r"NOT SCANNED: process \d+ has not taken up the newest keys.*",
        ),
        ("reads", ""),
    ],
)
@pytest.mark.slow
def test_a_process_that_keeps_one_is_found_out(place, capsys, monkeypatch, kind, said):
    """And of one that has not been told yet nothing is said."""
    monkeypatch.setattr("placement.ops.compact.WAIT", 1.0)
    assert command(place, "compact") == 0
    with subprocess.Popen(
        [sys.executable, "-c", KEEPER, kind, str(place / "placement.toml")],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    ) as keeper:
        assert keeper.stdout.readline() == "open\n"
        capsys.readouterr()
        code = command(place, *DESTROY, "--server", str(keeper.pid))
        out, err = capsys.readouterr()
        keeper.communicate("", timeout=SECONDS)

    assert code == bool(said)
    assert re.fullmatch(said, err.strip())
    assert out.startswith("Keys of older epochs destroyed: 2" if not said else "")
