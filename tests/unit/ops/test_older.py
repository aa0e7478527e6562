"""An older database is served on the word of two officers, and that is in the log."""

import base64
import re
import shutil
import sqlite3
from contextlib import closing
from dataclasses import replace
from itertools import permutations

import pytest
from kit.certs import Pki
from kit.put_back import opened_store, put_back, serve

from placement.app import micros
from placement.audit.details import opened
from placement.audit.entry import parse
from placement.audit.note import Kind, Signer, render_key
from placement.crypto.custody import FileCustody
from placement.crypto.signing import OFFICER_LABEL, SigningKey
from placement.errors import TamperedError
from placement.ops.main import main

NEEDED = "Two officers have to sign, each with a key of their own."
REASON = "disk lost, backup of Monday"


@pytest.fixture
def run(capsys):
    """Return a function that runs a command: → exit code, stdout, stderr."""

    def command(*args):
        code = main([*map(str, args)])
        return code, *capsys.readouterr()

    return command


@pytest.fixture
def place(tmp_path, run):
    """A folder with an older database, two officers and a third key; no server runs."""
    Pki(tmp_path).server()
    file = tmp_path / "placement.toml"
    lines = []
    for name in ("kim", "robin"):
        out = run("older", "key", "--name", name, "--key", tmp_path / name)[1]
        lines.append(out.removesuffix("\n"))
    run("older", "key", "--name", "stranger", "--key", tmp_path / "stranger")
    file.write_text(f"officers = {lines}\n".replace("'", '"'), "utf-8")
    assert run("init", "--settings", file)[0] == 0
    serve(tmp_path, "h")
    for name in ("placement.db", "placement.keys.db"):
        shutil.copyfile(tmp_path / name, tmp_path / f"old-{name}")
    serve(tmp_path, "i")
    put_back(tmp_path)
    return tmp_path


@pytest.fixture
def statement(place, run):
    """A statement of the older database, which nobody has signed."""
    return stated(place, run)


def stated(place, run):
    settings = ("--settings", place / "placement.toml")
    code, out, _ = run("older", "show", *settings, "--reason", REASON)
    assert code == 0
    path = place / "statement"
    path.write_text(out, "utf-8")
    return path


def signed(run, statement, *names):
    for name in names:
        key = statement.with_name(name)
        assert run("older", "sign", "--name", name, "--key", key, statement)[0] == 0


def accept(run, place):
    return run(
        "older", "accept", "--settings", place / "placement.toml", place / "statement"
    )


def test_two_officers_have_it_served(place, run, statement):
    """It is refused before, and served after; who it was and why is an entry."""
    with pytest.raises(TamperedError):
        serve(place, "j")
    signed(run, statement, "kim", "robin")
    code, out, err = accept(run, place)
    assert (code, err) == (0, "")
    assert re.match(r"Accepted, by kim and robin, as entry 1\. What came after", out)
    serve(place, "j")
    _, store = opened_store(place)
    with closing(store):
        leaf = store.entries(1, 1)[0]
        entry = parse(leaf.entry)
        details = opened(store.leaves.details(leaf), entry.details)

    assert (entry.action, entry.person) == ("DATABASE_ACCEPT", "kim and robin")
    assert details.outline.search == REASON
    assert len(details.outline.objects[0]) == 16
    assert run("fsck", "--settings", place / "placement.toml")[0] == 0


@pytest.mark.parametrize("names", [("kim",), ("kim", "kim"), ("kim", "stranger")])
def test_one_officer_is_not_enough(place, run, statement, names):
    """Nor one twice, nor one with somebody else."""
    signed(run, statement, *names)

    expected = f"Refused. {NEEDED} So far it was kim.\n"
    assert accept(run, place) == (1, "", expected)
    with pytest.raises(TamperedError):
        serve(place, "j")


def test_without_the_setting_nobody_counts(place, run, statement):
    """It is what is missing, not a signature."""
    signed(run, statement, "kim", "robin")
    path = place / "placement.toml"
    path.write_text("", "utf-8")

    assert accept(run, place)[2].endswith(": the setting officers is missing.\n")


def test_nobody_known_is_not_enough(place, run, statement):
    """A signature of a key that the settings don't name says nothing."""
    signed(run, statement, "stranger")

    expected = (
        f"Refused. {NEEDED} So far it was none whom the setting officers names.\n"
    )
    assert accept(run, place) == (1, "", expected)


