"""``placement doctor``: what is wrong, before a call fails without a word."""

from typing import Final

import typer
from rich.text import Text

from placement.errors import InvalidInputError
from placement_client.commands.receipt import kept_by
from placement_client.commands.report import Exit, Report, table
from placement_client.commands.verb import Run, verb
from placement_client.doctor import examine
from placement_client.findings import Finding, Level, bad, good

_UNKNOWN: Final = (
    "There is no context of this name: see placement context list, or add it with "
    "placement context add."
)
_NONE: Final = (
    "No context is in use: choose one with placement context use, or add one with "
    "placement context add."
)
_STYLES = {Level.OK: "green", Level.WARNING: "yellow", Level.FAILURE: "bold red"}


def doctor(run: Run) -> Report:
    """Look at everything that a call rests on, and say what to do.

    Nothing is changed and no case is asked about. Caseworkers and coordinators spend
    one evaluation, which shows that the custodian holds the pinned key. The exit code
    is 0 when calls should succeed and 3 when something keeps them from it.
    """
    findings = list(_findings(run))
    failed = any(each.level is Level.FAILURE for each in findings)
    rows = [
        (Text(each.level.value, _STYLES[each.level]), each.step, each.sentence)
        for each in findings
    ]
    return Report(
        data={
            "ok": not failed,
            "findings": [
                {"step": each.step, "level": each.level.value, "text": each.sentence}
                for each in findings
            ],
        },
        shown=[table(("", "What", "Found"), rows)],
        code=Exit.REVIEW if failed else Exit.CLEAR,
    )


def _findings(run: Run) -> list[Finding]:
    try:
        profile = run.profile()
    except InvalidInputError as error:
        sentence = f"The file of contexts: `{error.field}` {error.description}."
        if error.field == "context":
            sentence = _UNKNOWN if run.common.context else _NONE
        return [bad("context", sentence)]
    found = good("context", f"The context asks {profile.server}.")
    kept = kept_by(run)
    view = None if kept is None else kept.view
    return [found, *examine(profile, clock=run.clock, view=view)]


def register(app: typer.Typer) -> None:
    """Add the command to the top of the parser."""
    verb(app, "doctor")(doctor)
