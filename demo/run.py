"""``make demo``: from nothing to verdicts over mutual TLS, and nothing left behind.

What runs is what would run for real: ``server.py`` on SQLite as a process of its own,
certificates from ``placement-server pki``, and the client's session for every caller.
"""

import io
import re
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager, redirect_stdout
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final

from placement_client.entries import Opened, is_idle, opened
from placement_client.identifiers import parse_identifier
from placement_client.label_book import LabelBook
from placement_client.labels import LabelKey, create_label_key
from placement_client.profile import Profile
from placement_client.session import Session
from rich.console import Console
from rich.table import Table

from demo import landscape
from demo.alarm import People, alarm, place
from placement.api.v1 import check_service_pb2 as check
from placement.api.v1 import types_pb2 as wire
from placement.api.v1.audit_service_pb2 import (
    AUDIT_PURPOSE_SUPERVISION,
    EntryFilter,
    Ground,
    ListEntriesRequest,
)
from placement.audit import checkpoint, merkle, note
from placement.audit.note import Verifier, VerifierKey, parse_key
from placement.crypto.signing import verify
from placement.domain.terms import Micros, Verdict, stockholm_day
from placement.ops.main import main as placement_server

ROOT: Final = Path(__file__).parents[1]
RULESET: Final = ROOT / "placement" / "domain" / "data" / "ruleset.toml"
TRUST_DOMAIN: Final = "demo.placement"
GROUP: Final = "G01"
"""The group that the person leaves."""
CANDIDATES: Final = ("0481", "0480", "0187", "1480", "2480")
SAFE: Final = "2480"
"""The one of them that is CLEAR."""
MUST_SHOW: Final = frozenset({"CLEAR", "UNKNOWN", "REVIEW", "CONFLICT"})

_MEANING: Final = {
    "CLEAR": ("green", "may place; ask again before moving in"),
    "UNKNOWN": ("blue", "contact the coordinator"),
    "REVIEW": ("yellow", "contact the coordinator before any decision"),
    "CONFLICT": ("red", "do not place here; choose another place"),
}
_PEOPLE: Final = {
    "caseworker": ("caseworker", "1280", "cw-01"),
    "coordinator": ("coordinator", "national", "co-01"),
    "second": ("coordinator", "national", "co-02"),
    "auditor": ("auditor", "supervision", "au-01"),
}

out: Final = Console(highlight=False, width=88)


def main() -> int:
    """Run the demonstration.

    Returns:
        0 if every kind of verdict was shown, and both sides heard the alarm.
    """
    began = time.monotonic()
    with tempfile.TemporaryDirectory(prefix="placement-demo-") as folder:
        pinned = prepare(Path(folder))
        with serving(Path(folder)) as port:
            sessions = {
                who: Session.open(profile(Path(folder), who, port, pinned))
                for who in _PEOPLE
            }
            shown = tell(sessions, Path(folder))
            people = People(
                Path(folder),
                {who: profile(Path(folder), who, port, pinned) for who in _PEOPLE},
            )
            heard = placed_and_warned(people, sessions["coordinator"], Path(folder))
            read(sessions["auditor"], parse_key(pinned[1]))
            for session in sessions.values():
                session.close()
    out.print(f"\nDone in {time.monotonic() - began:.1f} s; nothing is left behind.")
    return 0 if shown >= MUST_SHOW and heard else 1


def prepare(folder: Path) -> tuple[str, str]:
    """Make certificates, keys, an empty store and the settings.

    Returns:
        The custodian's public key and the log's key, for the clients to pin.
    """
    place = ["--dir", str(folder / "pki")]
    operate(["pki", "init", *place])
    operate(["pki", "issue-server", *place, "--host", "localhost"])
    for who, (role, organisation, person) in _PEOPLE.items():
        whom = ["--role", role, "--organisation", organisation, "--person", person]
        name = ["--name", who, "--trust-domain", TRUST_DOMAIN]
        operate(["pki", "issue-client", *place, *name, *whom])
    settings = folder / "placement.toml"
    (folder / "ruleset.toml").write_text(still(), "utf-8")
    settings.write_text(
        f'address = "127.0.0.1:0"\ntrust_domain = "{TRUST_DOMAIN}"\n'
        'ruleset = "ruleset.toml"\n',
        "utf-8",
    )
    made = operate(["init", "--settings", str(settings)])
    out.print("1. Made a certificate authority, keys and an empty encrypted store.")
    out.print("   Its ruleset has no phantom stays, so that you see the facts alone.")
    custodian, log = re.findall(r"key\n(\S+)", made)
    return custodian, log


def still() -> str:
    """Return the package's ruleset without phantom stays.

    Raises:
        SystemExit: it has other numbers than are known here.
    """
    text = RULESET.read_text("utf-8")
    for number in ("stays = 2 ", "floor = 10 "):
        if text.count(number) != 1:
            raise SystemExit("the ruleset has other numbers of phantom stays")
        text = text.replace(number, f"{number.partition(' ')[0]} = 0 ")
    return text


