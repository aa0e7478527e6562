"""``placement audit export`` and ``verify``: take a part of the log along, and prove it.

What was exported can be verified by anybody, offline, with this client alone.
"""

import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Final

import typer
from rich.console import Console
from rich.progress import Progress
from rich.text import Text

from placement.api.v1.audit_service_pb2 import EntryFilter, ExportEntriesRequest
from placement.audit.checkpoint import Checkpoint
from placement.errors import InvalidInputError, NotFoundError
from placement_client.bundle import SUFFIX
from placement_client.bundle_steps import Examination, Trusted
from placement_client.bundle_writing import (
    Exporter,
    Taken,
    Told,
    require_new,
    write,
)
from placement_client.commands.audit_ground import Grounded, ground
from placement_client.commands.receipt import kept_by
from placement_client.commands.report import Exit, Report, counted, table
from placement_client.commands.verb import Run, verb
from placement_client.credentials import content, read_chain, read_credentials, user
from placement_client.filters import Selected, to_filter
from placement_client.log_steps import MAX_EARLIER, MAX_SAMPLE, Inspection
from placement_client.logs import LogCalls
from placement_client.profile import Profile, load
from placement_client.rendering import Json
from placement_client.steps import Result, Step
from placement_client.trust import LogView, Policy

EARLIER: Final = 20
"""Checkpoints compared unless told otherwise."""
SAMPLE: Final = 20
"""Leaves drawn unless told otherwise."""

