"""A witness that is killed at any moment forgets nothing that it said."""

import os
import signal
import subprocess
import sys
import threading
import time
from itertools import pairwise
from random import SystemRandom

import pytest
from kit import nursery
from kit.signed_log import ORIGIN, SignedLog
from placement_client.commands.witness import create_key
from placement_client.witness_state import StateFile

from placement.api.v1 import log_service_pb2 as pb
from placement.audit import checkpoint, note
from placement.audit.note import Verifier, render_key
from placement.crypto.signing import verify

NAME = "witness.example/w1"
KILLS = 36
EARLY = 6  # of them at any moment after the start, the others once it makes rounds
LONGEST = 0.05  # seconds until a kill; a few rounds
DRAW = SystemRandom()
FLIGHT = 0.02  # seconds that a call may be on its way when its caller is killed


@pytest.fixture
def log(wire):
    """A log that grows, or stands, between any two rounds."""
    made, lock = SignedLog(1), threading.Lock()
    honest = made.answers()

    def answer(_request):
        with lock:
            made.grow(DRAW.randrange(4))
            return pb.GetCheckpointResponse(note=made.note())

    wire.answers |= honest | {"GetCheckpoint": answer}
    return made


@pytest.fixture
def folder(tmp_path):
    return tmp_path / "states"


@pytest.fixture
def context(cli, pair, log):
    """Where the context lies; it pins the log."""
    cli.become(pair, log_key=render_key(log.public))
    return cli.path


@pytest.fixture
def kill(context, wire, folder, tmp_path):
    """Return what lets a witness live for a moment; it returns how that ended."""
    key = tmp_path / "witness.key"
    create_key(key, NAME)
    words = ("witness", "run", "--every", "0", "--name", NAME)
    with (
        (tmp_path / "stderr").open("wb") as stderr,
        subprocess.Popen(
            [
                # Its own folder has names that hide the library's.
                *(sys.executable, "-P", nursery.__file__, *words),
                *("--state", str(folder), "--key", str(key)),
            ],
            env=os.environ | {"PLACEMENT_CONFIG": str(context)},
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=stderr,
            text=True,
        ) as process,
    ):

        def kill(*, early):
            before = len(wire.seen)
            process.stdin.write("\n")
            process.stdin.flush()
            child = int(process.stdout.readline())
            deadline = time.monotonic() + 20
            while not early and len(wire.seen) == before:
                assert time.monotonic() < deadline
                time.sleep(0.001)
            time.sleep(DRAW.uniform(0, LONGEST))
            os.kill(child, signal.SIGKILL)
            return int(process.stdout.readline())

        yield kill
        process.stdin.close()


def cosigned(content, witness):
    """Return size and time of what a witness cosigned."""
    found = note.parse(content)
    line = note.verified(found, [Verifier(witness, verify)])[0]
    return checkpoint.parse(found.text).size, note.cosigned_at(line)


@pytest.mark.slow
def test_a_witness_that_is_killed_forgets_nothing(kill, wire, folder, tmp_path):
    """At each of many moments: the state is whole, no older, and as new as its word.

    The mark beside the key is there before the first cosignature, and after the state.
    """
    mark = tmp_path / "witness.key.begun"
    file = StateFile.of(folder, ORIGIN)
    before, held = (0, 0), []
    for number in range(KILLS):
        assert kill(early=number < EARLY) == -signal.SIGKILL
        time.sleep(FLIGHT)
        state = file.read()
        assert mark.exists() or wire.requests("AddCosignature") == []
        assert not mark.exists() or state.note
        if state is None:
            assert wire.requests("AddCosignature") == []
            continue
        now = (state.seen.checkpoint().size, state.cosigned_at)
        said = [
            cosigned(each.note, state.witness)
            for each in wire.requests("AddCosignature")[-3:]
        ]
        held.append(now)

        assert now >= before
        assert all(size <= now[0] and at <= now[1] for size, at in said)
        before = now
    sizes = [each.size for each in wire.requests("AddCosignature")]

    assert len(set(held)) > KILLS // 4
    assert len(sizes) > KILLS // 2
    assert all(old <= new for old, new in pairwise(sizes))
    assert sorted(path.suffix for path in folder.glob("[!.]*")) == [".json", ".lock"]