def operate(arguments: list[str]) -> str:
    """Run an operator's command and return what it says.

    Raises:
        SystemExit: it failed.
    """
    said = io.StringIO()
    with redirect_stdout(said):
        code = placement_server(arguments)
    if code:
        raise SystemExit(code)
    return said.getvalue()


@contextmanager
def serving(folder: Path) -> Iterator[int]:
    """Run ``server.py`` until the block ends; yield its port."""
    command = [sys.executable, str(ROOT / "server.py"), "serve"]
    command += ["--settings", str(folder / "placement.toml")]
    with (folder / "server.log").open("wb") as log:
        server = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=log)
    try:
        if server.stdout is None:
            raise SystemExit("the server has no voice")
        said = server.stdout.readline().decode()
        if not said.startswith("Serving on port "):
            raise SystemExit((folder / "server.log").read_text("utf-8"))
        out.print("2. Started server.py: gRPC over mutual TLS 1.3, SQLite.")
        yield int(said.rstrip(".\n").rpartition(" ")[2])
    finally:
        server.terminate()
        server.wait(timeout=10)


def profile(folder: Path, who: str, port: int, pinned: tuple[str, str]) -> Profile:
    """Return how somebody reaches the server."""
    pki = folder / "pki"
    return Profile(
        server=f"localhost:{port}",
        certificate=str(pki / f"{who}.pem"),
        key=str(pki / f"{who}.key"),
        ca=str(pki / "ca.pem"),
        custodian_key=pinned[0],
        log_key=pinned[1],
    )


def tell(sessions: dict[str, Session], folder: Path) -> set[str]:
    """Do the main job and print it.

    Returns:
        The kinds of verdict that were shown.
    """
    caseworker, coordinator = sessions["caseworker"], sessions["coordinator"]
    book = load(coordinator, sessions["second"], folder)
    number = parse_identifier(
        landscape.synthetic_number(),
        field="identifier",
        today=datetime.fromtimestamp(time.time(), UTC).date(),
    )
    (pseudonym,) = caseworker.pseudonyms([number])
    case = caseworker.open_case(
        [pseudonym], reference="SN 2026/17", basis=check.BASIS_POLICE
    ).case_handle
    out.print(
        "4. A caseworker in 1280 Malmö opened a case. The number never left the client:"
        "\n   the custodian saw it blinded, the service got a pseudonym."
    )
    (folder / "case").write_bytes(case)
    shown = ask(caseworker, case, "5. Before the police have assessed the case:")
    person = wire.Person(case_member=wire.CaseMember(case_handle=case, position=0))
    belongs = wire.Affiliation(
        person=person, group=book.token(GROUP), role=wire.AFFILIATION_ROLE_ASSOCIATE
    )
    assessed = coordinator.registry.assess_case(
        case, [fact(affiliation=belongs)], none_known=False
    )
    caseworker.min_revision = assessed.revision
    out.print("\n6. A coordinator assessed the case: it leaves one of the 35 groups.")
    shown |= ask(caseworker, case, "7. The same question again:")
    return shown


def placed_and_warned(people: People, coordinator: Session, folder: Path) -> bool:
    """Place the person where it is CLEAR, then record what makes that a danger.

    Returns:
        Whether both sides heard the alarm.
    """
    case = (folder / "case").read_bytes()
    if not place(people, case, SAFE):
        return False
    out.print(
        f"\n8. The caseworker held {SAFE} and confirmed: the person is placed there. Both"
        "\n   sides run `placement alert watch`. A coordinator records that a group which"
        "\n   is at war with theirs has come to the town:"
    )
    key = LabelKey.read(folder / "labels.key")
    book = LabelBook([key], coordinator.registry.list_groups())
    rival = next(
        one.other if one.one == GROUP else one.one
        for one in landscape.ties()
        if one.rivalry and GROUP in (one.one, one.other)
    )
    seen = landscape.Presence(rival, SAFE, "active")

    def record() -> None:
        coordinator.registry.record_facts([presence(book, seen)])

    return alarm(people, record, lambda line: out.print(line, highlight=False))


def load(coordinator: Session, second: Session, folder: Path) -> LabelBook:
    """Load municipalities' coverage and the landscape; a second person approves."""
    create_label_key(folder / "labels.key")
    key = LabelKey.read(folder / "labels.key")
    coordinator.registry.register_groups(
        key.new_group(name) for name in landscape.groups()
    )
    book = LabelBook([key], coordinator.registry.list_groups())
    facts = [
        *(tie(book, one) for one in landscape.ties()),
        *(presence(book, one) for one in landscape.presences()),
    ]
    recorded = coordinator.registry.record_facts(facts)
    second.registry.approve_change(recorded.change_id)
    coordinator.registry.attest_coverage([], reviewed_on=today() - 1, whole_region=True)
    count = len(landscape.areas())
    out.print(
        f"3. A coordinator's client loaded {len(landscape.groups())} groups (names stay"
        f" in the client), {len(facts)} facts\n   and the coverage of {count}"
        " municipalities; a second coordinator\n   approved what can give CONFLICT."
    )
    return book


