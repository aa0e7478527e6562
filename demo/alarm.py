"""The second half of the job: somebody is placed, and then the picture changes.

Everything here goes through the command line, as its users would: a caseworker holds a
place and confirms it, both sides watch, and a coordinator records what nobody knew.
"""

import json
import queue
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from placement_client.profile import Contexts, Profile, save

PATIENCE: Final = 15.0
"""Seconds that an alarm may take here before the demonstration fails."""


@dataclass(frozen=True, slots=True)
class Heard:
    """One line of somebody who watches.

    Attributes:
        after: seconds since the change was recorded.
        text: what was printed.
    """

    after: float
    text: str


class People:
    """Everybody's command line.

    Args:
        folder: where their contexts lie.
        profiles: how each reaches the server, by name.
    """

    def __init__(self, folder: Path, profiles: Mapping[str, Profile]) -> None:
        self._folder = folder
        for who, profile in profiles.items():
            save(Contexts().add(who, profile), self._contexts(who))

    def run(self, who: str, *words: str) -> dict[str, Any]:
        """Run a command and return its object.

        Raises:
            SystemExit: it printed none.
        """
        done = subprocess.run(
            [*_COMMAND, *words, "--json"],
            env=self._environment(who),
            capture_output=True,
            check=False,
            timeout=60,
        )
        try:
            found: dict[str, Any] = json.loads(done.stdout)
        except ValueError:
            raise SystemExit(done.stderr.decode()) from None
        return found

    @contextmanager
    def watching(self, who: str) -> Iterator["queue.Queue[Heard]"]:
        """Run ``placement alert watch`` until the block ends; yield what it prints."""
        heard: queue.Queue[Heard] = queue.Queue()
        watcher = subprocess.Popen(
            [*_COMMAND, "alert", "watch"],
            env=self._environment(who),
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
        )

        def listen() -> None:
            if watcher.stdout is not None:
                for line in watcher.stdout:
                    heard.put(Heard(time.monotonic(), line.decode().rstrip()))

        thread = threading.Thread(target=listen, daemon=True)
        thread.start()
        try:
            self._wait_for_stream(who)
            yield heard
        finally:
            watcher.terminate()
            watcher.wait(timeout=10)
            thread.join(timeout=10)

    def _wait_for_stream(self, who: str) -> None:
        """Wait until the service has answered; then a watcher keeps where it stands."""
        kept = self._contexts(who).parent / "alerts"
        until = time.monotonic() + PATIENCE
        while not any(kept.glob("*.json")) and time.monotonic() < until:
            time.sleep(0.05)

    def _contexts(self, who: str) -> Path:
        return self._folder / f"{who}.contexts" / "contexts.toml"

    def _environment(self, who: str) -> dict[str, str]:
        return {"PLACEMENT_CONFIG": str(self._contexts(who)), "COLUMNS": "100"}


def heard_from(lines: "queue.Queue[Heard]", since: float) -> Heard | None:
    """Wait for the first line; ``None`` if none comes in time."""
    try:
        found = lines.get(timeout=PATIENCE)
    except queue.Empty:
        return None
    return Heard(found.after - since, found.text)


def place(people: People, case: bytes, area: str) -> bool:
    """Hold a place and confirm it; tell whether somebody is placed then."""
    asked = ("--case", case.hex(), "--area", area, "--from", "today")
    checked = people.run(
        "caseworker", "check", *asked, "--justification", "planned", "--hold"
    )
    (verdict,) = checked["verdicts"]
    if not verdict["hold_id"]:
        return False
    confirmed = people.run("caseworker", "hold", "confirm", verdict["hold_id"])
    return bool(confirmed["state"] == "ACTIVE")


def alarm(
    people: People, record: Callable[[], None], say: Callable[[str], None]
) -> bool:
    """Have both sides watch while a coordinator records something.

    Args:
        people: everybody's command line.
        record: records it.
        say: prints what was heard.

    Returns:
        Whether both heard an alarm.
    """
    with (
        people.watching("caseworker") as worker,
        people.watching("coordinator") as police,
    ):
        since = time.monotonic()
        record()
        found = heard_from(police, since), heard_from(worker, since)
    for who, one in zip(("coordinator", "caseworker"), found, strict=True):
        if one is None:
            say(f"   The {who} heard nothing.")
        else:
            say(f"   {who}, {one.after:.1f} s later: {one.text}")
    return None not in found


_COMMAND: Final = (sys.executable, "-m", "placement_client")
