"""The stage on which stories are played: one server, its people, one clock for all."""

import json
import re
import shlex
import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import date, timedelta
from itertools import count
from pathlib import Path
from typing import Any, Self

from placement_client.days import today
from placement_client.labels import create_label_key
from placement_client.profile import Contexts, Profile, save

from kit.certs import Pki
from kit.noon import commands_at, noon, seconds
from kit.numbers import number
from kit.served import Served
from kit.terminal import run
from kit.typed import Line, Passage, lines
from placement.audit.note import render_key
from placement.domain.terms import MICROS_AN_HOUR

CAST = {
    "caseworker": ("caseworker", "1280", "cw-01"),
    "neighbour": ("caseworker", "0580", "cw-02"),
    "first": ("coordinator", "national", "co-01"),
    "second": ("coordinator", "national", "co-02"),
    "syd": ("coordinator", "syd", "co-03"),
    "nord": ("coordinator", "nord", "co-04"),
    "nord-second": ("coordinator", "nord", "co-05"),
    "auditor": ("auditor", "imy", "au-01"),
}
"""Who types: role, organisation, person."""
WORDS = {
    "SOURCE": "--grade 1B --reason intelligence",
    "WEAKLY": "--grade 3D --reason intelligence",
    "GROUPS": " ".join(f"G{number:02}" for number in range(1, 26)),
    "PLANNED": "--from today --justification planned",
    "WHY": '--purpose supervision --matter "DI 2026/17"',
}
"""What a story may write short."""
LONG = timedelta(days=3000)
"""Certificates outlive what a story lets pass."""
_DAY = re.compile(r"\{today(?P<offset>[+-][0-9]+)?\}")
_NAME = re.compile(r"\$([A-Z][A-Z0-9_]*)")
_HELD_BACK = 0.2  # seconds between two looks

Deeds = dict[str, Callable[..., None]]
"""What happens and is not typed: a pattern, and who does it, with the stage first."""


