"""``placement override``: a place despite what was answered, on two persons' word."""

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Annotated, Final

import typer
from rich.text import Text

from placement.api.v1.placement_service_pb2 import OverrideGround
from placement.api.v1.registry_service_pb2 import ShowOverrideResponse
from placement.errors import (
    AccessDeniedError,
    ConflictError,
    NotFoundError,
    StaleError,
)
from placement_client.commands.finding_words import (
    findings_data,
    known_names,
    place_data,
    place_words,
    real_words,
    sentences,
    verdict_code,
    verdict_text,
    verdict_word,
)
from placement_client.commands.hint_words import NO_CASEWORKER
from placement_client.commands.hints import Hints, hinted
from placement_client.commands.options import choice, chosen
from placement_client.commands.place_options import Placed
from placement_client.commands.release import Seen
from placement_client.commands.report import Report
from placement_client.commands.verb import Run, nouns, verb
from placement_client.days import iso_day, iso_instant, parse_day, stockholm_time
from placement_client.drafts import read_token
from placement_client.rendering import enum_name, to_json

app = nouns(
    "Place somebody despite what was answered. Municipalities: propose. Coordinators: "
    "show, sign."
)

_BECAUSE: Final[Mapping[int, str]] = MappingProxyType(
    {
        OverrideGround.OVERRIDE_GROUND_GREATER_DANGER: (
            "staying where they are is a greater danger"
        ),
        OverrideGround.OVERRIDE_GROUND_DECISION: "a court or an authority decided it",
        OverrideGround.OVERRIDE_GROUND_CARE: "they need care that no other place gives",
        OverrideGround.OVERRIDE_GROUND_OWN_WISH: (
            "it is their own wish, after being told of the risk"
        ),
    }
)
"""Each ground, as the end of a sentence."""
_COVERS: Final = (
    "It covers only what is known when it is signed: when something is added, it no "
    "longer does."
)
_NO_COORDINATOR: Final = (
    "The police coordinator of your region sees and signs overrides; a municipality "
    "proposes them."
)
_NOT_YOURS: Final = (
    "No override of your region's cases has this id. Whoever proposed it has the id."
)
_PROPOSING: Final[Hints] = {
    AccessDeniedError: f"{NO_CASEWORKER} A coordinator signs.",
    NotFoundError: "No case of your municipality has this handle.",
}
_SHOWING: Final[Hints] = {
    AccessDeniedError: _NO_COORDINATOR,
    NotFoundError: _NOT_YOURS,
}
_SIGNING: Final[Hints] = {
    **_SHOWING,
    ConflictError: (
        "It is signed already, or it lapsed unsigned; then the municipality proposes it "
        "again."
    ),
    StaleError: (
        "What is known is no longer what you saw, so nothing was signed. Run `placement "
        "override show` again, read it, and sign with its --seen."
    ),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Proposed:
    """Why, until when, and whether to ask again."""

    ground: Annotated[str, choice(OverrideGround, "Why")]
    follow_up: Annotated[
        str,
        typer.Option(
            "--follow-up",
            metavar="DATE",
            help="When somebody looks at it again, at most 90 days ahead.",
        ),
    ]
    yes: Annotated[bool, typer.Option("--yes", help="Do not ask.")] = False


@verb(app, "propose")
def propose(run: Run, asked: Placed, why: Proposed) -> Report:
    """Municipalities: ask for a place despite what was answered.

    It has no effect before a coordinator of the police has signed it, under the id that
    this prints. Then hold the place: placement check --hold. Auditors read the register
    of overrides.
    """
    place, window, handle = asked.candidate(), asked.window(run), asked.handle
    ground = chosen(OverrideGround, why.ground, field="ground")
    follow_up = parse_day(why.follow_up, field="follow_up", today=run.today)
    where = place_words(place, window)
    if not why.yes:
        question = _question(handle, where, ground, iso_day(follow_up))
        typer.confirm(question, abort=True, err=True)
    with hinted(_PROPOSING):
        answer = run.session().overrides.propose(
            handle, place, window, ground=ground, follow_up=follow_up
        )
    override = answer.override_id.hex()
    return Report(
        data={
            **to_json(answer),
            **place_data(place, window),
            "ground": enum_name(OverrideGround.DESCRIPTOR, ground),
            "follow_up_day": iso_day(follow_up),
        },
        shown=[
            f"Override {override} of {where} is not in force yet.",
            f"It lapses unsigned {stockholm_time(answer.expires_at)}.",
            f"A second person has to sign it: give {override} to the police coordinator.",
            _COVERS,
        ],
    )


def _question(handle: bytes, where: str, ground: int, follow_up: str) -> str:
    return (
        f"Case {handle.hex()} shall be placed in {where}, whatever was answered, because "
        f"{_BECAUSE[ground]}. You stand for it, and somebody looks at it again on "
        f"{follow_up}. It has no effect before a second person, the police coordinator, "
        "signs it under its id, which you get next. Propose the override?"
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class Meant:
    """Which override."""

    override_id: Annotated[
        str, typer.Argument(metavar="OVERRIDE", help="Id of the override.")
    ]

    @property
    def id(self) -> bytes:
        """The id, 16 bytes."""
        return read_token(self.override_id, field="override_id")


@verb(app, "show")
def show(run: Run, asked: Meant) -> Report:
    """Coordinators: show an override, what its place is worth now, and why.

    One that is signed says by whom, and until when it can be used.

    What it rests on is shown as far as your region owns it, as by placement explain. The
    answer names what you saw; placement override sign takes it with --seen.

    The exit code tells the verdict, as that of a check.
    """
    with hinted(_SHOWING):
        answer = run.session().overrides.show(asked.id)
    names, found = known_names(run), answer.explained
    place, window = answer.candidate, answer.window
    return Report(
        data={
            "case_handle": answer.case_handle.hex(),
            **place_data(place, window),
            "ground": enum_name(OverrideGround.DESCRIPTOR, answer.ground),
            "follow_up_day": iso_day(answer.follow_up_day),
            "proposed_by": answer.proposed_by,
            "expires_at": iso_instant(answer.expires_at),
            "signed_by": answer.signed_by,
            "used": answer.used,
            "verdict": verdict_word(found.verdict),
            "findings": findings_data(found.findings, names),
            "seen": found.seen.hex(),
            "revision": found.revision,
        },
        shown=[
            *_asked(answer),
            Text.assemble(
                f"{place_words(place, window)}: ", verdict_text(found.verdict)
            ),
            *real_words(found),
            *sentences(found.findings, names),
            f"Seen: {found.seen.hex()}",
        ],
        code=verdict_code(found.verdict),
    )


def _asked(answer: ShowOverrideResponse) -> list[str]:
    """Say who asks for what, and why."""
    case, follow_up = answer.case_handle.hex(), iso_day(answer.follow_up_day)
    because = _BECAUSE.get(answer.ground, "of a ground that this version does not know")
    end = stockholm_time(answer.expires_at)
    if not answer.signed_by:
        return [
            f"{answer.proposed_by} asks that case {case} be placed, because {because}.",
            f"Somebody looks at it again on {follow_up}. It lapses unsigned {end}.",
        ]
    used = "Something" if answer.used else "Nothing yet"
    return [
        f"{answer.proposed_by} asked that case {case} be placed, because {because}.",
        (
            f"Signed by {answer.signed_by}: the municipality can hold and confirm the place "
            f"until {end}, as long as nothing is added to what was signed."
        ),
        (
            f"{used} was held or confirmed under it. Somebody looks at it again on "
            f"{follow_up}."
        ),
    ]


@dataclass(frozen=True, slots=True, kw_only=True)
class Signed:
    """What the coordinator saw, and whether to ask again."""

    seen: Annotated[
        str,
        typer.Option(metavar="HEX", help="As `placement override show` printed it."),
    ]
    yes: Annotated[bool, typer.Option("--yes", help="Do not ask.")] = False


@verb(app, "sign")
def sign(run: Run, asked: Meant, signed: Signed) -> Report:
    """Coordinators: sign a municipality's override, for what is known now.

    Whoever proposed it tells you its id. Then the municipality can hold the place.
    """
    override_id, seen = asked.id, Seen(seen=signed.seen).digest()
    if not signed.yes:
        typer.confirm(_signing(override_id), abort=True, err=True)
    with hinted(_SIGNING):
        answer = run.session().overrides.sign(override_id, seen=seen)
    until = stockholm_time(answer.expires_at)
    return Report(
        data=to_json(answer),
        shown=[
            f"Signed. Until {until} the municipality can hold and confirm the place.",
            _COVERS,
        ],
    )


def _signing(override_id: bytes) -> str:
    return (
        f"Override {override_id.hex()} lets a household be placed despite what was "
        "answered. You have read why, and you stand for it together with whoever "
        "proposed it. It covers only what is known now. Sign it?"
    )
