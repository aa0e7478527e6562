"""What the process is closed to, tried on a process of its own."""

import json
import os
import resource
import subprocess
import sys
from pathlib import Path

import pytest

from placement.ops import hardening
from placement.ops.hardening import Hardening, harden

ROOT = Path(__file__).parents[3]
SCRIPT = """
import json, os, resource, sys
from dataclasses import asdict
from pathlib import Path
from placement.ops.hardening import harden
resource.setrlimit(resource.RLIMIT_CORE, (1 << 20, 1 << 20))
found = asdict(harden())
Path(sys.argv[1]).touch()
locked = next(line for line in open('/proc/self/status') if line.startswith('VmLck'))
print(json.dumps(found | {
    'limit': resource.getrlimit(resource.RLIMIT_CORE),
    'mode': Path(sys.argv[1]).stat().st_mode & 0o777,
    'pages': int(locked.split()[1]),
    'reader': os.stat('/proc/self/environ').st_uid,
}))
"""


def test_a_process_is_closed(tmp_path):
    """No core, no reader, files of its own; and locked only if it says so."""
    command = [sys.executable, "-c", SCRIPT, str(tmp_path / "made")]
    done = subprocess.run(
        command, check=True, capture_output=True, cwd=ROOT, timeout=60
    )
    found = json.loads(done.stdout)

    assert (found["cores"], found["limit"]) == (0, [0, 0])
    assert found["undumpable"]
    assert found["mode"] == 0o600
    assert found["reader"] == 0
    assert found["locked"] == (found["pages"] > 0)


class Libc:
    """A machine that refuses."""

    def __init__(self, *, dumpable=0, mlockall=0):
        self.dumpable = dumpable
        self.locks = mlockall
        self.asked = 0

    def prctl(self, option, *_):
        return self.dumpable if option == 3 else 0

    def mlockall(self, flags):
        self.asked = flags
        return self.locks


@pytest.fixture
def still(monkeypatch):
    """Leave this process as it is; return the limit on locked memory."""
    limits = {resource.RLIMIT_CORE: 0, resource.RLIMIT_MEMLOCK: resource.RLIM_INFINITY}
    monkeypatch.setattr(os, "umask", lambda _: 0)
    monkeypatch.setattr(os, "geteuid", lambda: 1000)
    monkeypatch.setattr(
        hardening.resource,
        "setrlimit",
        lambda kind, pair: limits.update({kind: pair[0]}),
    )
    monkeypatch.setattr(
        hardening.resource, "getrlimit", lambda kind: (limits[kind], limits[kind])
    )
    return limits


def test_all_that_a_machine_allows(still):
    """Pages that come later are locked as they come."""
    libc = Libc()

    assert harden(libc) == Hardening(undumpable=True, cores=0, locked=True, user=1000)
    assert libc.asked == 1 | 2 | 4
    assert harden(libc).whole


def test_what_a_machine_refuses_is_told(still):
    """Memory that may not be locked, and dumps that stay."""
    assert not harden(Libc(mlockall=-1)).locked
    assert not harden(Libc(dumpable=1)).undumpable
    assert not harden(Libc(mlockall=-1)).whole


def test_memory_is_not_locked_under_a_limit(still):
    """A later allocation would fail, in the middle of a call."""
    still[resource.RLIMIT_MEMLOCK] = 1 << 26
    libc = Libc()

    assert not harden(libc).locked
    assert libc.asked == 0
