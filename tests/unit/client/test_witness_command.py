"""``witness``: its key, its rounds, what it holds, and how it ends."""

import json
import os
import signal
import stat
import subprocess
import sys
from pathlib import Path

import grpc
import pytest
from kit.signed_log import ORIGIN, SignedLog
from kit.wire import RefusalError, refusal
from placement_client.commands import witness as command
from placement_client.witness_key import WitnessKey
from placement_client.witness_state import StateFile

from placement.api.v1 import log_service_pb2 as pb
from placement.audit.note import Kind, parse_key, render_key

NAME = "witness.example/w1"


@pytest.fixture
def log(wire):
    made = SignedLog(7)
    wire.answers |= made.answers()
    return made


@pytest.fixture
def folder(tmp_path):
    """Where the states lie, with the key beside them."""
    made = tmp_path / "states"
    made.mkdir(mode=0o700)
    return made


@pytest.fixture
def pinned(cli, pair, log, folder):
    """A context that pins the log, and a witness's key."""
    cli.become(pair, log_key=render_key(log.public))
    key = folder / "witness.key"
    assert cli("witness", "init", "--name", NAME, "--key", key).exit_code == 0
    return cli


@pytest.fixture
def run(pinned, folder):
    """Run ``witness run`` over the folder."""

    def run(*words, as_json=False):
        words = ("witness", "run", "--state", folder, "--name", NAME, *words)
        return pinned.json(*words) if as_json else pinned(*words)

    return run


# init


def test_init_tells_what_others_pin(cli, tmp_path):
    """A verifier key for cosignatures; the file is private."""
    path = tmp_path / "w.key"
    code, data = cli.json("witness", "init", "--name", NAME, "--key", path)
    found = parse_key(data["verifier_key"])

    assert (code, data["path"]) == (0, str(path))
    assert (found.name, found.kind) == (NAME, Kind.COSIGNATURE)
    assert found.public_key == WitnessKey(path).signing.public_key
    assert stat.S_IMODE(path.stat().st_mode) == 0o600


def test_init_prints_the_key_alone_on_its_line(cli, tmp_path):
    """To be copied."""
    result = cli("witness", "init", "--name", NAME, "--key", tmp_path / "w.key")
    first, second = result.stdout.splitlines()

    assert first == f"Wrote {tmp_path / 'w.key'}; only its owner may read it."
    assert parse_key(second).name == NAME


def test_init_writes_over_nothing(pinned, folder):
    """Nor leaves a key without a name."""
    key = folder / "witness.key"
    again = pinned("witness", "init", "--name", NAME, "--key", key)
    unnamed = pinned("witness", "init", "--name", "a b", "--key", folder / "b")

    assert (again.exit_code, unnamed.exit_code) == (2, 2)
    assert "witness_key (--key) exists already; it is left alone." in again.stderr
    assert "name (--name) must be a word" in unnamed.stderr
    assert not (folder / "b").exists()


# run


def test_one_round_cosigns(run, wire, log):
    """And shows what is held then."""
    code, data = run("--once", as_json=True)
    (sent,) = wire.requests("AddCosignature")

    assert (code, sent.size) == (0, 7)
    assert data.pop("cosigned_at").endswith("00Z")
    assert parse_key(data.pop("verifier_key")).name == NAME
    assert data == {
        "origin": ORIGIN,
        "size": 7,
        "root": log.checkpoint().root.hex(),
        "log_key": render_key(log.public),
    }


def test_a_later_run_needs_no_name(run, pinned, folder, wire, log):
    """The state has it."""
    assert run("--once").exit_code == 0
    log.grow(3)
    result = pinned("witness", "run", "--once", "--state", folder)

    assert result.exit_code == 0
    assert [each.size for each in wire.requests("AddCosignature")] == [7, 10]


def test_the_first_run_needs_one(pinned, folder, wire):
    """A state that is lost is not begun anew by a machine that starts."""
    result = pinned("witness", "run", "--once", "--state", folder)

    assert result.exit_code == 2
    assert "name (--name) is needed for the first contact" in result.stderr
    assert wire.seen == []


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_signal_ends_the_run_between_rounds(run, wire, log, number):
    """The round in which it comes is made to its end; that is no failure."""
    before = signal.getsignal(number)

    def answer(request):
        if len(wire.requests("AddCosignature")) == 3:
            os.kill(os.getpid(), number)
        log.grow()
        return pb.AddCosignatureResponse(cosignatures=1)

    wire.answers["AddCosignature"] = answer
    result = run("--every", "0")
    sizes = [each.size for each in wire.requests("AddCosignature")]

    assert result.exit_code == 0
    assert sizes == [7, 8, 9]
    assert result.stderr == "The witness cosigns.\n"
    assert " 9 " in result.stdout
    assert signal.getsignal(number) is before


