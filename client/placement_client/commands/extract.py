"""``placement extract``: what is kept about one person, written for that person."""

import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any, Final

import typer

from placement.api.v1 import extract_service_pb2 as wire
from placement.crypto.files import write_file
from placement.errors import (
    AccessDeniedError,
    BudgetError,
    ConflictError,
    InvalidInputError,
    NotFoundError,
    StaleError,
)
from placement.reference import require_reference
from placement_client.commands.asking import ask_numbers
from placement_client.commands.extract_data import extract_data, head_data
from placement_client.commands.extract_words import document
from placement_client.commands.finding_words import known_names, said_words
from placement_client.commands.hints import Hints, hinted
from placement_client.commands.options import IdentifierStdin, choice, chosen
from placement_client.commands.release import Seen
from placement_client.commands.report import Report, counted, table
from placement_client.commands.verb import Run, nouns, verb
from placement_client.drafts import read_token
from placement_client.extracts import MAX_RELEASED
from placement_client.rendering import to_json
from placement_client.trust import FILE_MODE

app = nouns("Coordinators: tell a person what is kept about them.")

_OTHER_PERSON: Final = (
    "Another person's numbers were named than were proposed, or not all of them, or it "
    "lapsed. Type the numbers from the person's own request."
)
_HINTS: Final[Hints] = {
    AccessDeniedError: (
        "Coordinators do this; the second one is another than the one who proposed it."
    ),
    NotFoundError: (
        "No such extract waits, or can be read, here: it lapsed, or is not yours. "
        "`placement change list` lists what waits."
    ),
    ConflictError: _OTHER_PERSON,
    StaleError: (
        "What is kept about the person is no longer what you were shown, or it was shown "
        "to somebody else, so nothing was approved. Run `placement extract show` again, "
        "read it, and approve with the --seen that it prints."
    ),
    BudgetError: (
        "You or your region have proposed as many extracts as the ruleset allows, whoever "
        "they were about: unless it says otherwise 5 a day and person, 50 in 30 days."
    ),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Proposed:
    """Options of ``propose``."""

    reference: Annotated[
        str, typer.Option(help="Your own number of the person's request.")
    ]
    ground: Annotated[str, choice(wire.ExtractGround, "Why")] = "own-request"
    case: Annotated[
        list[str] | None,
        typer.Option(help="Handle that the person has, to tell whether it was erased."),
    ] = None
    identifier_stdin: IdentifierStdin = False


@verb(app, "propose")
def propose(run: Run, asked: Proposed) -> Report:
    """Propose that a person is told what is kept about them.

    See before that it is that person who asks. All numbers of the one person are asked
    for unseen. The answer is the same whoever it is. A second coordinator decides.
    """
    # Before a person is asked for: neither a number nor its evaluation goes to waste.
    require_reference(asked.reference)
    ground = chosen(wire.ExtractGround, asked.ground, field="ground")
    cases = [read_token(each, field="case") for each in asked.case or ()]
    request = wire.ProposeExtractRequest(
        pseudonyms=_pseudonyms(run, stdin=asked.identifier_stdin),
        case_handles=cases,
        ground=ground,
        reference=asked.reference,
    )
    with hinted(_HINTS):
        answer = run.session().extracts.propose(request)
    change = answer.change_id.hex()
    said = (
        "Nothing is told yet. A second coordinator looks with `placement extract show "
        f"{change}`, decides what is told with `placement extract approve {change} --seen "
        "HEX`, and "
        "one of you writes it with `placement extract write`."
    )
    return Report(data=to_json(answer), shown=[said])


@dataclass(frozen=True, slots=True, kw_only=True)
class Meant:
    """Which extract."""

    change: Annotated[str, typer.Argument(metavar="CHANGE", help="Id of the extract.")]
    identifier_stdin: IdentifierStdin = False

    @property
    def id(self) -> bytes:
        """The id, 16 bytes."""
        return read_token(self.change, field="change_id")


@verb(app, "show")
def show(run: Run, asked: Meant) -> Report:
    """Show the second coordinator what could be told.

    Type the numbers from the person's own request: it is refused if they are others
    than were proposed.
    """
    change_id, names = asked.id, known_names(run)
    pseudonyms = _pseudonyms(run, stdin=asked.identifier_stdin)
    with hinted(_HINTS):
        answer = run.session().extracts.show(change_id, pseudonyms)
    data = {
        **head_data(answer.head, names),
        "proposer": answer.head.proposer,
        "seen": answer.seen.hex(),
    }
    headings = ("Id", "What", "Says", "Since", "Until")
    shown = table(headings, _rows(data))
    said = (
        "Withheld unless you release it: every fact, every case in which somebody else "
        "stands first, what was answered, and what the police did. Release what no law "
        "keeps from the person with --release ID and --tell WORD. The person's own cases "
        "are told, and where they were placed; --withhold ID keeps one back."
    )
    return Report(data=data, shown=[shown, said, f"Seen: {answer.seen.hex()}"])


@dataclass(frozen=True, slots=True, kw_only=True)
class Approved:
    """Options of ``approve``."""

    seen: Annotated[
        str, typer.Option(metavar="HEX", help="As `placement extract show` printed it.")
    ]
    release: Annotated[
        list[str] | None,
        typer.Option(metavar="ID", help="A fact or case that is told; repeat it."),
    ] = None
    withhold: Annotated[
        list[str] | None,
        typer.Option(metavar="ID", help="A case that is not told; repeat it."),
    ] = None
    tell: Annotated[list[str] | None, choice(wire.ExtractPart, "What else is told")] = (
        None
    )


@verb(app, "approve")
def approve(run: Run, asked: Meant, approved: Approved) -> Report:
    """Stand behind another coordinator's extract, and say what is told.

    You say with --seen what you were shown: if something came or changed since, nothing
    is approved. What you don't release is withheld, and the person is not told that there is any.
    Cases in which the person stands first are told, with where they were placed, unless
    you withhold them.
    """
    request = wire.ApproveExtractRequest(
        change_id=asked.id,
        seen=Seen(seen=approved.seen).digest(),
        released_ids=_ids(approved.release, "release"),
        withheld_ids=_ids(approved.withhold, "withhold"),
        parts=[
            chosen(wire.ExtractPart, each, field="tell") for each in approved.tell or ()
        ],
        pseudonyms=_pseudonyms(run, stdin=asked.identifier_stdin),
    )
    with hinted(_HINTS):
        answer = run.session().extracts.approve(request)
    said = (
        "It can be written for seven days, by you or by who proposed it: `placement "
        f"extract write {asked.change} --to FILE`."
    )
    return Report(data=to_json(answer), shown=[said])


@dataclass(frozen=True, slots=True, kw_only=True)
class Written:
    """Options of ``write``."""

    to: Annotated[
        Path,
        typer.Option(metavar="FILE", help="Two new files: FILE.md and FILE.json."),
    ]


@verb(app, "write")
def write(run: Run, asked: Meant, written: Written) -> Report:
    """Write an extract for the person: one file to read, one for programs.

    Both are readable by you alone. Give them to the person, and delete them.
    """
    paths = [written.to.with_name(written.to.name + end) for end in (".md", ".json")]
    _require_free(paths)
    change_id, names = asked.id, known_names(run)
    pseudonyms = _pseudonyms(run, stdin=asked.identifier_stdin)
    with hinted(_HINTS):
        extract = run.session().extracts.read(change_id, pseudonyms)
    data = extract_data(extract, names)
    texts = (document(data), json.dumps(data, ensure_ascii=False, indent=2) + "\n")
    _write(dict(zip(paths, texts, strict=True)))
    entries = counted(len(extract.entries), "entry", "entries")
    said = (
        f"Wrote {paths[0].name} and {paths[1].name}, with {entries} of the access log."
    )
    return Report(data={"files": list(map(str, paths))}, shown=[said])


def _pseudonyms(run: Run, *, stdin: bool) -> tuple[bytes, ...]:
    """Ask for the numbers of the person; return the pseudonyms."""
    session = run.session()
    return session.pseudonyms(ask_numbers(run, stdin=stdin))


def _ids(given: list[str] | None, field: str) -> list[bytes]:
    """Read ids, before anybody's number is asked for."""
    if len(given or ()) > MAX_RELEASED:
        raise InvalidInputError(field, f"must be at most {MAX_RELEASED}")
    return [read_token(each, field=field) for each in given or ()]


def _require_free(paths: list[Path]) -> None:
    """Refuse to write where something is, before anything is read and logged."""
    if any(path.exists() for path in paths):
        raise InvalidInputError("to", "is there already")
    if not paths[0].parent.is_dir():
        raise InvalidInputError("to", "is in no folder")


def _write(texts: dict[Path, str]) -> None:
    """Write all files, or leave none."""
    done: list[Path] = []
    try:
        for path, text in texts.items():
            write_file(path, text.encode(), mode=FILE_MODE)
            done.append(path)
    except OSError as error:
        for path in done:
            path.unlink(missing_ok=True)
        raise InvalidInputError("to", "can't be written") from error


def _rows(data: dict[str, Any]) -> Iterator[tuple[object, ...]]:
    frame = {"fact_id", "kind", "since", "until", "recorded_on", "retracted"}
    for fact in data["facts"]:
        says = said_words(
            {name: value for name, value in fact.items() if name not in frame}
        )
        kind = f"{fact['kind']}, retracted" if fact["retracted"] else fact["kind"]
        days = (fact["since"] or "", fact["until"] or "")
        yield (fact["fact_id"], kind, says, *days)
    for case in data["cases"]:
        whose = "case" if case["is_first"] else "case of somebody else"
        stays = counted(len(case["stays"]), "placement", "placements")
        says = f"{case['municipality_name']}, {stays}"
        days = (case["opened_on"], case["closed_on"] or "")
        yield (case["case_handle"], whose, says, *days)
    for handle in data["erased_cases"]:
        yield (handle, "erased case", "", "", "")
