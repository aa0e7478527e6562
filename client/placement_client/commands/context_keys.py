"""``placement context follow`` and ``settle``: which key follows on the pinned one."""

from dataclasses import dataclass, replace
from typing import Annotated

import typer

from placement_client.commands.report import Report
from placement_client.commands.verb import Run, verb
from placement_client.profile import Contexts, Profile, load, save


@dataclass(frozen=True, slots=True, kw_only=True)
class Followed:
    """Options of ``follow``."""

    key: Annotated[
        str, typer.Argument(metavar="HEX", help="Public key that follows, to pin.")
    ]
    custodian: Annotated[
        list[str] | None,
        typer.Option(
            metavar="HOST:PORT=HEX",
            help="A custodian who stands apart, with the key of its share; once for each.",
        ),
    ] = None


def follow(run: Run, asked: Followed) -> Report:
    """Pin the key that follows on the custodian's key, beside that.

    From now on people are named under both keys, at the cost of two evaluations each,
    and the service takes the one in force. It needs no second day: whoever pinned both
    notices nothing when the next key comes into force.
    """
    custodians = " ".join(asked.custodian or [])
    profile = replace(
        run.profile(),
        next_custodian_key=asked.key.lower(),
        next_custodians=custodians,
    )
    name = _save(run, profile)
    return Report(
        data={"name": name, "next_custodian_key": profile.next_custodian_key},
        shown=[f"In {name} people are named under both keys from now on."],
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class Settled:
    """Options of ``settle``."""

    back: Annotated[
        bool, typer.Option("--back", help="Forget the key that follows instead.")
    ] = False


def settle(run: Run, asked: Settled) -> Report:
    """Pin the key that followed alone, once it is in force."""
    profile = run.profile()
    changed = profile.changed()
    if asked.back:
        changed = replace(profile, next_custodian_key="", next_custodians="")
    name = _save(run, changed)
    return Report(
        data={"name": name, "custodian_key": changed.custodian_key},
        shown=[f"In {name} people are named under one key: {changed.custodian_key}"],
    )


def _save(run: Run, profile: Profile) -> str:
    """Put a profile in the place of the one in use; return its name."""
    contexts = load(run.path)
    name = run.common.context or contexts.current
    save(Contexts({**contexts.profiles, name: profile}, contexts.current), run.path)
    return name


def register(app: typer.Typer) -> None:
    """Add these commands to their noun."""
    for command in (follow, settle):
        verb(app, command.__name__)(command)
