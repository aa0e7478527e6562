"""``placement-server ruleset``: look at a ruleset file before anybody proposes it.

Nothing here opens a store or asks a server: what a file says, and what scenarios come to
by it, is computed in process.

Exit codes: 0 all is well, 1 it is not, 2 (from the parser) not understood.
"""

import argparse
import sys
import time
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING

from placement.app import read_areas, read_ruleset
from placement.domain.ruleset import Ruleset, parse_ruleset
from placement.domain.terms import Day, Micros, stockholm_day
from placement.ops.scenarios.form import Check, Scenario
from placement.ops.scenarios.reading import parse_scenario
from placement.ops.scenarios.running import Disagreement, run

if TYPE_CHECKING:
    from argparse import _SubParsersAction


def register(subparsers: "_SubParsersAction[argparse.ArgumentParser]") -> None:
    """Add ``ruleset`` and its commands to the operator's parser."""
    text = "check a ruleset file, and run scenarios by it"
    ruleset = subparsers.add_parser("ruleset", help=text, description=text)
    commands = ruleset.add_subparsers(dest="ruleset_command", required=True)

    text = (
        "say what is wrong with a ruleset file: line, column, key, what would be right"
    )
    check = commands.add_parser("check", help=text, description=text)
    check.add_argument("file", type=Path, metavar="FILE")
    check.set_defaults(ruleset_run=_check)

    text = "run scenario files in process"
    test = commands.add_parser("test", help=text, description=text)
    test.add_argument(
        "--ruleset", type=Path, metavar="FILE", help="default: the package's own"
    )
    test.add_argument("files", type=Path, nargs="+", metavar="SCENARIO")
    test.set_defaults(ruleset_run=_test)


def run_command(
    args: argparse.Namespace, *, clock: Callable[[], float] = time.time
) -> int:
    """Run one command.

    Args:
        args: as parsed by what ``register`` added.
        clock: seconds since 1970-01-01 UTC.

    Returns:
        The exit code.
    """
    command: Callable[[argparse.Namespace, Day], int] = args.ruleset_run
    try:
        return command(args, stockholm_day(Micros(int(clock() * 1_000_000))))
    except OSError as error:
        sys.stderr.write(f"{error.filename}: {error.strerror}\n")
        return 1


def _check(args: argparse.Namespace, today: Day) -> int:
    del today
    ruleset = _read(args.file)
    if ruleset is None:
        return 1
    _say(f"{args.file}: version {ruleset.version}, rules {ruleset.digest.hex()}.")
    return 0


def _read(path: Path | None) -> Ruleset | None:
    """Read a file, or say all that is wrong with it."""
    if path is None:
        return read_ruleset(None)
    try:
        return parse_ruleset(path.read_bytes().decode("utf-8"), read_areas())
    except UnicodeDecodeError as error:
        line = error.object[: error.start].count(b"\n") + 1
        sys.stderr.write(f"{path}: line {line}: this is not UTF-8\n")
    except ValueError as error:  # a fault a line
        sys.stderr.writelines(f"{path}: {fault}\n" for fault in str(error).split("\n"))
    return None


def _test(args: argparse.Namespace, today: Day) -> int:
    ruleset = _read(args.ruleset)
    if ruleset is None:
        return 1
    counts = {"held": 0, "failed": 0, "not run": 0}
    for path in args.files:
        word, lines = _tested(path, ruleset, today)
        counts[word] += 1
        _say(*lines)
    _say(
        f"By ruleset {ruleset.version}: {counts['held']} held, {counts['failed']} "
        f"failed, {counts['not run']} need a service and were not run."
    )
    return 0 if counts["held"] and not counts["failed"] else 1


def _tested(path: Path, ruleset: Ruleset, today: Day) -> tuple[str, list[str]]:
    """Run one file; return what became of it, and the lines that say so."""
    try:
        scenario = parse_scenario(path.read_bytes().decode("utf-8"), ruleset)
    except ValueError as error:
        return "failed", [f"FAILED   {path}: {error}"]
    if _needs_service(scenario):
        return "not run", [f"NOT RUN  {path}: {scenario.title} (needs a service)"]
    wrong = list(run(scenario, ruleset, today))
    if not wrong:
        return "held", [f"HELD     {path}: {scenario.title}"]
    return "failed", [
        f"FAILED   {path}: {scenario.title}",
        *(line for each in wrong for line in _disagreed(each)),
    ]


def _needs_service(scenario: Scenario) -> bool:
    """Tell whether something in a file is more than the rules: who is refused is, too."""
    checks: Iterable[Check] = (each for step in scenario.steps for each in step.checks)
    return scenario.through == "service" or any(each.refused for each in checks)


def _disagreed(found: Disagreement) -> Iterator[str]:
    asked = found.check
    for place, expected, got in zip(
        asked.places, asked.expected, found.got, strict=True
    ):
        if expected != got:
            where = place.house or place.area
            yield (
                f"           step {found.step}, {asked.case} in {where}: "
                f"{expected} was expected, {got} came"
            )


def _say(*lines: str) -> None:
    sys.stdout.writelines(f"{line}\n" for line in lines)
