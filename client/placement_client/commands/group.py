"""``placement group``: register and list groups under sealed labels."""

from dataclasses import dataclass
from typing import Annotated, Final

import typer

from placement.errors import InvalidInputError
from placement_client.commands.report import Report, counted, note, table
from placement_client.commands.verb import Run, nouns, verb
from placement_client.registry import MAX_REGISTERED

app = nouns("Coordinators: register and list groups; names stay on this machine.")

_OTHER_KEY: Final = (
    "does not open every group that is registered; get the file that the other "
    "coordinators use"
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Registered:
    """Options of ``register``."""

    name: Annotated[list[str], typer.Argument(metavar="NAME...", help="Names.")]
    beside_another_key: Annotated[
        bool,
        typer.Option(
            "--beside-another-key",
            help="Although some groups stand under another label key for good.",
        ),
    ] = False


@verb(app, "register")
def register(run: Run, asked: Registered) -> Report:
    """Register groups under new tokens; the service receives no name.

    A group that is registered already is refused, in whatever spelling. So is every
    group if the label key does not open those that are registered: under another key
    the same group would be registered twice.
    """
    key = run.label_key()
    groups = [key.new_group(name) for name in asked.name]
    if len({group.fingerprint for group in groups}) != len(groups):
        raise InvalidInputError("name", "stands twice, perhaps in another spelling")
    if len(groups) > MAX_REGISTERED:
        raise InvalidInputError("name", f"must stand at most {MAX_REGISTERED} times")
    if run.label_book().unopened and not asked.beside_another_key:
        raise InvalidInputError("label_key", _OTHER_KEY)
    answer = run.session().registry.register_groups(groups)
    tokens = [token.hex() for token in answer.tokens]
    pairs = list(zip(tokens, asked.name, strict=True))
    return Report(
        data={
            "revision": answer.revision,
            "groups": [{"token": token, "name": name} for token, name in pairs],
        },
        shown=[table(("Token", "Name"), pairs)],
    )


@verb(app, "list")
def list_(run: Run) -> Report:
    """List the registered groups by name."""
    pairs = [(label.token.hex(), label.name) for label in run.label_book()]
    note(f"{counted(len(pairs), 'group', 'groups')}.")
    return Report(
        data={"groups": [{"token": token, "name": name} for token, name in pairs]},
        shown=[table(("Token", "Name"), pairs)],
    )
