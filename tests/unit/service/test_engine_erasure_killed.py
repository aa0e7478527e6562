"""A server that is killed while it erases has erased all, or nothing."""

import signal
import subprocess
import sys
from pathlib import Path

import pytest
from kit.engines import SECONDS, engine_on, key, old_fact

from placement.crypto.custody import FileCustody
from placement.service import fold
from placement.store.log import Store

TESTS = Path(__file__).parents[2]

KILLED = """
import os, signal, sys
from pathlib import Path
sys.path.insert(0, sys.argv[1])
from kit.engines import answer, engine_on
from kit.erasing import approve_erasure, propose_erasure
from kit.world import NOW, token
from placement.crypto.custody import FileCustody
from placement.store.log import Log, Store
from placement.store.keystore import KeyStore
from placement.store.purging import Remains
store = Store.open(sys.argv[2], FileCustody(Path(sys.argv[3])))
engine = engine_on(store, lambda: NOW)
engine.start()
fact = bytes.fromhex(sys.argv[5])  # its own ids: both processes count from one
proposed = propose_erasure(fact, request="killed", change=token("killed"))
(change,) = answer(engine, proposed).reply.ids
def die(*_, **__):
    os.kill(os.getpid(), signal.SIGKILL)
where, name = {
    "before the event": (Log, "append"),
    "before the keys": (KeyStore, "destroy"),
    "behind the keys": (Remains, "remove"),
}[sys.argv[4]]
setattr(where, name, die)
answer(engine, approve_erasure(change, request="killed too"))
"""


@pytest.mark.slow
@pytest.mark.parametrize(
    "when", ["before the event", "before the keys", "behind the keys"]
)
def test_an_erasure_that_is_killed_is_whole_or_not(store, start, url, tmp_path, when):
    """The event decides; the keys follow at the next start."""
    engine = start(store)
    fact = old_fact(engine)
    engine.stop()
    kek, gone = tmp_path / "kek", when != "before the event"
    told = (str(TESTS), url, str(kek), when, fact.hex())
    command = [sys.executable, "-c", KILLED, *told]
    killed = subprocess.run(command, cwd=TESTS.parent, timeout=SECONDS * 3, check=False)
    again = Store.open(url, FileCustody(kek))
    left = key(again, fact) is not None
    next_one = engine_on(again, lambda: 0)
    next_one.start()
    next_one.stop()
    known = fact in fold.load(again)[0].facts
    kept = key(again, fact) is not None
    again.close()

    assert killed.returncode == -signal.SIGKILL
    assert left is (when != "behind the keys")
    assert (known, kept) == (not gone, not gone)