def test_a_statement_that_nobody_signed(place, run, statement):
    """It is told so, and not that it was altered."""
    expected = f"Refused. {NEEDED} Nobody has signed {statement} yet.\n"
    assert accept(run, place) == (1, "", expected)


def test_who_has_signed_is_said(place, run, statement):
    """Officers are counted, and not lines; whoever signs twice has signed once."""
    said = []
    for name in ("kim", "kim", "robin"):
        words = ("--name", name, "--key", place / name, statement)
        said.append(run("older", "sign", *words)[1])

    assert f"Signatures of 1: kim. {NEEDED}" in said[0]
    assert said[1] == said[0]
    assert f"Signatures of 2: kim, robin. {NEEDED}" in said[2]
    assert statement.read_text("utf-8").count("\n\N{EM DASH} ") == 2


def test_what_somebody_else_wrote_in_an_officer_s_name_gives_way(place, run, statement):
    """Her own signature takes its place; nobody has to verify it before."""
    signed(run, statement, "kim", "robin")
    lines = statement.read_text("utf-8").splitlines(keepends=True)
    *rest, own = lines
    head, _, blob = own.rstrip("\n").rpartition(" ")
    forged = base64.b64encode(base64.b64decode(blob)[:4] + bytes(64)).decode()
    statement.write_text("".join([*rest, f"{head} {forged}\n"]), "utf-8")
    before = accept(run, place)
    signed(run, statement, "robin")

    assert before[0] == 1
    assert accept(run, place)[0] == 0


@pytest.mark.parametrize("command", ["sign", "accept"])
def test_what_is_no_signed_statement_is_told(place, run, statement, command):
    """Cut, or edited behind the text: a sentence, and the file."""
    signed(run, statement, "kim")
    statement.write_bytes(statement.read_bytes()[:-1])
    words = ("--name", "robin", "--key", place / "robin", statement)
    told = accept(run, place) if command == "accept" else run("older", "sign", *words)

    why = f"{statement} is no signed statement, or was altered since."
    assert told == (1, "", f"Refused. {why}\n")


def test_every_refusal_has_a_sentence(place, run, statement):
    """Also where no part of it says one of its own."""
    again = run("older", "key", "--name", "kim", "--key", place / "kim")
    signed(run, statement, "kim", "robin")
    (place / "store.key").unlink()
    FileCustody.create(place / "store.key")
    other = accept(run, place)

    assert again == (
        1,
        "",
        "Refused. There is such a file already; it is left alone.\n",
    )
    assert other == (
        1,
        "",
        "Refused. What is stored does not verify, or the key is another store's.\n",
    )


def test_a_record_that_does_not_verify_is_named(place, run, statement):
    """As fsck does it."""
    signed(run, statement, "kim", "robin")
    with closing(sqlite3.connect(place / "placement.db")) as connection, connection:
        connection.execute("UPDATE event SET blob = zeroblob(8) WHERE revision = 1")

    code, out, err = accept(run, place)

    assert (code, out) == (1, "")
    assert err.startswith("Refused. What is stored does not verify, or the key is ")
    assert err.endswith(" First bad record: event 1.\n")


def test_one_key_under_two_names_is_one_officer(place, run, statement):
    """Whoever has two names in the settings still signs alone."""
    shutil.copyfile(place / "kim", place / "other")
    (place / "other").chmod(0o600)
    key = SigningKey.open(place / "kim", OFFICER_LABEL)
    names = [Signer(name, key) for name in ("kim", "other")]
    lines = [render_key(each.public) for each in names]
    text = f"officers = {lines}\n".replace("'", '"')
    (place / "placement.toml").write_text(text, "utf-8")
    signed(run, statement, "kim", "other")

    assert accept(run, place)[0] == 1


@pytest.mark.parametrize("turn", range(6))
def test_nobody_is_two_officers_by_two_keys(place, run, statement, turn):
    """One of which stands under another's name as well; in whatever order they stand."""
    keys = [SigningKey.open(place / key, OFFICER_LABEL) for key in ("kim", "stranger")]
    kims = [Signer("kim", key) for key in keys]
    signers = [*kims, Signer("robin", keys[0])]
    named = list(permutations(render_key(each.public) for each in signers))[turn]
    text = f"officers = {list(named)}\n".replace("'", '"')
    (place / "placement.toml").write_text(text, "utf-8")
    for name, key in (("kim", "kim"), ("kim", "stranger"), ("robin", "kim")):
        words = ["--name", name, "--key", place / key]
        assert run("older", "sign", *words, statement)[0] == 0

    assert accept(run, place)[0] == 1


