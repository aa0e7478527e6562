"""What every command shares: its options, its session, its output, its exit code.

A command is written as a function of a ``Run`` and dataclasses of options::

    @dataclass(frozen=True, slots=True, kw_only=True)
    class Shown:
        case: Annotated[str, typer.Argument(help="Handle of the case.")]


    @verb(app, "show")
    def show(run: Run, asked: Shown) -> Report: ...

The parser sees the fields of the dataclasses, then those of ``Common``. The docstring
of the function is the help text of the command.
"""

import inspect
import os
import time
from collections.abc import Callable, Mapping
from contextlib import ExitStack
from dataclasses import MISSING, dataclass, fields
from datetime import date
from pathlib import Path
from typing import Annotated, Any, Final, cast, get_type_hints

import typer

from placement.errors import InvalidInputError, PlacementError, UnavailableError
from placement_client.calls import DEADLINE, MAX_DEADLINE, Patience, RequestIds
from placement_client.commands.naming import option_of
from placement_client.commands.report import Exit, Report, counted, explain, note
from placement_client.credentials import user
from placement_client.days import Clock, today
from placement_client.drafts import read_token
from placement_client.holding import held_by, hold
from placement_client.label_book import LabelBook
from placement_client.label_files import LabelFiles
from placement_client.profile import Profile, contexts_path, load
from placement_client.session import Session

_NO_LABEL_KEY: Final = (
    "is not set in this context; run placement label-key publish, have a coordinator "
    "hand it over, then run placement label-key fetch; if you drew it yourself, add the "
    "context again with --label-key"
)
_UNOPENED: Final = (
    "of groups can't be opened with the label key on this machine: it was replaced, or "
    "is another one. Get the one in force by: placement label-key fetch"
)
_NO_COORDINATOR: Final = (
    "is for coordinators: they register and list groups, and you are none"
)


def _context_names() -> list[str]:
    try:
        return sorted(load(contexts_path(os.environ)).profiles)
    except PlacementError:
        return []


@dataclass(frozen=True, slots=True, kw_only=True)
class Common:
    """Options of every command."""

    as_json: Annotated[
        bool, typer.Option("--json", help="Print one JSON object instead of a table.")
    ] = False
    context: Annotated[
        str,
        typer.Option(
            envvar="PLACEMENT_CONTEXT",
            autocompletion=_context_names,
            help="The context to use instead of the current one.",
        ),
    ] = ""
    deadline: Annotated[
        float, typer.Option(help=f"Seconds for one try, at most {MAX_DEADLINE:g}.")
    ] = DEADLINE
    request_id: Annotated[
        str,
        typer.Option(
            metavar="HEX",
            help="Repeat a run that failed, under the id it told; nothing is done twice.",
        ),
    ] = ""


class Run:
    """One run of a command.

    Args:
        common: the options that all commands have.
        clock: what time it is.

    Attributes:
        today: the day it is in Stockholm.
    """

    def __init__(self, common: Common, *, clock: Clock = time.time) -> None:
        self.common = common
        self.clock = clock
        self.today: date = today(clock)
        self._stack = ExitStack()
        self._session: Session | None = None
        self._is_held = False
        self._label_book: LabelBook | None = None

    @property
    def path(self) -> Path:
        """Where the contexts lie."""
        return contexts_path(os.environ)

    def profile(self) -> Profile:
        """Return the profile of the context asked for, or of the current one.

        Raises:
            InvalidInputError: there is none.
        """
        return load(self.path).profile(self.common.context)

    def session(self) -> Session:
        """Return the one session of this run, opened when first asked for.

        Raises:
            InvalidInputError: the profile or an option can't be used.
            PlacementError: as ``hold``.
        """
        if self._session is None:
            seed = self.common.request_id
            opened = Session.open(
                self.profile(),
                patience=Patience(deadline=self.common.deadline),
                request_ids=RequestIds(
                    read_token(seed, field="request_id") if seed else None
                ),
                clock=self.clock,
            )
            self._session = self._stack.enter_context(opened)
        if not self._is_held:
            self.hold(self._session)
            self._is_held = True
        return self._session

    def hold(self, session: Session) -> None:
        """Hold the log that a session reaches against what the context saw of it.

        Raises:
            TamperedError: it went back, or shows another history.
            PlacementError: it can't be held against it now.
        """
        contexts = load(self.path)
        name = self.common.context or contexts.current
        view = held_by(self.path, name, contexts.profile(name))
        if view is not None:
            hold(view, session.logs)

    def label_files(self) -> LabelFiles:
        """Return where this context's label keys lie.

        Raises:
            InvalidInputError: the context names no file.
        """
        profile = self.profile()
        if not profile.label_key:
            who = user(profile)
            coordinates = who is not None and who.role == "coordinator"
            phrase = _NO_LABEL_KEY if coordinates else _NO_COORDINATOR
            raise InvalidInputError("label_key", phrase)
        return LabelFiles.of(profile)

    def label_book(self) -> LabelBook:
        """Fetch every group and open its label, once; tell how many don't open.

        Raises:
            InvalidInputError: there is no label key that can be used.
            TamperedError: two groups share a name.
            PlacementError: the call failed.
        """
        if self._label_book is None:
            keys = self.label_files().read()
            listing = self.session().registry.list_groups()
            self._label_book = LabelBook(keys, listing)
            if self._label_book.unopened:
                names = counted(self._label_book.unopened, "name", "names")
                note(f"{names} {_UNOPENED}")
        return self._label_book

    def report(
        self, command: Callable[[], Report], option_of: Callable[[str], str]
    ) -> Report:
        """Return what a command reports, or what its error says.

        Args:
            command: runs it.
            option_of: the option behind a field, for errors.
        """
        with self._stack:
            try:
                return command()
            except PlacementError as error:
                self._advise(error)
                return explain(error, option_of)

    def _advise(self, error: PlacementError) -> None:
        """Say what a person can do about an unanswered call."""
        if self._session is None or not isinstance(error, UnavailableError):
            return
        error.because("placement doctor says what is wrong with the connection")
        ids = self._session.request_ids
        if ids.used:
            error.because(f"to repeat this safely: --request-id {ids.seed.hex()}")