class Stage:
    """``with Stage(folder, pki) as stage: list(stage.play(line))``.

    Args:
        folder: for everybody's files.
        pki: whose certificates the server takes.
        passages: that stories share.
        deeds: what may happen beside them.

    Attributes:
        served: the server.
        clock: the server's, and everybody's.
        kept: what the story calls by a name.
    """

    def __init__(
        self, folder: Path, pki: Pki, *, passages: list[Passage], deeds: Deeds
    ) -> None:
        self.folder = folder
        self.clock = noon()
        self.served = Served(folder, clock=self.clock, pki=pki)
        self.kept = WORDS | {"FOLDER": str(folder)}
        self._passages, self._deeds = passages, deeds
        self._homes: dict[str, Path] = {}
        self._numbers = count(1)
        self._clocks = commands_at(self.clock)

    def __enter__(self) -> Self:
        self._clocks.__enter__()
        self.served.start()
        create_label_key(self.folder / "label.key")
        return self

    def __exit__(self, *_: object) -> None:
        self.served.stop()
        self._clocks.__exit__(None, None, None)

    def _seconds(self) -> float:
        return seconds(self.clock)

    # What happens

    def play(self, line: Line) -> Iterator[tuple[Any, Any]]:
        """Let a line happen; yield what came of each command, and what should have."""
        if line.who:
            yield self._typed(line)
            return
        for passage in self._passages:
            story = passage.story_of(line.what)
            if story is not None:
                for part in lines(story):
                    yield from self.play(part)
                return
        for pattern, deed in self._deeds.items():
            if found := re.fullmatch(pattern, line.what):
                deed(self, *map(self.filled, found.groups()))
                return
        raise ValueError(f"nobody knows how: {line.what}")

    def passes(self, hours: int) -> None:
        """Let time pass, for the server and for everybody."""
        self.clock.ahead += hours * MICROS_AN_HOUR

    @property
    def today(self) -> date:
        """The day it is."""
        return today(self._seconds)

    def filled(self, text: str) -> str:
        """Return a text with its days and names filled in."""

        def day(found: re.Match[str]) -> str:
            return (self.today + timedelta(days=int(found["offset"] or 0))).isoformat()

        known = _NAME.sub(lambda found: self.kept[found[1]], text)
        return _DAY.sub(day, known)

    # What is typed

    def _typed(self, line: Line) -> tuple[Any, Any]:
        """Run a command until its line comes true, if it may take a while."""
        within = [float(each.removesuffix(" s")) for each in line.of("within")]
        end = time.monotonic() + sum(within)
        while True:
            got, should = self._once(line)
            if got == should or time.monotonic() > end:
                break
            time.sleep(_HELD_BACK)
        return got, should

    def _once(self, line: Line) -> tuple[Any, Any]:
        as_json = {"has", "fields", "keeps"} & {verb for verb, _ in line.said}
        words = shlex.split(self.filled(line.what))
        typed = "".join(self._keys(each) + "\n" for each in line.of("types"))
        result = run(
            [*words, *(["--json"] if as_json else [])],
            stdin=typed or None,
            PLACEMENT_CONFIG=str(self._home(line.who) / "contexts.toml"),
        )
        if result.exception and not isinstance(result.exception, SystemExit):
            raise result.exception
        answer = json.loads(result.stdout) if as_json else {}
        codes = [*map(int, line.of("exits")), 0][:1]
        got: list[Any] = [line.what, result.exit_code]
        should: list[Any] = [line.what, *codes]
        if got != should:
            return (*got, result.output), (*should,)
        for verb, rest in line.said:
            found, due = self._held(
                verb, self._meant(verb, rest), answer, result.output
            )
            got.append(found)
            should.append(due)
        return got, should

    def _meant(self, verb: str, rest: str) -> str:
        return rest if verb == "keeps" else self.filled(rest)

    def _held(
        self, verb: str, rest: str, answer: Any, output: str
    ) -> tuple[object, object]:
        """Return what one indented line found, and what it should have."""
        match verb:
            case "shows":
                return (rest if rest in output else output), rest
            case "lacks":
                return [each for each in output.splitlines() if rest in each], []
            case "has":
                path, _, due = rest.partition(" =")
                return (path, _text(_at(answer, path))), (path, due.strip())
            case "fields":
                path, _, due = rest.partition(" =")
                return sorted(_at(answer, path)), sorted(due.split())
            case "keeps":
                path, _, name = rest.partition(" as $")
                self.kept[name] = _text(_at(answer, path))
        return None, None

    def _keys(self, text: str) -> str:
        if text == "nobody's number":
            return number(serial=next(self._numbers))
        return text

    def _home(self, who: str) -> Path:
        """Return where somebody's contexts lie, made when they first type."""
        if who not in self._homes:
            pair = self.served.pki.kept(*CAST[who], lifetime=LONG)
            profile = Profile(
                server=f"localhost:{self.served.port}",
                certificate=str(pair.certificate_path),
                key=str(pair.key_path),
                ca=str(self.served.pki.paths.authority),
                custodian_key=self.served.custodian.public_key.hex(),
                log_key=render_key(self.served.log_key),
            )
            if CAST[who][0] == "coordinator":
                profile = replace(profile, label_key=str(self.folder / "label.key"))
            self._homes[who] = self.folder / f"{who}-home"
            save(Contexts().add("here", profile), self._homes[who] / "contexts.toml")
        return self._homes[who]


def _at(answer: Any, path: str) -> Any:
    """Return what stands at a path of names and places, parted by dots."""
    if path.startswith("#"):
        return len(_at(answer, path[1:]))
    for name in path.split("."):
        if isinstance(answer, list):
            if not name.isdigit() or int(name) >= len(answer):
                return None
            answer = answer[int(name)]
        elif isinstance(answer, dict):
            answer = answer.get(name)
        else:
            return None
    return answer


def _text(value: Any) -> str:
    return value if isinstance(value, str) else json.dumps(value)