_NO_KEY: Final = (
    "is not pinned in this context, so nothing could be verified; add the context "
    "again with --log-key"
)
_TOO_FEW: Final = "Too few witnesses have cosigned the log's checkpoint yet; try again."
_STYLES: Final = {
    Result.OK: "green",
    Result.WARNING: "bold yellow",
    Result.SKIPPED: "dim",
    Result.FAILED: "bold red",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Exported:
    """Options of ``export``."""

    out: Annotated[
        Path, typer.Option(metavar="FILE", help=f"A new file; ends with {SUFFIX}.")
    ]


def export(run: Run, asked: Exported, why: Grounded, selected: Selected) -> Report:
    """Take a part of the log along, in one file that anybody can verify offline.

    Say which entries are shown, as for `placement audit list`; between the first and
    the last of them every other entry is there as a hash. All of it is verified as it
    comes, held against what you asked for, and signed with your certificate.
    """
    chosen, reason = to_filter(selected, today=run.today), ground(why)
    if not asked.out.name.endswith(SUFFIX):
        raise InvalidInputError("out", f"must end with {SUFFIX}")
    require_new(asked.out)
    kept = kept_by(run)
    if kept is None:
        raise InvalidInputError("log_key", _NO_KEY)
    policy = kept.view.policy
    request = ExportEntriesRequest(
        filter=chosen, ground=reason, cosignatures=policy.quorum
    )
    exporter = _exporter(run, policy, why, chosen)
    session = run.session()
    with _progress() as told:
        done = write(
            asked.out,
            session.audits.export_entries(request),
            exporter,
            lambda note: _accepted(kept.view, note, session.logs),
            told=told,
        )
    return _taken(asked.out, done)


def _taken(out: Path, done: Taken) -> Report:
    span = done.span
    told = (
        f"Exported {counted(span.count, 'entry', 'entries')} from index {span.first} "
        f"on: {done.shown} shown, {done.erased} of them without details, and "
        f"{span.count - done.shown} as hashes."
    )
    return Report(
        data={
            "file": str(out),
            "origin": done.manifest.origin,
            "size": done.manifest.size,
            "first": span.first,
            "count": span.count,
            "shown": done.shown,
            "erased": done.erased,
        },
        shown=[told, f"Anybody can verify it: placement audit verify {out}"],
    )


def _exporter(run: Run, policy: Policy, why: Grounded, chosen: EntryFilter) -> Exporter:
    """Return who exports, and what for."""
    profile = run.profile()
    credentials = read_credentials(profile)
    who = user(profile)
    if who is None:
        raise InvalidInputError("certificate", "names no person")
    return Exporter(
        holder=who,
        certificate=credentials.certificate,
        key=credentials.key,
        policy=policy,
        exported_at=int(run.clock() * 1_000_000),
        purpose=why.purpose,
        matter=why.matter,
        filter=chosen,
    )


def _accepted(view: LogView, note: bytes, logs: LogCalls) -> Checkpoint:
    """Verify the export's checkpoint, and hold it against what was seen before."""
    view.policy.signed(note)
    try:
        view.policy.require_enough(note)
    except NotFoundError as error:
        error.because(_TOO_FEW)
        raise
    return view.advance(note, logs.consistency)


@dataclass(frozen=True, slots=True, kw_only=True)
class Verified:
    """Arguments and options of ``verify``."""

    bundle: Annotated[
        Path | None,
        typer.Argument(metavar="BUNDLE", help="A bundle; without one, the service."),
    ] = None
    log_key: Annotated[
        str,
        typer.Option(metavar="KEY", help="The log's key, instead of the context's."),
    ] = ""
    witness: Annotated[
        list[str] | None,
        typer.Option(metavar="KEY", help="A witness's key, with --log-key."),
    ] = None
    quorum: Annotated[
        int, typer.Option(min=0, help="How many witnesses must have cosigned.")
    ] = 0
    ca: Annotated[
        Path | None,
        typer.Option(help="Who must have issued the exporter's certificate, PEM."),
    ] = None
    earlier: Annotated[
        int,
        typer.Option(
            min=0, max=MAX_EARLIER, help="Of the service: checkpoints to compare."
        ),
    ] = EARLIER
    sample: Annotated[
        int, typer.Option(min=0, max=MAX_SAMPLE, help="Of the service: leaves to draw.")
    ] = SAMPLE


def verify(run: Run, asked: Verified) -> Report:
    """Verify a bundle offline, or the service's own log as it stands now.

    A bundle is verified with the file alone, without any connection. Pin the log's key
    with --log-key if no context does: a key out of the bundle itself proves nothing.

    The exit code is 0 when everything verifies, 3 when a person must look: to compare a
    key, or because details are gone; and 5 when anything fails.
    """
    if asked.bundle is None:
        return _report(list(_inspected(run, asked)))
    trusted = _trusted(run, asked)
    try:
        with asked.bundle.open("rb") as file, _progress() as told:
            examination = Examination(file, trusted, told=told)
            steps = list(examination.steps())
    except OSError as error:
        raise InvalidInputError("bundle", "can't be read as a file") from error
    return _report(steps)


def _inspected(run: Run, asked: Verified) -> Iterator[Step]:
    """Look at the service's log with what the context pins."""
    if asked.log_key or asked.witness or asked.quorum or asked.ca:
        phrase = "is for a bundle; the service is verified with the context's keys"
        raise InvalidInputError("log_key", phrase)
    kept = kept_by(run)
    inspection = Inspection(
        run.session().logs,
        None if kept is None else kept.view,
        earlier=asked.earlier,
        sample=asked.sample,
    )
    return inspection.steps()


def _trusted(run: Run, asked: Verified) -> Trusted:
    """Return what the reader of a bundle trusts: as told, else as the context says."""
    profile = _profile(run)
    if asked.log_key or asked.witness or asked.quorum:
        policy = Policy.parse(
            asked.log_key,
            " ".join(asked.witness or ()),
            str(asked.quorum) if asked.quorum else "",
        )
    else:
        policy = None if profile is None else profile.policy()
    if asked.ca is not None:
        return Trusted(policy, read_chain(content(str(asked.ca), "ca"), "ca"))
    if profile is None:
        return Trusted(policy)
    try:
        known = read_chain(content(profile.ca, "ca"), "ca")
    except InvalidInputError:
        known = ()
    # Others may issue clients' certificates, so this authority need not have.
    return Trusted(policy, known=known)


def _profile(run: Run) -> Profile | None:
    """Return the profile asked for, or in use; nothing if there is none at all."""
    contexts = load(run.path)
    name = run.common.context or contexts.current
    return contexts.profile(name) if name else None


@contextmanager
def _progress() -> Iterator[Told]:
    """Show on a terminal how far something has come."""
    console = Console(stderr=True)
    with Progress(
        console=console, transient=True, disable=not sys.stderr.isatty()
    ) as bar:
        task = bar.add_task("Entries", total=None)
        yield lambda done, total: bar.update(task, completed=done, total=total)


def _report(steps: Sequence[Step]) -> Report:
    results = {each.result for each in steps}
    rows = [
        (
            number,
            Text(each.result.value, _STYLES[each.result]),
            each.name,
            each.sentence,
        )
        for number, each in enumerate(steps, 1)
    ]
    return Report(
        data={
            "ok": not results & {Result.FAILED, Result.WARNING},
            "steps": [_data(*each) for each in enumerate(steps, 1)],
        },
        shown=[table(("", "", "What", "Found"), rows), _conclusion(results)],
        code=_code(results),
    )


def _data(number: int, step: Step) -> Json:
    return {
        "number": number,
        "level": step.result.name.lower(),
        "step": step.name,
        "text": step.sentence,
    }


def _conclusion(results: set[Result]) -> str:
    if Result.FAILED in results:
        return "It does not verify."
    if Result.WARNING in results:
        return "Nothing failed, but a person must look at what is marked."
    return "It verifies."


def _code(results: set[Result]) -> Exit:
    if Result.FAILED in results:
        return Exit.UNVERIFIED
    return Exit.REVIEW if Result.WARNING in results else Exit.CLEAR


def register(app: typer.Typer) -> None:
    """Add the commands to the noun."""
    verb(app, "export")(export)
    verb(app, "verify")(verify)
