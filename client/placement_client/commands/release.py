"""``placement release``: let a case have a place despite REVIEW or UNKNOWN."""

from dataclasses import dataclass
from typing import Annotated, Final

import typer

from placement.api.v1.registry_service_pb2 import ReleasePlaceResponse
from placement.errors import (
    AccessDeniedError,
    ConflictError,
    InvalidInputError,
    NotFoundError,
    PlacementError,
    StaleError,
)
from placement_client.commands.finding_words import place_data, place_words
from placement_client.commands.hints import Hints, hinted
from placement_client.commands.place_options import Placed
from placement_client.commands.report import Report
from placement_client.commands.verb import Run, verb
from placement_client.days import stockholm_time
from placement_client.explanations import SEEN_BYTES
from placement_client.rendering import to_json

_HINTS: Final[Hints] = {
    AccessDeniedError: "Coordinators do this; a municipality asks for an override.",
    NotFoundError: "A case of another region answers as if it were not there.",
    StaleError: (
        "What is known is no longer what you saw, or you saw it of other days, or a "
        "colleague saw it, so nothing was released. Run `placement explain` again for "
        "these days, read it, and release with its --seen."
    ),
    ConflictError: (
        "Only REVIEW and UNKNOWN of a case that is assessed can be released. CLEAR needs "
        "no release; a CONFLICT takes an override by the municipality that a coordinator "
        "signs."
    ),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Seen:
    """What the coordinator saw, and whether to ask again."""

    seen: Annotated[
        str, typer.Option(metavar="HEX", help="As `placement explain` printed it.")
    ]
    yes: Annotated[bool, typer.Option("--yes", help="Do not ask.")] = False

    def digest(self) -> bytes:
        """Return what was seen, 32 bytes.

        Raises:
            InvalidInputError: it is anything else.
        """
        try:
            digest = bytes.fromhex(self.seen)
        except ValueError:
            digest = b""
        if len(digest) != SEEN_BYTES or len(self.seen) != 2 * SEEN_BYTES:
            raise InvalidInputError("seen", f"must be {2 * SEEN_BYTES} hex digits")
        return digest


def release(run: Run, asked: Placed, seen: Seen) -> Report:
    """Let a case have a place despite REVIEW or UNKNOWN.

    It covers what is known now and you have seen, and nothing that is added later. Where
    a child is in the household a second coordinator has to sign first.
    """
    place, window = asked.candidate(), asked.window(run)
    handle, digest = asked.handle, seen.digest()
    where = place_words(place, window)
    if not seen.yes:
        typer.confirm(_question(handle, where), abort=True, err=True)
    with hinted(_HINTS):
        calls = run.session().explanations
        answer = calls.release(handle, place, window, seen=digest)
    return Report(
        data={**to_json(answer), **place_data(place, window)},
        shown=_said(answer, where, _signed_by(run, answer)),
    )


def _signed_by(run: Run, answer: ReleasePlaceResponse) -> str:
    """Return by when a second coordinator has to sign; empty where it can't be had."""
    if not answer.change_id:
        return ""
    try:
        waiting = run.session().registry.show_change(answer.change_id)
    except PlacementError:
        return ""
    return f" before {stockholm_time(waiting.change.expires_at)}"


def _question(handle: bytes, where: str) -> str:
    return (
        f"Case {handle.hex()} gets leave to be placed in {where}, although the answer "
        "was not CLEAR. You have read why, and you stand for it. It covers only what is "
        "known now. Release the place?"
    )


def _said(answer: ReleasePlaceResponse, where: str, by: str) -> list[str]:
    """Say what stands now, what it covers, and what it waits for."""
    until = stockholm_time(answer.expires_at)
    release_id = answer.release_id.hex()
    covers = (
        "It covers only what is known now: when something is added, it no longer does."
    )
    if not answer.change_id:
        return [f"Released {where}, until {until} (release {release_id}).", covers]
    change = answer.change_id.hex()
    return [
        f"Release {release_id} of {where} is not in force yet.",
        f"A second coordinator has to sign{by}: placement change show {change}",
        f"Once it is signed, the place can be held and confirmed until {until}.",
        covers,
    ]


def register(app: typer.Typer) -> None:
    """Add the command to the top of the parser."""
    verb(app, "release")(release)
