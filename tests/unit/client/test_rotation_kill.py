"""A client that is killed while it replaces the label key loses no name."""

import os
import secrets
import signal
import subprocess
import sys
import time
from contextlib import closing, suppress
from pathlib import Path
from random import SystemRandom

import pytest
from kit import nursery
from kit.keyholders import NAMES, coordinators, files, names

from placement.crypto.custody import FileCustody
from placement.service.fold import load
from placement.store.log import Store

MANY = tuple(f"Group {number:03}" for number in range(300))
ALL = sorted((*NAMES, *MANY))
KILLS = 120  # at most; a quick machine has few of its moments in between
HALVES = 3  # of them have to come while some names are sealed anew, and some are not
DRAW = SystemRandom()


@pytest.fixture
def here(tmp_path):
    """Two coordinators who hold the label key of many names."""
    with coordinators(tmp_path) as here:
        here.admitted(here.second, "syd/co-02")
        for start in range(0, len(MANY), 100):
            here.first("group", "register", "--new", *MANY[start : start + 100])
        yield here


@pytest.fixture
def rotating(here, tmp_path):
    """Return a process that begins the command for each line that it is sent."""
    config = here.first.folder / "contexts.toml"
    with (
        (tmp_path / "stderr").open("wb") as stderr,
        subprocess.Popen(
            # Its own folder has names that hide the library's.
            [sys.executable, "-P", nursery.__file__, "label-key", "rotate"],
            env=os.environ | {"PLACEMENT_CONFIG": str(config)},
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=stderr,
            text=True,
        ) as process,
    ):
        yield process
        process.stdin.close()


def begun(process):
    """Begin the command; return the process id of whoever runs it."""
    process.stdin.write("\n")
    process.stdin.flush()
    return int(process.stdout.readline())


def ended(process):
    """Wait for its end; return how it ended."""
    return int(process.stdout.readline())


def renewed(folder: Path) -> int:
    """Return how many names are sealed under the next key, as the store says."""
    where = f"sqlite:///{folder}/placement.db"
    with closing(Store.open(where, FileCustody(folder / "store.key"))) as store:
        return len(load(store)[0].names.renewed)


def drawn(here, process):
    """Begin the command, and wait until the next key is drawn; return whose id it has."""
    path = files(here.first).path
    child, deadline = begun(process), time.monotonic() + 60
    while not path.with_name(f"{path.name}.next").exists():
        assert time.monotonic() < deadline
        time.sleep(0.002)
    return child


def killed(child, process, longest):
    """Kill the command at some moment; tell whether it came to its end before."""
    time.sleep(DRAW.uniform(0, longest))
    with suppress(ProcessLookupError):  # it did
        os.kill(child, signal.SIGKILL)
    return ended(process) == 0


@pytest.mark.slow
def test_a_rotation_that_is_killed_is_gone_on_with(here, rotating, tmp_path):
    """At any moment all names open; the same command goes on; no double is let in."""
    before = here.first("label-key", "show")["key_id"]
    drawn(here, rotating)
    began = time.monotonic()
    assert ended(rotating) == 0
    took = time.monotonic() - began
    here.second("label-key", "finish", "--give-up")
    halves = kills = 0
    while halves < HALVES and kills < KILLS:
        kills += 1
        done = killed(drawn(here, rotating), rotating, took)
        count = renewed(tmp_path)
        halves += 0 < count < len(ALL)
        # The machine may be quicker by now, or slower.
        took *= 0.8 if done or count == len(ALL) else 1.25 if count == 0 else 1
        assert names(here.second) == ALL
        if done or count == len(ALL):
            here.second("label-key", "finish", "--give-up")
    begun(rotating)
    assert ended(rotating) == 0
    again = secrets.choice(ALL).upper()
    double = here.second("group", "register", "--new", again, code=1)
    here.second("label-key", "fetch")
    done = here.second("label-key", "finish")
    here.first("label-key", "fetch")

    assert halves == HALVES
    assert double["error"]["reason"] == "CONTRADICTION"
    assert done["verified"] == len(ALL)
    assert here.first("label-key", "show")["key_id"] != before
    assert names(here.first) == names(here.second) == ALL
