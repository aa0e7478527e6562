"""``placement provider``: stop who runs facilities, and let them go on."""

from dataclasses import dataclass
from typing import Annotated, Final

import typer

from placement.errors import AccessDeniedError, ConflictError, NotFoundError
from placement_client.commands.hints import Hints, hinted
from placement_client.commands.report import Report
from placement_client.commands.verb import Run, nouns, verb
from placement_client.drafts import read_token
from placement_client.rendering import to_json

app = nouns("Coordinators: stop a provider, and let it go on.")


def _hints(state: str) -> Hints:
    return {
        AccessDeniedError: "Coordinators do this.",
        NotFoundError: (
            "A provider's token is what `placement facility register` printed beside the "
            "facility's own."
        ),
        ConflictError: state,
    }


_STOP: Final = _hints("Your region stopped this provider already.")
_GO_ON: Final = _hints(
    "Your region did not stop this provider, and who did lets it go on (placement explain "
    "names the region); or a change for it waits."
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Meant:
    """Which provider."""

    provider: Annotated[
        str, typer.Argument(metavar="PROVIDER", help="Token of the provider.")
    ]

    @property
    def token(self) -> bytes:
        """The token, 16 bytes."""
        return read_token(self.provider, field="provider")


@verb(app, "stop")
def stop(run: Run, asked: Meant) -> Report:
    """Stop a provider at once: all its houses answer CONFLICT."""
    with hinted(_STOP):
        answer = run.session().explanations.stop_provider(asked.token)
    said = (
        "Stopped. Every house of this provider answers CONFLICT from now on, and whoever "
        "is placed in one raises an alert. If your region proposed to let it go on, that "
        "is over."
    )
    return Report(data=to_json(answer), shown=[said])


@verb(app, "go-on")
def go_on(run: Run, asked: Meant) -> Report:
    """Propose that a provider that your region stopped may go on; a second one approves.

    If another region stopped it, too, its houses answer CONFLICT until that one lets it
    go on as well.
    """
    with hinted(_GO_ON):
        answer = run.session().explanations.lift_provider(asked.token)
    said = "The provider may go on, unless another region stopped it, too."
    if answer.change_id:
        said = (
            "The provider stays stopped until a second coordinator approves: "
            f"placement change approve {answer.change_id.hex()}"
        )
    return Report(data=to_json(answer), shown=[said])
