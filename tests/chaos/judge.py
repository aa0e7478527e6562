"""What callers saw in a storm, judged when it is over.

Nothing here is true unless it was measured: a list that is empty says so, and is no good.
"""

import json
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from itertools import pairwise
from pathlib import Path
from typing import Any

from tests.linear.run import Tally

CLEAR = "VERDICT_CLEAR"
GRAVE = (" ERROR ", " CRITICAL ", "Exception in ")


@dataclass(slots=True)
class Findings:
    """What was found.

    Attributes:
        histories: of holds, each searched for an order.
        facts: that contradicted an answer.
        before, after: answers to checks that began before one was acknowledged, or after.
        asked: how many of those after, by server.
        clear: answers before, that were CLEAR; without any, a stale one would not show.
        stale: answers after, that were CLEAR.
        answers: of all kinds.
        longest: seconds between two of them, whoever they were for.
        wrong: what else should not be.
    """

    histories: Tally = field(default_factory=Tally)
    facts: int = 0
    before: int = 0
    after: int = 0
    asked: Counter[int] = field(default_factory=Counter)
    clear: int = 0
    stale: int = 0
    answers: int = 0
    longest: float = 0.0
    wrong: list[str] = field(default_factory=list)

    def faults(self, servers: int) -> list[str]:
        """Return what is wrong, or was not measured.

        Args:
            servers: how many there were; each must have been asked after a fact.
        """
        histories = self.histories
        found = list(self.wrong)
        found += [
            f"server {each} was not asked after a fact"
            for each in range(servers)
            if not self.asked[each]
        ]
        if histories.bad or histories.missing:
            found.append(histories.verdict)
        if self.stale:
            found.append(f"{self.stale} stale CLEAR")
        for count, what in (
            (histories.histories, "no histories of holds"),
            (self.after, "no checks after a fact"),
            (self.clear, "no CLEAR before a fact"),
        ):
            if not count:
                found.append(what)
        return found


def judge(folder: Path) -> Findings:
    """Judge what the callers wrote down."""
    found = Findings()
    times: list[float] = []
    for line in _lines(folder / "histories.jsonl"):
        found.histories.judge(json.dumps(line))
        times += [call["ret"] for call in line["calls"] if call["ret"] is not None]
    for line in _lines(folder / "contradictions.jsonl"):
        found.facts += 1
        for check in line["checks"]:
            late = check["began"] > line["acknowledged"]
            clear = check["verdict"] == CLEAR
            found.after += late
            found.asked[check["server"]] += late
            found.before += not late
            found.clear += clear and not late
            found.stale += clear and late
            times.append(check["at"])
    times += [line["at"] for line in _lines(folder / "acknowledged.jsonl")]
    for line in _lines(folder / "failures.jsonl"):
        found.wrong.append(f"a caller gave up: {line['failure']}")
    times.sort()
    found.answers = len(times)
    found.longest = max((late - soon for soon, late in pairwise(times)), default=0.0)
    return found


def incidents(log: str) -> list[str]:
    """Return what servers said that they may never say, each once.

    That the commit of a slice failed is what happens when a database is away.
    """
    lines = [line for line in log.splitlines() if any(word in line for word in GRAVE)]
    said = {max(line.partition(word)[2] for word in GRAVE) for line in lines}
    return sorted(each for each in said if not each.endswith("kind=commit"))


def _lines(file: Path) -> Iterator[dict[str, Any]]:
    if file.exists():
        yield from map(json.loads, file.read_text("utf-8").splitlines())
