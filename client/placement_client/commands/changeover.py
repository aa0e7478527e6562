"""``placement changeover``: another key of the pseudonyms, and nobody lost on the way.

In this order: everybody pins the key that follows (``placement context follow``); two
persons of the national unit begin; police and municipalities enrol the people whose
numbers they have; two persons end it; everybody settles (``placement context settle``).
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Annotated, Final

import typer

from placement.api.v1 import changeover_service_pb2 as wire
from placement.errors import (
    AccessDeniedError,
    BudgetError,
    ConflictError,
    InvalidInputError,
    PlacementError,
)
from placement_client.commands.asking import ask_many, read_lines
from placement_client.commands.hints import Hints, hinted
from placement_client.commands.options import IdentifierStdin
from placement_client.commands.report import Report, counted, note, table
from placement_client.commands.verb import Run, nouns, verb
from placement_client.custodian import MAX_EVALUATED
from placement_client.days import stockholm_time
from placement_client.identifiers import Identifier
from placement_client.rendering import to_json
from placement_client.session import Session

app = nouns("Replace the key of the pseudonyms: begin, enrol people, see how far, end.")

_COST: Final = 2
"""Evaluations a person: one under each key."""
_NATIONAL: Final = "The national unit does this, two persons of it together."
_BEGINNING: Final[Hints] = {
    AccessDeniedError: _NATIONAL,
    ConflictError: "One is under way already; see placement changeover show.",
}
_ENROLLING: Final[Hints] = {
    AccessDeniedError: "Caseworkers and coordinators do this.",
    BudgetError: (
        "Each person costs two evaluations, and up to 50 people go at once. Go on in an "
        "hour, or tomorrow. If it stops at the same place again, custodians apart have "
        "room for fewer: give shorter lists, or have their budgets raised."
    ),
    ConflictError: "No changeover is under way; nothing was kept.",
}
_ENDING: Final[Hints] = {
    AccessDeniedError: _NATIONAL,
    ConflictError: (
        "None is under way to this key, or more people on record have no pair than you "
        "let be left, or pairs are disputed; see placement changeover show."
    ),
}


@verb(app, "show")
def show(run: Run) -> Report:
    """Show which key is in force, and how many people are not enrolled yet.

    The national unit is told the numbers; a region is told none, so that nobody sees in
    them whether a person whom they enrolled is on record.
    """
    with hinted({AccessDeniedError: "Coordinators are told."}):
        answer = run.session().changeovers.show()
    return Report(data=to_json(answer), shown=[table(("", ""), _rows(answer))])


def _rows(answer: wire.ShowChangeoverResponse) -> list[tuple[str, str]]:
    rows = [("Key in force", answer.key_id.hex())]
    if answer.to_key_id:
        rows.append(("Key that follows", answer.to_key_id.hex()))
        rows += _counts(answer)
    if answer.said:
        what = "begin" if answer.said == wire.CHANGEOVER_STEP_BEGIN else "end"
        until = stockholm_time(answer.said_expires_at)
        rows.append(
            (f"Said by {answer.said_by}", f"{what}, to {answer.said_key_id.hex()}")
        )
        if what == "end" and answer.counted:
            rows.append(("  may be left", str(answer.said_left)))
        rows.append(("  a second person until", until))
    if answer.left:
        left = f"{answer.left}; nothing is CLEAR until they are erased"
        rows.append(("Left without a pair", left))
    return rows


def _counts(answer: wire.ShowChangeoverResponse) -> list[tuple[str, str]]:
    if not answer.counted:
        return [("Not enrolled", "the national unit is told how many")]
    return [
        ("Not enrolled", str(answer.waiting)),
        ("  of these by one person", str(answer.halfway)),
        ("Disputed", str(answer.disputed)),
    ]


@dataclass(frozen=True, slots=True, kw_only=True)
class Sure:
    """Whether to ask."""

    yes: Annotated[bool, typer.Option("--yes", help="Do it without asking.")] = False


@verb(app, "begin")
def begin(run: Run, sure: Sure) -> Report:
    """Say that the key shall be replaced by the one that this context says follows.

    It begins when a second person of the national unit says the same. People are found
    as ever in the meantime.
    """
    session = run.session()
    to_key = session.custodians.following.key_id
    if not sure.yes:
        question = f"Shall the key {to_key.hex()} follow on the one in force?"
        typer.confirm(question, abort=True, err=True)
    with hinted(_BEGINNING):
        session.changeovers.begin(to_key)
        answer = session.changeovers.show()
    if answer.to_key_id == to_key:
        said = "Begun. Have people enrolled: placement changeover enrol"
    else:
        said = "A second person of the national unit has to say the same."
    return Report(data=to_json(answer), shown=[said])


@dataclass(frozen=True, slots=True, kw_only=True)
class Enrolled:
    """Options of ``enrol``."""

    identifier_stdin: IdentifierStdin = False
    skip: Annotated[
        int,
        typer.Option(min=0, help="How many of the list were enrolled by a run before."),
    ] = 0


@verb(app, "enrol")
def enrol(run: Run, asked: Enrolled) -> Report:
    """Enrol people under the key that follows: one after another, or a whole list.

    The numbers are asked for unseen, or read from standard input; the service never
    receives them. Somebody counts as enrolled once two persons did so, one of them a
    coordinator. It is not told whether anybody is on record. A run that stops says how
    to go on.
    """
    if asked.identifier_stdin:
        people = read_lines(run, field="people")
    else:
        people = ask_many(run, field="people")
    people = list(dict.fromkeys(people))
    if asked.skip >= len(people):
        raise InvalidInputError("skip", "must leave somebody of the list")
    _offer(run, people, asked.skip)
    sent = len(people) - asked.skip
    said = f"Offered {counted(sent, 'person', 'people')} under both keys."
    return Report(data={"offered": sent}, shown=[said])


def _offer(run: Run, people: Sequence[Identifier], done: int) -> None:
    """Enrol a list from a place on, piece by piece; say how to go on if it stops."""
    session = run.session()
    with hinted(_ENROLLING):
        try:
            while done < len(people):
                pairs = session.pairs(people[done : done + _room(session)])
                session.changeovers.offer(pairs)
                done += len(pairs)
                note(f"{done} of {len(people)}")
        except PlacementError as error:
            error.because(_go_on(done))
            raise
        except KeyboardInterrupt:
            note(_go_on(done))
            raise


def _room(session: Session) -> int:
    """Return how many people the budgets have room for now, at most a piece of a list.

    Else people are evaluated under one key and refused under the other, for nothing, and a
    budget below a piece enrols nobody. Custodians apart don't tell what theirs have.

    Raises:
        BudgetError: for nobody.
    """
    answer = session.budgets.show()
    if not answer.HasField("evaluations"):
        return MAX_EVALUATED
    budgets = (answer.evaluations.person, answer.evaluations.organisation)
    room = min(each.left for each in budgets) // _COST
    if not room:
        raise BudgetError
    return min(room, MAX_EVALUATED)


def _go_on(done: int) -> str:
    return f"To go on with the same list: --skip {done}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Ended:
    """Options of ``end``."""

    leave: Annotated[
        int,
        typer.Option(
            min=0,
            help="How many people on record may be left; then nothing is CLEAR any more.",
        ),
    ] = 0
    give_up: Annotated[
        bool, typer.Option("--give-up", help="Let the key in force stay, at once.")
    ] = False


@verb(app, "end")
def end(run: Run, asked: Ended, sure: Sure) -> Report:
    """Say that the key that follows shall be in force from now on.

    It is when a second person of the national unit says the same, and no more people are
    without a pair than both let be left. While one of these is on record, every answer is
    UNKNOWN at best. With --give-up one person is enough, and nothing has changed.
    """
    if asked.give_up and asked.leave:
        raise InvalidInputError("leave", "has no meaning with --give-up")
    session = run.session()
    to_key = session.custodians.following.key_id
    if not sure.yes:
        typer.confirm(_question(asked, to_key), abort=True, err=True)
    with hinted(_ENDING):
        session.changeovers.end(to_key, left=asked.leave, give_up=asked.give_up)
        answer = session.changeovers.show()
    return Report(data=to_json(answer), shown=[_ended(asked, answer, to_key)])


def _question(asked: Ended, to_key: bytes) -> str:
    if asked.give_up:
        return "Shall the key in force stay? Whoever was enrolled has to be so again."
    if asked.leave:
        return (
            f"Up to {asked.leave} people on record may be left, whom no pseudonym leads "
            "to any more. Nothing is CLEAR then, for nobody, until the law takes what is "
            "kept about them. Shall it be so?"
        )
    return f"Shall the key {to_key.hex()} be in force?"


def _ended(asked: Ended, answer: wire.ShowChangeoverResponse, to_key: bytes) -> str:
    if asked.give_up:
        return "Given up; the key in force stays. Everybody: placement context settle --back"
    if answer.key_id == to_key:
        return (
            "Ended; the next key is in force. Everybody runs: placement context settle. "
            "The custodians destroy the old key: docs/custody.md"
        )
    return "A second person of the national unit has to say the same."
