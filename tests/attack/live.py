"""``make attack-live``: a live server's answers over mutual TLS, held against the table.

Groups at war, cases of each, some of them placed: all of it recorded over the wire, by
two coordinators where it needs two. Then each group's case asks about cities, towns and
other areas, and every answer must be what the table says, with the phantoms that the
server's own key draws.
"""

import argparse
import sys
import tempfile
from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path
from types import SimpleNamespace
from typing import Any, Final

from kit.drawn import SHIPPED
from kit.grouping import registered
from kit.placing import belongs, cover, placed, record
from kit.town import Town

from placement.api.v1 import check_service_pb2 as check
from placement.api.v1 import types_pb2 as wire
from placement.app import micros
from placement.domain.terms import Micros, Verdict
from placement.service.phantoms import Haunting
from tests.attack.table import Here, Table, phantoms_here

GROUPS: Final = 10
RESIDENTS: Final = ("2480", "1880", "0114")
"""Where somebody of the first groups is really placed."""
AT_ONCE: Final = 3  # places in a question
_WAR: Final = 3  # severity
_MANY: Final = 1_000_000


@dataclass(slots=True)
class Live:
    """What came of asking.

    Attributes:
        answers: by verdict.
        differ: answers that are not what the table says.
        milder: answers that are milder than what is real.
        haunted: answers that are worse for a phantom.
    """

    answers: Counter[str] = field(default_factory=Counter)
    differ: int = 0
    milder: int = 0
    haunted: int = 0

    @property
    def holds(self) -> bool:
        """Whether all was as it should be, and phantoms acted."""
        return not self.differ and not self.milder and self.haunted > 0


def roomy(folder: Path) -> Path:
    """Write the package's ruleset, phantoms and all, with budgets nobody spends."""
    text = SHIPPED.content
    for line in ("areas = 6\n", "areas = 30\n", "areas = 10\n"):
        text = text.replace(line, f"areas = {_MANY}\n")
    path = folder / "roomy.toml"
    path.write_text(text, "utf-8")
    return path


def asked_areas() -> list[str]:
    """Return the areas that are asked about."""
    chances = SHIPPED.phantoms
    return [*dict.fromkeys([*chances.cities, *RESIDENTS, *chances.towns[:6]])]


def prepare(town: Town) -> tuple[list[bytes], list[frozenset[int]], list[bytes]]:
    """Put a small nation on record; return groups, rivals by number, and cases."""
    cover(town)
    tokens = [registered(town) for _ in range(GROUPS)]
    rivals: list[set[int]] = [set() for _ in tokens]
    for number in range(GROUPS):
        other = (number + 1) % GROUPS
        rivalry = wire.Rivalry(
            group_a=tokens[number], group_b=tokens[other], severity=_WAR
        )
        record(town, town.fact_of(rivalry=rivalry))
        rivals[number].add(other)
        rivals[other].add(number)
    cases = []
    for group in tokens:
        case = town.opened("worker")
        belongs(town, case, group)
        cases.append(case)
    return tokens, [frozenset(each) for each in rivals], cases


def ask(town: Town, case: bytes, areas: list[str]) -> list[str]:
    """Ask about areas, some at once; return the verdicts' names."""
    found: list[str] = []
    for start in range(0, len(areas), AT_ONCE):
        request = town.question(*areas[start : start + AT_ONCE], case_handle=case)
        answer: Any = town.done(
            "worker", "CheckPlacement", request, check.CheckPlacementResponse
        )
        found += [
            wire.Verdict.Name(each.verdict).removeprefix("VERDICT_")
            for each in answer.verdicts
        ]
    return found


def play(folder: Path) -> Live:
    """Serve, prepare, ask, and hold every answer against the table."""
    with Town(folder, ruleset=roomy(folder)) as town:
        tokens, rivals, cases = prepare(town)
        areas = asked_areas()
        firm = [0] * GROUPS
        for group, area in enumerate(RESIDENTS):
            case = town.opened("neighbour")
            placed(town, case, area, who="neighbour")
            belongs(town, case, tokens[group])
            firm[group] |= 1 << areas.index(area)
        real = Here(firm, [0] * GROUPS)
        told = [ask(town, case, areas) for case in cases]
        now = Micros(micros())
        ruleset = town.served.app.engine.ruleset
        drawn = Haunting(town.store.ring.stream).of(town.state(), ruleset, now)
        nation: Any = SimpleNamespace(
            tokens=tokens,
            codes=areas,
            rivals=rivals,
            size=SimpleNamespace(groups=GROUPS),
        )
        table = Table(nation, real | phantoms_here(nation, drawn, now))
        without = Table(nation, real)
        return judged(told, table, without)


def judged(told: list[list[str]], table: Table, without: Table) -> Live:
    """Hold answers against the table with phantoms, and the one without."""
    found = Live()
    for group, answers in enumerate(told):
        for area, answer in enumerate(answers):
            found.answers[answer] += 1
            expected, real = table.verdict(group, area), without.verdict(group, area)
            found.differ += answer != expected.name
            found.milder += answer not in Verdict.__members__ or Verdict[answer] < real
            found.haunted += expected > real
    return found


def main(arguments: list[str]) -> int:
    """Play, and tell.

    Returns:
        0 if every answer is what the table says.
    """
    argparse.ArgumentParser(prog="make attack-live").parse_args(arguments)
    with tempfile.TemporaryDirectory(prefix="placement-attack-") as folder:
        found = play(Path(folder))
    answers = ", ".join(f"{name} {count}" for name, count in found.answers.items())
    print(f"{sum(found.answers.values())} answers over mutual TLS: {answers}")
    print(f"  not as the table says: {found.differ}")
    print(f"  milder than what is real: {found.milder}")
    print(f"  worse for a phantom: {found.haunted}")
    print("It holds." if found.holds else "It does NOT hold.")
    return 0 if found.holds else 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