def test_a_signal_ends_a_long_pause(run, wire):
    """At once."""

    def answer(_request):
        signal.setitimer(signal.ITIMER_REAL, 0.2)
        return pb.AddCosignatureResponse(cosignatures=1)

    before = signal.signal(signal.SIGALRM, lambda *_: os.kill(os.getpid(), 15))
    wire.answers["AddCosignature"] = answer
    try:
        result = run("--every", "600")
    finally:
        signal.signal(signal.SIGALRM, before)

    assert result.exit_code == 0
    assert len(wire.requests("AddCosignature")) == 1


def test_a_refused_checkpoint_is_exit_code_five(run, wire, log, folder):
    """Sizes, roots and evidence are told, for people and for programs."""
    run("--once")
    wire.answers["GetCheckpoint"] = pb.GetCheckpointResponse(note=log.note(6))
    result = run()
    code, data = run(as_json=True)
    paths = sorted(str(path) for path in folder.glob("evidence-*.note"))

    assert (result.exit_code, code) == (5, 5)
    assert data["error"]["reason"] == "TAMPERED"
    assert result.stderr.splitlines()[1:] == data["error"]["notes"]
    assert result.stderr.splitlines()[1:] == [
        "The witness REFUSES a checkpoint of the log, and stops:",
        "The log became smaller: leaves were taken away.",
        f"held: 7 leaves, root {log.checkpoint(7).root.hex()}",
        f"offered: 6 leaves, root {log.checkpoint(6).root.hex()}",
        f"kept as evidence: {paths[1]}",
        f"kept as evidence: {paths[0]}",
    ]


def test_a_damaged_state_is_exit_code_five(run, folder, wire):
    """And asks nobody anything."""
    run("--once")
    wire.seen.clear()
    path = StateFile.of(folder, ORIGIN).path
    path.write_bytes(path.read_bytes()[:-1])
    result = run("--once")

    assert result.exit_code == 5
    assert "one that forgets could cosign a fork" in result.stderr
    assert wire.seen == []


def test_a_service_that_is_down_fails_a_single_round(run, wire):
    """One that runs on goes on."""
    wire.answers["GetCheckpoint"] = RefusalError(grpc.StatusCode.UNAVAILABLE)
    result = run("--once")

    assert result.exit_code == 1


def test_a_context_must_pin_the_log(cli, pair, tmp_path, wire):
    """Else anybody's checkpoint would do."""
    cli.become(pair, log_key="")
    result = cli("witness", "run", "--once", "--state", tmp_path)

    assert result.exit_code == 2
    assert "The log's key is not pinned in this context." in result.stderr
    assert wire.seen == []


def test_two_witnesses_never_share_a_state(run, folder):
    """The second one ends at once."""
    with StateFile.of(folder, ORIGIN).held():
        result = run("--once")

    assert result.exit_code == 2
    assert "state (--state) is held by another witness." in result.stderr


def test_a_key_whose_state_is_lost_signs_no_second_history(run, folder, wire, log):
    """A fresh folder is refused, before anybody is asked anything."""
    key = folder / "witness.key"
    assert run("--once").exit_code == 0
    wire.seen.clear()
    fresh = folder.with_name("fresh")
    result = run("--once", "--state", fresh, "--key", key)

    assert result.exit_code == 5
    assert "put that folder back, or make a new witness with a new key" in (
        " ".join(result.stderr.split())
    )
    assert wire.seen == []
    assert run("--once").exit_code == 0


def test_two_witnesses_never_share_a_key(run, folder, wire):
    """Though each has a folder of its own."""
    key = folder / "witness.key"
    with WitnessKey(key).held():
        result = run("--once", "--state", folder.with_name("b"), "--key", key)

    assert result.exit_code == 2
    assert "witness_key (--key) is held by another witness." in result.stderr
    assert wire.seen == []


