"""A key that was put into a cipher is nowhere else in the memory of the process."""

import secrets
import subprocess
import sys

import pytest

from placement.crypto.custody import FileCustody
from placement.crypto.keyring import KeyRing, Purpose, new_key
from placement.crypto.sealing import context
from placement.crypto.wiping import wipe
from placement.ops.scan import Trace, in_memory

OWNER = context(bytes(16), 1)
linux = pytest.mark.skipif(
    sys.platform != "linux", reason="NOT RUN: the memory of a process needs Linux"
)

# Makes a ring, and lets go of what its argument says.
CHILD = """
import sys
from pathlib import Path
from placement.crypto import keyring, sealing
from placement.crypto.custody import FileCustody
from placement.crypto.keyring import ROTATING, EpochKey, KeyRing, Purpose, new_key
from placement.crypto.sealing import context

kind, path = sys.argv[1:]
unwiped = []  # else what is freed may be overwritten by chance
if kind == "unwiped":
    keyring.wipe = sealing.wipe = lambda *given: unwiped.extend(given)
custody, owner = FileCustody(Path(path)), context(bytes(16), 1)
keys = [new_key(custody, owner, purpose, 1) for purpose in Purpose]
keys += [new_key(custody, owner, purpose, 2) for purpose in ROTATING]
ring = KeyRing(keys, custody, owner=owner)
sealer = ring.sealer(Purpose.EVENT, 1)
for size in range(200):
    sealer.open(sealer.seal(bytes(size), context=b""), context=b"")
del sealer
old = next(key for key in keys if (key.purpose, key.epoch) == (Purpose.EVENT, 1))
new = next(key for key in keys if (key.purpose, key.epoch) == (Purpose.EVENT, 2))
left = [key for key in keys if kind == "held" or key is not old]
ring.follow(lambda: left)
ring.refresh()
print(old.wrapped.hex(), new.wrapped.hex(), flush=True)
sys.stdin.readline()
"""


def test_bytes_are_overwritten():
    """Where they stand, to their end and no further."""
    secret = secrets.token_bytes(32)
    beside = secrets.token_bytes(32)
    same = secret
    before = bytes(beside)
    wipe(secret)

    assert same == bytes(32)
    assert beside == before


@pytest.mark.parametrize("shared", [b"", b"x"])
def test_what_everybody_shares_is_left_alone(shared):
    """Python has one object of those."""
    wipe(shared)

    assert (b"", bytes([120])) == (b"", b"x")


@linux
@pytest.mark.parametrize(
    ("kind", "found"),
    [("held", True), ("unwiped", True), ("let go", False)],
)
def test_of_a_key_that_was_let_go_nothing_is_left(tmp_path, kind, found):
    """What is in use is found, so that this can fail; and it does without wiping."""
    path = tmp_path / "key"
    custody = FileCustody.create(path)
    keys = [new_key(custody, OWNER, purpose, 1) for purpose in Purpose]
    ring = KeyRing(keys, custody, owner=OWNER)
    with subprocess.Popen(
        [sys.executable, "-c", CHILD, kind, str(path)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    ) as child:
        old, new = map(bytes.fromhex, child.stdout.readline().split())
        traces = []
        for name, epoch, wrapped in (("old", 1, old), ("new", 2, new)):
            key = type(keys[0])(Purpose.EVENT, epoch, wrapped)
            secret, working = ring.traces(key)
            traces.append(Trace.of(f"{name} secret", secret))
            traces.append(Trace.of(f"{name} key", working))
        seen = {each.what for each in in_memory(child.pid, traces)}
        child.communicate("\n", timeout=30)

    assert "new key" in seen
    assert any(each.startswith("old") for each in seen) == found