def fact(**statement: Any) -> wire.Fact:  # noqa: ANN401 (any statement)
    """Return a well-sourced fact."""
    grade = wire.SourceGrade(scheme=wire.GRADE_SCHEME_THREE_FIVE_TWO, given="1B")
    return wire.Fact(grade=grade, reason=wire.FACT_REASON_INTELLIGENCE, **statement)


def today() -> int:
    """Return the day it is in Stockholm, counted from 1970-01-01."""
    return stockholm_day(Micros(time.time_ns() // 1000))


def tie(book: LabelBook, one: landscape.Tie) -> wire.Fact:
    """Return a rivalry or an alliance."""
    first, second = book.token(one.one), book.token(one.other)
    if one.rivalry:
        return fact(
            rivalry=wire.Rivalry(group_a=first, group_b=second, severity=one.severity)
        )
    return fact(alliance=wire.Alliance(group_a=first, group_b=second))


def presence(book: LabelBook, one: landscape.Presence) -> wire.Fact:
    """Return where a group stands."""
    kind = wire.PresenceKind.Value(f"PRESENCE_KIND_{one.kind.upper()}")
    return fact(
        presence=wire.Presence(group=book.token(one.group), area=one.area, kind=kind)
    )


def ask(caseworker: Session, case: bytes, title: str) -> set[str]:
    """Check the candidates and print the answer.

    Returns:
        The kinds of verdict.
    """
    question = caseworker.question(
        case,
        [check.Candidate(area=code) for code in CANDIDATES],
        window=wire.Window(start_day=today()),
        justification=check.JUSTIFICATION_PLANNED,
    )
    answer = caseworker.check_placement(question)
    table = Table(title=f"\n{title}", title_justify="left", title_style="")
    for heading in ("Municipality", "Verdict", "What to do"):
        table.add_column(heading)
    names = landscape.areas()
    verdicts = [
        wire.Verdict.Name(each.verdict).removeprefix("VERDICT_")
        for each in answer.verdicts
    ]
    for code, verdict in zip(CANDIDATES, verdicts, strict=True):
        style, meaning = _MEANING[verdict]
        table.add_row(f"{code} {names[code]}", f"[bold {style}]{verdict}[/]", meaning)
    out.print(table)
    return set(verdicts)


def read(auditor: Session, log: VerifierKey) -> None:
    """Print what the access log holds of all this, and prove that it stands there."""
    ground = Ground(purpose=AUDIT_PURPOSE_SUPERVISION, matter="DI 2026/3")
    page = auditor.audits.list_entries(
        ListEntriesRequest(
            filter=EntryFilter(first_index=0), page_size=100, ground=ground
        )
    )
    table = Table(
        title="\n9. An auditor read the access log; each search says why it was made:",
        title_justify="left",
        title_style="",
    )
    for heading in ("#", "Kind", "Action", "By", "Outcome", "Verdicts"):
        table.add_column(heading)
    # What fills up a tick says that nothing happened.
    every = (opened(sent) for sent in page.entries)
    found = [each for each in every if not is_idle(each)]
    for entry in found:
        table.add_row(*row(entry))
    out.print(table)
    last = found[-1]
    shown = auditor.audits.show_entry(last.index, ground)
    signed = note.parse(shown.note)
    note.verify(signed, [Verifier(log, verify)])
    made = checkpoint.parse(signed.text)
    merkle.verify_inclusion(
        last.leaf_hash, last.index, made.size, shown.hashes, made.root
    )
    out.print(
        f"\n10. Entry {last.index} is proven to stand in the log: {len(shown.hashes)}"
        f" hashes lead from it to the\n   checkpoint of {made.size} entries, which the"
        " pinned key signed."
    )


def row(found: Opened) -> tuple[str, ...]:
    """Return an entry as a row of a table."""
    entry, outline = found.entry, found.outline
    verdicts = outline.verdicts if outline else ()
    return (
        str(found.index),
        entry.kind,
        entry.action,
        f"{entry.person} of {entry.organisation}",
        entry.outcome,
        " ".join(Verdict(verdict).name[:4] for verdict in verdicts),
    )


def stoppable() -> int:
    """Run; when told to stop, clean up first and say so."""
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(128 + signal.SIGTERM))
    try:
        return main()
    except KeyboardInterrupt:
        out.print("\nStopped; nothing is left behind.")
        return 128 + signal.SIGINT


if __name__ == "__main__":
    sys.exit(stoppable())