def test_a_service_that_condemns_itself_fails_a_single_round(run, wire, folder):
    """No evidence, and not the exit code of a refusal."""
    wire.answers["GetCheckpoint"] = refusal(grpc.StatusCode.DATA_LOSS, "TAMPERED")
    result = run("--once")

    assert result.exit_code == 1
    assert "ITS OWN DATA DOES NOT VERIFY" in " ".join(result.stderr.split())
    assert list(folder.glob("evidence-*")) == []


def test_the_options_are_explained(cli):
    """With what a first run needs."""
    text = " ".join(cli("witness", "run", "--help").stdout.split())

    for option in ("--once", "--every", "--key", "--name", "--state"):
        assert option in text


@pytest.mark.parametrize(
    ("configured", "expected"),
    [
        ("/var/state", Path("/var/state/placement/witness")),
        ("state", Path.home() / ".local/state/placement/witness"),
        ("", Path.home() / ".local/state/placement/witness"),
    ],
)
def test_states_lie_in_the_users_folder(configured, expected):
    """As the XDG Base Directory Specification says."""
    assert command._folder({"XDG_STATE_HOME": configured}) == expected


def test_a_folder_that_is_not_given_is_the_users(pinned, folder, wire, tmp_path):
    """The key is looked for there as well, unless one is named."""
    home = {"XDG_STATE_HOME": str(tmp_path / "home")}
    key = folder / "witness.key"
    words = ("witness", "run", "--once", "--name", NAME)

    assert pinned(*words, **home).exit_code == 2
    assert pinned(*words, "--key", key, **home).exit_code == 0
    (state,) = (tmp_path / "home/placement/witness").glob("*.json")
    assert stat.S_IMODE(state.parent.stat().st_mode) == 0o700


# show


def test_show_tells_what_is_held(run, pinned, folder, log):
    """Origin, size, root, and since when."""
    run("--once")
    code, data = pinned.json("witness", "show", "--state", folder)
    (held,) = data["logs"]
    result = pinned("witness", "show", "--state", folder)

    assert code == 0
    assert (held["origin"], held["size"]) == (ORIGIN, 7)
    assert data["evidence"] == []
    assert log.checkpoint().root.hex() in result.stdout
    assert "Stockholm time" in result.stdout


def test_show_tells_of_evidence(run, pinned, folder, wire, log):
    """Until somebody has looked into it and moved it away."""
    run("--once")
    wire.answers["GetCheckpoint"] = pb.GetCheckpointResponse(note=log.note(6))
    run("--once")
    result = pinned("witness", "show", "--state", folder)

    assert result.stdout.count("Evidence of a refused checkpoint: ") == 2


def test_show_before_the_first_cosignature(run, pinned, folder, wire):
    """Nothing, then a log of which nothing is cosigned yet."""
    nothing = pinned("witness", "show", "--state", folder)
    wire.answers["GetCheckpoint"] = RefusalError(grpc.StatusCode.UNAVAILABLE)
    run("--once")
    result = pinned("witness", "show", "--state", folder)
    _, data = pinned.json("witness", "show", "--state", folder)

    assert nothing.stdout == "This witness holds nothing yet.\n"
    assert "never yet" in result.stdout
    assert (data["logs"][0]["size"], data["logs"][0]["cosigned_at"]) == (0, None)


def test_show_refuses_what_is_damaged(run, pinned, folder):
    """Nothing of it is shown."""
    run("--once")
    StateFile.of(folder, ORIGIN).path.unlink()
    result = pinned("witness", "show", "--state", folder)

    assert (result.exit_code, result.stdout) == (5, "")
    assert " is gone. Put it back from a copy" in result.stderr


@pytest.mark.slow
def test_a_whole_program_ends_on_sigterm(pinned, folder, wire, log):
    """As a service manager runs it."""
    words = ("witness", "run", "--state", folder, "--name", NAME, "--json")
    with subprocess.Popen(
        [sys.executable, "-m", "placement_client", *words],
        env=os.environ | {"PLACEMENT_CONFIG": str(pinned.path)},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    ) as process:
        assert process.stderr.readline() == "The witness cosigns.\n"
        process.terminate()
        out, err = process.communicate(timeout=20)

    assert (process.returncode, err) == (0, "")
    assert json.loads(out)["size"] == 7