def test_an_altered_statement_is_none(place, run, statement):
    """What they signed is what counts, to the letter."""
    signed(run, statement, "kim", "robin")
    statement.write_text(statement.read_text("utf-8").replace("Monday", "Friday"))

    expected = (
        "Refused. A signature is not of this text: it was altered since, or signed with"
        " another officer's key than that of the name.\n"
    )
    assert accept(run, place) == (1, "", expected)


def test_a_statement_is_of_one_database(place, run, statement):
    """Once accepted, it is of an earlier one: nobody uses it twice."""
    signed(run, statement, "kim", "robin")
    assert accept(run, place)[0] == 0

    expected = "Refused. The statement is of another database than this one.\n"
    assert accept(run, place) == (1, "", expected)


def test_a_statement_serves_once(place, run, statement):
    """Its database is put back again: it gave up another anchor than is there now."""
    signed(run, statement, "kim", "robin")
    assert accept(run, place)[0] == 0
    serve(place, "j")
    put_back(place)

    expected = "Refused. The anchor is another one than they gave up.\n"
    assert accept(run, place) == (1, "", expected)
    with pytest.raises(TamperedError):
        serve(place, "k")


def test_whoever_removes_the_anchor_uses_no_statement_again(place, run, statement):
    """It was of an anchor, not of none."""
    signed(run, statement, "kim", "robin")
    assert accept(run, place)[0] == 0
    put_back(place)
    (place / "placement.anchor").unlink()

    expected = "Refused. The anchor is another one than they gave up.\n"
    assert accept(run, place) == (1, "", expected)


@pytest.mark.parametrize("hours", [-1, 25])
def test_without_an_anchor_a_statement_ends(place, run, monkeypatch, hours):
    """Nothing else shows that it was used: it says when it was asked for."""
    (place / "placement.anchor").unlink()
    stated(place, run)
    signed(run, place / "statement", "kim", "robin")
    later = micros() + hours * 3_600_000_000
    monkeypatch.setattr("placement.ops.officers.micros", lambda: later)

    expected = "Refused. Without an anchor a statement holds for a day.\n"
    assert accept(run, place) == (1, "", expected)


def test_an_anchor_that_is_there_was_not_missing(place, run):
    """Nor is a statement without one a statement about whatever comes."""
    anchor = place / "placement.anchor"
    content = anchor.read_bytes()
    anchor.unlink()
    stated(place, run)
    signed(run, place / "statement", "kim", "robin")
    anchor.write_bytes(content)

    expected = "Refused. The anchor is another one than they gave up.\n"
    assert accept(run, place) == (1, "", expected)


def test_a_lost_anchor_takes_two_as_well(place, run):
    """Whoever removes it gains nothing."""
    (place / "placement.anchor").unlink()
    statement = stated(place, run)
    signed(run, statement, "kim", "robin")
    assert accept(run, place)[0] == 0
    serve(place, "j")

    assert (place / "placement.anchor").stat().st_mode & 0o077 == 0


@pytest.mark.parametrize("reason", ["", "two\nlines", "x" * 201])
def test_a_reason_is_a_line(place, run, reason):
    """It stands in the statement, and in the entry."""
    settings = ("--settings", place / "placement.toml")

    expected = "the reason must be a line of 1 to 200 characters\n"
    assert run("older", "show", *settings, "--reason", reason) == (1, "", expected)


def test_what_is_no_statement_is_not_signed(place, run):
    """An officer signs nothing else by it."""
    path = place / "letter"
    path.write_text("Dear officer\n", "utf-8")
    code, _, err = run("older", "sign", "--name", "kim", "--key", place / "kim", path)

    assert (code, err) == (1, f"{path}: is no such statement\n")
    assert path.read_text("utf-8") == "Dear officer\n"


def test_the_logs_key_signs_no_statement(place, run, statement):
    """Whoever runs the machine has it; it serves for checkpoints alone."""
    code, out, err = run(
        *("older", "sign", "--name", "kim", "--key", place / "log.key", statement)
    )

    assert (code, out) == (1, "")
    assert "log.key is of another kind or version." in err


def test_a_witness_key_is_no_officers(place, run, statement):
    """It signs other things."""
    public = Signer("kim", SigningKey.open(place / "kim", OFFICER_LABEL)).public
    other = replace(public, kind=Kind.COSIGNATURE)
    text = f'officers = ["{render_key(other)}"]\n'
    (place / "placement.toml").write_text(text, "utf-8")
    signed(run, statement, "kim")

    assert accept(run, place) == (1, "", "officers: a key is not for statements\n")