class _Command:
    """What the parser calls: options in, exit code out."""

    def __init__(self, function: Callable[..., Report]) -> None:
        self._function = function
        self._options = _option_types(function)
        self.__name__ = function.__name__
        self.__doc__ = function.__doc__
        self.__annotations__: dict[str, object] = {}
        everything = (*self._options.values(), Common)
        self.parameters = [each for kind in everything for each in _parameters(kind)]
        self.__signature__ = inspect.Signature(self.parameters)

    def __call__(self, **given: object) -> int:
        """Run the command and print what it reports."""
        run = Run(_make(Common, given))
        options = {name: _make(kind, given) for name, kind in self._options.items()}
        report = run.report(
            lambda: self._function(run, **options),
            lambda field: option_of(self.parameters, field),
        )
        if "error" in report.data and not run.common.as_json:
            note(*(str(line) for line in report.shown))
        else:
            report.show(as_json=run.common.as_json)
        return report.code


class Misplaced(typer.TyperException):
    """Options stand where they would have no effect."""


class _Fallback(_Command):
    """A command that stands for a noun when none of its own commands is called."""

    def __init__(self, function: Callable[..., Report]) -> None:
        super().__init__(function)
        context = inspect.Parameter(
            "parsed", inspect.Parameter.KEYWORD_ONLY, annotation=typer.Context
        )
        self.__signature__ = inspect.Signature([*self.parameters, context])

    def __call__(self, **given: object) -> int:
        """Run, unless a command follows; then no option may stand before it."""
        parsed = cast("typer.Context", given.pop("parsed"))
        if parsed.invoked_subcommand is None:
            return super().__call__(**given)
        # They would be dropped without a word, a context among them.
        for each in self.parameters:
            source = parsed.get_parameter_source(each.name)
            if source is not None and source.name == "COMMANDLINE":
                raise Misplaced("Options belong after the command.")
        return Exit.CLEAR


def verb(
    app: typer.Typer, name: str
) -> Callable[[Callable[..., Report]], Callable[..., Report]]:
    """Return a decorator that adds a function to a parser as a command."""

    def added(function: Callable[..., Report]) -> Callable[..., Report]:
        app.command(name)(_Command(function))
        return function

    return added


def fallback(
    app: typer.Typer,
) -> Callable[[Callable[..., Report]], Callable[..., Report]]:
    """Return a decorator that makes a function what a noun does by itself."""

    def added(function: Callable[..., Report]) -> Callable[..., Report]:
        summary = inspect.getdoc(function)
        callback = app.callback(invoke_without_command=True, help=summary)
        callback(_Fallback(function))
        return function

    return added


def _option_types(function: Callable[..., Report]) -> Mapping[str, type[Any]]:
    """Return the dataclasses that a command takes after its run."""
    hints = get_type_hints(function)
    _run, *names = inspect.signature(function).parameters
    return {name: hints[name] for name in names}


def _parameters(kind: type[Any]) -> list[inspect.Parameter]:
    """Return a parser's parameter for each field of a dataclass."""
    hints = get_type_hints(kind, include_extras=True)
    return [
        inspect.Parameter(
            each.name,
            inspect.Parameter.KEYWORD_ONLY,
            default=inspect.Parameter.empty
            if each.default is MISSING
            else each.default,
            annotation=hints[each.name],
        )
        for each in fields(kind)
    ]


def _make(kind: type[Any], given: Mapping[str, object]) -> Any:  # noqa: ANN401 (of any dataclass)
    """Make a dataclass of the options that belong to it."""
    return kind(**{each.name: given[each.name] for each in fields(kind)})


def nouns(summary: str | None = None) -> typer.Typer:
    """Return a parser for the commands of one noun."""
    return typer.Typer(help=summary, no_args_is_help=True, rich_markup_mode=None)
