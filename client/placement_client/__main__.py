"""The command line ``placement``: parser only.

What cannot be parsed is refused in constant words: an identifier that somebody typed
as an argument by mistake must not be repeated on a screen or in a log.
"""

import sys
from collections.abc import Sequence
from importlib.metadata import version
from typing import Annotated, Any, NoReturn

import typer
from typer.core import TyperGroup

from placement.errors import InvalidInputError
from placement_client.commands import (
    alert,
    assess,
    audit,
    budget,
    bundle,
    case,
    change,
    changeover,
    check,
    context,
    context_keys,
    coverage,
    doctor,
    erase,
    export,
    extract,
    facility,
    fact,
    group,
    group_links,
    hold,
    importing,
    label_key,
    label_key_rotation,
    override,
    phantom,
    placement,
    provider,
    receipt,
    release,
    review,
    ruleset,
    witness,
)
from placement_client.commands import explain as explaining
from placement_client.commands.report import EXIT_HELP, Exit, explain, note, print_json

_JSON = "--json"
_ARGUMENTS = (
    "The command line has an unknown command, or an argument too many. A name of several "
    "words stands in quotation marks."
)
# Their words are those of the parser and the names of options, never a value.
_HARMLESS = frozenset(
    {"BadOptionUsage", "MissingParameter", "Misplaced", "NoArgsIsHelpError"}
)
_UNFORESEEN = "Something unforeseen happened; no verdict was made."


class Parser(TyperGroup):
    """The parser, with exit codes and words of its own."""

    def main(
        self,
        args: Sequence[str] | None = None,
        prog_name: str | None = None,
        complete_var: str | None = None,
        standalone_mode: bool = True,  # noqa: ARG002, FBT001, FBT002 (the base's)
        windows_expand_args: bool = True,  # noqa: FBT001, FBT002 (the base's)
        **extra: Any,  # noqa: ANN401 (the base's)
    ) -> NoReturn:
        """Run a command and exit with its code."""
        try:
            code = super().main(
                args,
                prog_name,
                complete_var,
                standalone_mode=False,
                windows_expand_args=windows_expand_args,
                **extra,
            )
        except typer.TyperException as error:
            code = _misused(
                error, as_json=_JSON in (sys.argv if args is None else args)
            )
        except typer.Abort:
            note("Aborted.")
            code = Exit.ERROR
        except Exception as error:  # noqa: BLE001 (its text may hold what nobody may read)
            code = _unforeseen(error)
        sys.exit(code)


app = typer.Typer(
    cls=Parser,
    name="placement",
    no_args_is_help=True,
    rich_markup_mode=None,
    pretty_exceptions_enable=False,
    epilog=EXIT_HELP,
)


def _print_version(wanted: bool) -> None:  # noqa: FBT001 (typer's callback)
    if wanted:
        typer.echo(f"placement {version('placement')}")
        raise typer.Exit


@app.callback()
def _placement(
    *,
    _version: Annotated[
        bool,
        typer.Option(
            "--version",
            callback=_print_version,
            is_eager=True,
            help="Tell the version.",
        ),
    ] = False,
) -> None:
    """Ask whether a municipality is a safe place for a person who leaves a gang."""


for _noun, _app in {
    "context": context.app,
    "budget": budget.app,
    "case": case.app,
    "fact": fact.app,
    "change": change.app,
    "changeover": changeover.app,
    "coverage": coverage.app,
    "group": group.app,
    "facility": facility.app,
    "hold": hold.app,
    "placement": placement.app,
    "override": override.app,
    "provider": provider.app,
    "import": importing.app,
    "review": review.app,
    "erase": erase.app,
    "phantom": phantom.app,
    "extract": extract.app,
    "alert": alert.app,
    "ruleset": ruleset.app,
    "receipt": receipt.app,
    "audit": audit.app,
    "label-key": label_key.app,
    "witness": witness.app,
}.items():
    app.add_typer(_app, name=_noun)
for _top in (assess, check, doctor, explaining, export, release):
    _top.register(app)
bundle.register(audit.app)
context_keys.register(context.app)
group_links.register(group.app)
label_key_rotation.register(label_key.app)


def _misused(error: typer.TyperException, *, as_json: bool) -> Exit:
    """Say what is wrong with the command line, without what stood there."""
    lines = _words(error)
    if as_json:
        failure = InvalidInputError("command_line", "can't be parsed")
        failure.because(*lines)
        print_json(explain(failure).data)
    else:
        note(*lines)
    return Exit.USAGE


def _words(error: typer.TyperException) -> list[str]:
    """Return what is wrong with a command line, in words of the parser's own."""
    parameter = getattr(error, "param", None)
    if type(error).__name__ in _HARMLESS:
        # The help of an option that is missing lists its words.
        told = getattr(parameter, "help", None)
        return [error.format_message(), *([told] if told else [])]
    if parameter is not None:
        return [f"Invalid value for {parameter.get_error_hint()}; see --help."]
    if type(error).__name__ == "NoSuchOption":
        known = getattr(error, "possibilities", None) or ()
        return ["There is no such option.", *(f"Perhaps {each}?" for each in known)]
    return [_ARGUMENTS]


def _unforeseen(error: Exception) -> Exit:
    """Say where something went wrong; its own text stays untold."""
    trace = error.__traceback__
    while trace is not None and trace.tb_next is not None:
        trace = trace.tb_next
    where = f"{trace.tb_frame.f_code.co_filename}:{trace.tb_lineno}" if trace else "?"
    note(_UNFORESEEN, f"{type(error).__name__} at {where}")
    return Exit.ERROR


def main() -> None:
    """Run the command line and exit with its code."""
    app()


if __name__ == "__main__":
    main()
