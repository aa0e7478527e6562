"""``placement ruleset``: what the rules are, and how two persons change them.

The client holds no rules. Whoever wants to try a file before it is proposed does that
with the server's own program, ``placement-server ruleset``.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Final

import typer
from rich.table import Table

from placement.api.v1.ruleset_service_pb2 import (
    RULESET_STATE_IN_FORCE,
    RULESET_STATE_WAITING,
    ListRulesetsResponse,
    MovedPlacement,
    RulesetShadow,
    RulesetSummary,
    ShadowRulesetResponse,
    ShowRulesetResponse,
)
from placement.errors import (
    AccessDeniedError,
    ConflictError,
    InvalidInputError,
    NotFoundError,
    TamperedError,
    UnavailableError,
)
from placement_client.commands.audit_printing import Meter
from placement_client.commands.hints import Hints, hinted
from placement_client.commands.report import Exit, Report
from placement_client.commands.ruleset_words import (
    difference_rows,
    differences,
    moved_rows,
    shadow_words,
    summaries,
    summary_data,
    summary_rows,
)
from placement_client.commands.verb import Run, nouns, verb
from placement_client.drafts import read_token
from placement_client.rendering import to_json
from placement_client.rulesets import RULES_BYTES
from placement_client.texts import read_text

app = nouns("The rules' data: see what is in force; the national unit changes it.")

_MAX_KIB: Final = 64
MAX_MOVED: Final = 500
"""Cases that ``shadow`` shows; the counts are of all."""

_NOT_WAITING: Final = (
    "No ruleset waits under this id; `placement ruleset list` has those that do. One "
    "that nobody approved in time has lapsed: propose it again."
)
_HINTS: Final[Hints] = {
    AccessDeniedError: (
        "Coordinators of the national unit change the rules, two of them together: "
        "whoever proposed a ruleset does not approve it."
    ),
    NotFoundError: _NOT_WAITING,
    ConflictError: (
        "It has to be shadowed first (`placement ruleset shadow`), to be newer than the "
        "one in force, and to be approved as it is shown (`placement ruleset show`)."
    ),
}
_PROPOSING: Final[Hints] = {
    **_HINTS,
    InvalidInputError: (
        "Nothing was proposed. `placement-server ruleset check FILE` finds such faults "
        "before anything is sent; whether the version is newer, the service alone knows."
    ),
    ConflictError: (
        "Too many rulesets wait; `placement ruleset withdraw` takes one of them back."
    ),
}
_ELSEWHERE: Final = (
    "The client holds no rules. Where the server's program is installed, this runs "
    "scenario files against a ruleset file: "
    "placement-server ruleset test --ruleset FILE SCENARIO..."
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Which:
    """Which ruleset."""

    ruleset: Annotated[str, typer.Argument(metavar="RULESET", help="Its id.")]

    @property
    def id(self) -> bytes:
        """The id, 16 bytes."""
        return read_token(self.ruleset, field="ruleset")


@verb(app, "list")
def list_(run: Run) -> Report:
    """List the rulesets that were in force, and those that wait."""
    answer = run.session().rulesets.list_all()
    data = {"rulesets": [summary_data(each) for each in answer.rulesets]}
    return Report(data=data, shown=[summaries(answer.rulesets)])


@dataclass(frozen=True, slots=True, kw_only=True)
class Shown:
    """Options of ``show``."""

    ruleset: Annotated[
        str, typer.Argument(metavar="[RULESET]", help="Its id; else what is in force.")
    ] = ""
    content: Annotated[
        bool, typer.Option("--content", help="Print nothing but the file.")
    ] = False


@verb(app, "show")
def show(run: Run, asked: Shown) -> Report:
    """Show a ruleset; of one that waits, what it says differently.

    With --content what is printed is a ruleset file: save it, change it and propose it.
    It has no comments; the service keeps none.
    """
    calls = run.session().rulesets
    given = read_token(asked.ruleset, field="ruleset") if asked.ruleset else None
    current = _in_force(calls.list_all())
    with hinted(_HINTS):
        found = calls.show(current.ruleset_id if given is None else given)
    data = {**summary_data(found.ruleset), "content": found.content}
    content = found.content.splitlines()
    if asked.content:
        return Report(data=data, shown=content)
    parts: list[str | Table] = [summary_rows(found.ruleset), ""]
    if found.ruleset.HasField("shadow"):
        parts += [*shadow_words(found.ruleset.shadow), ""]
    if found.ruleset.state == RULESET_STATE_WAITING:
        others = differences(calls.show(current.ruleset_id).content, found.content)
        data["differences"] = others
        parts += [difference_rows(others), ""]
        parts += _next(found)
    return Report(data=data, shown=[*parts, *content])


def _in_force(listed: ListRulesetsResponse) -> RulesetSummary:
    """Return the one ruleset in force.

    Raises:
        TamperedError: there is not exactly one.
    """
    found = [each for each in listed.rulesets if each.state == RULESET_STATE_IN_FORCE]
    if len(found) != 1:
        raise TamperedError
    return found[0]


def _next(found: ShowRulesetResponse) -> list[str]:
    """Say what a ruleset that waits, waits for."""
    key = found.ruleset.ruleset_id.hex()
    approval = f"placement ruleset approve {key} --rules {found.ruleset.rules.hex()}"
    second = f"a second coordinator of the national unit: {approval}"
    if found.ruleset.HasField("shadow"):
        return [f"It was shadowed. Next, {second}", ""]
    look = f"See what it would change: placement ruleset shadow {key}"
    return [look, f"Then {second}", ""]


@dataclass(frozen=True, slots=True, kw_only=True)
class Proposed:
    """Options of ``propose``."""

    content: Annotated[Path, typer.Argument(metavar="FILE", help="A ruleset file.")]


@verb(app, "propose")
def propose(run: Run, asked: Proposed) -> Report:
    """Propose a ruleset; a second coordinator of the national unit must approve it.

    Each fault of the file is told with its line and column.
    """
    content = read_text(asked.content, field="content", kib=_MAX_KIB)
    with hinted(_PROPOSING):
        answer = run.session().rulesets.propose(content)
    key = answer.ruleset_id.hex()
    said = [
        f"It waits as {key}; nothing has changed yet.",
        f"See what it would change: placement ruleset shadow {key}",
    ]
    return Report(data=to_json(answer), shown=said)


@verb(app, "shadow")
def shadow(run: Run, asked: Which) -> Report:
    """Weigh everybody who is placed by a ruleset that waits; nothing takes effect.

    Cases are told, and how their verdicts would change; where anybody is, is not. The
    run is in the access log, and without one nobody can approve the ruleset.
    """
    with hinted(_HINTS):
        found, moved = _run(run.session().rulesets.shadow(asked.id))
    data = {**to_json(found), "moved": [to_json(each) for each in moved[:MAX_MOVED]]}
    parts = shadow_words(found)
    if moved:
        parts += ["", moved_rows(moved[:MAX_MOVED])]
    if len(moved) > MAX_MOVED:
        parts.append(f"{len(moved) - MAX_MOVED} more are not shown.")
    return Report(data=data, shown=parts)


def _run(
    parts: Iterable[ShadowRulesetResponse],
) -> tuple[RulesetShadow, list[MovedPlacement]]:
    """Follow a shadow run to its end.

    Raises:
        TamperedError: something follows the end, or what was found does not add up.
        UnavailableError: it ended before it was done.
    """
    found: RulesetShadow | None = None
    moved: list[MovedPlacement] = []
    with Meter("Weighed") as meter:
        for part in parts:
            if found is not None:
                raise TamperedError
            moved += part.moved
            meter.tell(part.weighed, part.total)
            if part.HasField("shadow"):
                found = part.shadow
    if found is None:
        raise UnavailableError
    if sum(each.count for each in found.shifts) != len(moved):
        raise TamperedError
    return found, moved


@dataclass(frozen=True, slots=True, kw_only=True)
class Approved(Which):
    """Options of ``approve``."""

    rules: Annotated[
        str,
        typer.Option(metavar="HEX", help="What `show` tells as Rules, 64 hex digits."),
    ]


@verb(app, "approve")
def approve(run: Run, asked: Approved) -> Report:
    """Put another's ruleset into force, on every server at once.

    Everybody who is placed is weighed again by it, and whoever is worse off raises an
    alert.
    """
    rules = _digest(asked.rules)
    with hinted(_HINTS):
        answer = run.session().rulesets.approve(asked.id, rules)
    said = f"Approved; it is in force from revision {answer.revision} on."
    return Report(data=to_json(answer), shown=[said])


def _digest(text: str) -> bytes:
    try:
        found = bytes.fromhex(text)
    except ValueError:
        found = b""
    if len(found) != RULES_BYTES:
        raise InvalidInputError("rules", "must be 64 hex digits")
    return found


@verb(app, "withdraw")
def withdraw(run: Run, asked: Which) -> Report:
    """Take a ruleset that waits back, or turn another's down."""
    with hinted(_HINTS):
        answer = run.session().rulesets.withdraw(asked.id)
    return Report(data=to_json(answer), shown=["Withdrawn; it waits no longer."])


@dataclass(frozen=True, slots=True, kw_only=True)
class Tested:
    """Options of ``test``."""

    files: Annotated[
        list[str] | None, typer.Argument(metavar="[FILE]...", help="Not read here.")
    ] = None


@verb(app, "test")
def test(run: Run, asked: Tested) -> Report:
    """Say where scenario files are run against a ruleset file: not here."""
    del run, asked
    return Report(data={"text": _ELSEWHERE}, shown=[_ELSEWHERE], code=Exit.USAGE)
