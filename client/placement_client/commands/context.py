"""``placement context``: which server, as whom, with which keys."""

from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Final

import typer

from placement_client.commands.report import Report, table
from placement_client.commands.verb import Run, nouns, verb
from placement_client.profile import Profile, load, save

app = nouns("Which server to ask, as whom, and which keys to trust.")

_NONE_IN_USE: Final = "none is in use; choose one with placement context use"


@dataclass(frozen=True, slots=True, kw_only=True)
class Added:
    """Options of ``add``."""

    name: Annotated[str, typer.Argument(help="Lower-case letters, digits, hyphens.")]
    server: Annotated[str, typer.Option(help="host:port of the service.")]
    certificate: Annotated[Path, typer.Option(help="Your certificate, PEM.")]
    key: Annotated[Path, typer.Option(help="Its private key, PEM.")]
    ca: Annotated[Path, typer.Option(help="The authority that signed the server, PEM.")]
    server_name: Annotated[
        str, typer.Option(help="Name in the server's certificate, if not the host.")
    ] = ""
    custodian_key: Annotated[
        str, typer.Option(metavar="HEX", help="The custodian's public key to pin.")
    ] = ""
    custodian: Annotated[
        list[str] | None,
        typer.Option(
            metavar="HOST:PORT=HEX",
            help="A custodian who stands apart, with the key of its share; once for each.",
        ),
    ] = None
    custodian_ca: Annotated[
        Path | None,
        typer.Option(help="The authority that signed them, PEM; else --ca."),
    ] = None
    label_key: Annotated[
        Path | None, typer.Option(help="Coordinators: file of the label key.")
    ] = None
    log_key: Annotated[
        str,
        typer.Option(
            metavar="KEY",
            help="The access log's verifier key to pin; without it, no receipts.",
        ),
    ] = ""
    witness: Annotated[
        list[str] | None,
        typer.Option(
            metavar="KEY",
            help="Verifier key of a witness of the log to pin; once for each.",
        ),
    ] = None
    quorum: Annotated[
        int | None,
        typer.Option(
            min=0, help="How many witnesses must have cosigned; else all that you pin."
        ),
    ] = None


@verb(app, "add")
def add(run: Run, asked: Added) -> Report:
    """Add a context, or put another under its name; the first is used at once."""
    witnesses = asked.witness or []
    quorum = len(witnesses) if asked.quorum is None else asked.quorum
    profile = Profile(
        server=asked.server,
        certificate=_absolute(asked.certificate),
        key=_absolute(asked.key),
        ca=_absolute(asked.ca),
        server_name=asked.server_name,
        custodian_key=asked.custodian_key.lower(),
        custodians=" ".join(asked.custodian or []),
        custodian_ca=_absolute(asked.custodian_ca) if asked.custodian_ca else "",
        label_key=_absolute(asked.label_key) if asked.label_key else "",
        log_key=asked.log_key,
        witnesses=" ".join(witnesses),
        quorum=str(quorum) if quorum else "",
    )
    contexts = load(run.path).add(asked.name, profile)
    save(contexts, run.path)
    return Report(
        data={"name": asked.name, "current": contexts.current, "quorum": quorum},
        shown=[
            f"Added {asked.name}; in use: {contexts.current}.",
            *([_demanded(quorum, len(witnesses))] if witnesses else ()),
        ],
    )


def _demanded(quorum: int, pinned: int) -> str:
    """Say how many witnesses must have cosigned."""
    if quorum == pinned:
        how_many = "the witness" if pinned == 1 else f"all {pinned} witnesses"
    else:
        how_many = f"{quorum} of {pinned} witnesses"
    return f"A checkpoint counts when {how_many} cosigned it; see --quorum."


@dataclass(frozen=True, slots=True, kw_only=True)
class Used:
    """Options of ``use``."""

    name: Annotated[str, typer.Argument(help="The context to use from now on.")]


@verb(app, "use")
def use(run: Run, asked: Used) -> Report:
    """Use another context from now on."""
    save(load(run.path).use(asked.name), run.path)
    return Report(data={"current": asked.name}, shown=[f"In use: {asked.name}."])


@dataclass(frozen=True, slots=True, kw_only=True)
class Removed:
    """Options of ``remove``."""

    name: Annotated[str, typer.Argument(help="The context to forget.")]


@verb(app, "remove")
def remove(run: Run, asked: Removed) -> Report:
    """Forget a context; the files that it names stay where they are."""
    contexts = load(run.path).remove(asked.name)
    save(contexts, run.path)
    use = f"in use: {contexts.current}" if contexts.current else _NONE_IN_USE
    return Report(
        data={"removed": asked.name, "current": contexts.current},
        shown=[f"Removed {asked.name}; {use}."],
    )


@verb(app, "list")
def list_(run: Run) -> Report:
    """List the contexts; a star marks the one in use."""
    contexts = load(run.path)
    names = sorted(contexts.profiles)
    rows = [
        ("*" if name == contexts.current else "", name, contexts.profiles[name].server)
        for name in names
    ]
    profiles = [
        {"name": name, "server": contexts.profiles[name].server} for name in names
    ]
    return Report(
        data={"current": contexts.current, "contexts": profiles},
        shown=[table(("", "Context", "Server"), rows)],
    )


def _absolute(path: Path) -> str:
    return str(path.expanduser().absolute())
