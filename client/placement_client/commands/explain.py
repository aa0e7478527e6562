"""``placement explain``: what a place is worth to a case, and why."""

from typing import Final

import typer
from rich.text import Text

from placement.api.v1.registry_service_pb2 import ExplainPlacementResponse
from placement.api.v1.types_pb2 import Verdict
from placement.errors import AccessDeniedError, NotFoundError
from placement_client.commands.finding_words import (
    findings_data,
    known_names,
    place_data,
    place_words,
    real_words,
    sentences,
    verdict_code,
    verdict_text,
)
from placement_client.commands.hints import Hints, hinted
from placement_client.commands.place_options import Placed
from placement_client.commands.report import Report
from placement_client.commands.verb import Run, verb
from placement_client.rendering import to_json

_HINTS: Final[Hints] = {
    AccessDeniedError: (
        "Coordinators do this. A municipality gets a verdict and no reason: see "
        "`placement check`."
    ),
    NotFoundError: "A case of another region answers as if it were not there.",
}
_RELEASABLE: Final = frozenset({Verdict.VERDICT_REVIEW, Verdict.VERDICT_UNKNOWN})


def explain(run: Run, asked: Placed) -> Report:
    """Show a coordinator what a place is worth to a case, and why.

    The verdict is what the municipality would get, with phantom stays, which are
    nobody's. The findings are real, and the answer says so where that would be milder.
    Each finding has a sentence for each
    thing that it rests on: a fact of your region, something that exists elsewhere and
    whom to phone, or a placement as a handle. Persons are never shown. The answer names
    what you saw; `placement release` takes it with --seen.

    The exit code tells the verdict, as that of a check.
    """
    place, window = asked.candidate(), asked.window(run)
    with hinted(_HINTS):
        calls = run.session().explanations
        answer = calls.explain(asked.handle, place, window)
    names = known_names(run)
    return Report(
        data={
            **to_json(answer),
            **place_data(place, window),
            "findings": findings_data(answer.findings, names),
        },
        shown=[
            Text.assemble(
                f"{place_words(place, window)}: ", verdict_text(answer.verdict)
            ),
            *real_words(answer),
            *sentences(answer.findings, names),
            f"Seen: {answer.seen.hex()}",
            *_release_words(answer),
        ],
        code=verdict_code(answer.verdict),
    )


def _release_words(answer: ExplainPlacementResponse) -> list[str]:
    """Say whether the place can be released, and who has to be in it."""
    if answer.verdict not in _RELEASABLE:
        return []
    second = "; a second coordinator has to sign that" if answer.needs_second else ""
    return [f"It can be released with --seen{second}."]


def register(app: typer.Typer) -> None:
    """Add the command to the top of the parser."""
    verb(app, "explain")(explain)
