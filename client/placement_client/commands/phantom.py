"""``placement phantom``: whom phantom stays leave alone, and how large a group is."""

from dataclasses import dataclass
from typing import Annotated, Final

import typer

from placement.api.v1.phantom_service_pb2 import GroupSize, LiftGround
from placement.errors import (
    AccessDeniedError,
    BudgetError,
    ConflictError,
    NotFoundError,
    StaleError,
)
from placement_client.commands.drafting import read_group
from placement_client.commands.finding_words import place_data, place_words
from placement_client.commands.group import Named
from placement_client.commands.hints import Hints, hinted
from placement_client.commands.options import choice, chosen
from placement_client.commands.place_options import Placed
from placement_client.commands.release import Seen
from placement_client.commands.report import Report
from placement_client.commands.verb import Run, nouns, verb
from placement_client.commands.waiting import pending
from placement_client.rendering import to_json

app = nouns(
    "Coordinators: phantom stays are nobody's, and make sure that no answer proves that "
    "somebody is there."
)

_HINTS: Final[Hints] = {
    AccessDeniedError: "Coordinators do this.",
    NotFoundError: "A case of another region answers as if it were not there.",
    StaleError: (
        "What is known is no longer what you saw, or you saw it of other days, or a "
        "colleague saw it, so nothing was proposed. Run `placement explain` again for "
        "these days, read it, and lift with its --seen."
    ),
    ConflictError: (
        "No phantom stands in the way there, so lifting them changes no answer; or the "
        "same lift waits for a second coordinator: see `placement change list`."
    ),
    BudgetError: (
        "Your region has lifted as many as it may for some time: each lift shows where "
        "nobody is. Release the place instead (`placement release`), or wait."
    ),
}
_SIZE_HINTS: Final[Hints] = {
    AccessDeniedError: "Coordinators do this.",
    NotFoundError: "No group of this token is registered.",
    ConflictError: (
        "The group is of that size already, or the same change waits for a second "
        "coordinator: see `placement change list`."
    ),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Because:
    """Why."""

    ground: Annotated[str, choice(LiftGround, "Why")]


@verb(app, "lift")
def lift(run: Run, asked: Placed, seen: Seen, because: Because) -> Report:
    """Propose that no phantom stands in a case's way in an area.

    `placement explain` says whether one does: the answer is then worse than what is
    real. A second coordinator must approve. Afterwards the municipality asks again, and
    is answered by what is real, for some days. Every lift is counted.
    """
    place, window = asked.candidate(), asked.window(run)
    ground = chosen(LiftGround, because.ground, field="ground")
    handle, digest = asked.handle, seen.digest()
    where = place_words(place, window)
    if not seen.yes:
        typer.confirm(_question(handle, where), abort=True, err=True)
    with hinted(_HINTS):
        answer = run.session().phantoms.lift(
            handle, place, window, ground=ground, seen=digest
        )
    return Report(
        data={**to_json(answer), **place_data(place, window)},
        shown=pending(answer.change_id),
    )


def _question(handle: bytes, where: str) -> str:
    return (
        f"Case {handle.hex()} shall be answered in {where} by what is real alone. That "
        "shows the municipality where nobody is, and your region may do it a few times "
        "only. Propose it?"
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class Sized:
    """Which group, and how large."""

    group: Named
    size: Annotated[str, choice(GroupSize, "How large", "--size")]


@verb(app, "size")
def size(run: Run, asked: Sized) -> Report:
    """Propose how large a group is; a second coordinator approves.

    The larger a group, the more phantom stays it has: as many for each real one that is
    to be expected. Say what is known of the group, not how many you placed. It acts from
    the first day of the next month on.
    """
    value = chosen(GroupSize, asked.size, field="size")
    group = read_group(run, asked.group, "group")
    with hinted(_SIZE_HINTS):
        answer = run.session().phantoms.size(group, value)
    return Report(data=to_json(answer), shown=pending(answer.change_id))
