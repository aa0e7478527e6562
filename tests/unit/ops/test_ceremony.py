"""The ceremony: a key is made and split, and comes back from any three shares."""

import os
import re
import signal
import stat
from contextlib import closing

import pytest
from kit.guessing import make_cheap

from placement import crypto
from placement.crypto import recovery
from placement.crypto.custody import OPRF_LABEL
from placement.crypto.keyfile import is_wrapped, open_signing
from placement.crypto.passphrase import PassphraseCustody
from placement.crypto.recovery import combine, split
from placement.crypto.signing import SigningKey
from placement.crypto.wrapping import SecretCustody
from placement.errors import UnavailableError
from placement.ops import ceremony, holders
from placement.ops.main import main
from placement.service.custodian import Custodian
from placement.store.log import Store

WORDS = "åtta hästar står stilla"


class Person:
    """Types what a holder or an operator types, and sees what is shown."""

    def __init__(self, *words):
        self.words = list(words)
        self.seen = []

    def words_asked(self, _sentence):
        return self.words.pop(0)


@pytest.fixture
def place(tmp_path, monkeypatch):
    """A folder whose custody is under a passphrase; a guess is as cheap as can be."""
    make_cheap(monkeypatch)
    (tmp_path / "placement.toml").write_text('custody = "passphrase"\n', "utf-8")
    return tmp_path


@pytest.fixture
def run(place, capsys, monkeypatch):
    """Return a function that runs a command: → exit code, stdout, stderr."""

    def command(*words, typed=(), settings="placement.toml"):
        person = Person(*typed)
        monkeypatch.setattr("placement.ops.custodies.getpass", person.words_asked)
        monkeypatch.setattr(holders, "getpass", person.words_asked)
        code = main([*words, "--settings", str(place / settings)])
        assert person.words == []
        return code, *capsys.readouterr()

    return command


@pytest.fixture
def made(place, run):
    """The same with a key, its five shares, and an empty store."""
    folder = str(place / "shares")
    assert run("custody", "create", "--shares", folder, typed=(WORDS, WORDS))[0] == 0
    assert run("init", typed=(WORDS,))[0] == 0
    return place


def lines(place):
    return [file.read_text("ascii") for file in sorted((place / "shares").iterdir())]


def given(place, *numbers):
    files = [place / "shares" / f"share-{number}.txt" for number in numbers]
    return [word for file in files for word in ("--share", str(file))]


def test_a_passphrase_that_is_too_short_is_told_so(place, run):
    """With the least that is taken; nothing is made."""
    folder = str(place / "shares")
    code, out, err = run("custody", "create", "--shares", folder, typed=("abc", "abc"))

    assert (code, out) == (1, "")
    assert "The passphrase must have at least 16 characters" in err
    assert not (place / "store.key").exists()


def test_a_store_needs_the_ceremony_first(place, run):
    """No passphrase is asked for."""
    code, out, err = run("init")

    assert (code, out) == (1, "")
    assert "run `placement-server custody create` first" in err
    assert not (place / "log.key").exists()


def test_a_key_is_made_with_five_shares(place, run):
    """Each in a file of its own, for its owner; nothing of them is printed."""
    code, out, err = run(
        "custody", "create", "--shares", str(place / "shares"), typed=(WORDS, WORDS)
    )
    found = lines(place)

    assert (code, err) == (0, "")
    assert out == (
        "Made the key. Give each share to another person, who keeps it in another "
        "place. Any three bring the key back, two say nothing. They are in "
        f"{place / 'shares'}; leave none of them on this machine.\n"
    )
    assert len(found) == 5
    assert not [line for line in found if line.strip()[:20] in out]
    assert combine(found[2:]) == opened(place).secret.secret
    for file in (place / "shares").iterdir():
        assert stat.S_IMODE(file.stat().st_mode) == 0o600


def opened(place):
    return PassphraseCustody(place / "store.key", WORDS.encode())


def test_shares_are_not_shown_to_a_pipe(run):
    """Something could keep what goes through it; and nothing was made."""
    code, out, err = run("custody", "create")

    assert (code, out) == (1, "")
    assert err == "Shares are shown on a terminal alone; or name --shares FOLDER.\n"


class Holders:
    """Those at the terminal, who copy what they see and type its end back."""

    def __init__(self, monkeypatch, *, slips=0, leave_at=None, by=KeyboardInterrupt):
        self.shown = ""
        self.slips, self.leave_at, self.by = slips, leave_at, by
        monkeypatch.setattr(ceremony, "require_place", lambda _: None)
        monkeypatch.setattr("builtins.input", self.typed)
        monkeypatch.setattr(holders.sys, "stdout", self)

    def write(self, text):
        self.shown += text

    def flush(self):
        """Nothing is kept back."""

    @property
    def shares(self):
        return re.findall(r"(?:[A-Z2-7]{6} ){11}[A-Z2-7]{6}", self.shown)

    @property
    def screen(self):
        return self.shown.rpartition("\x1b[3J\x1b[H")[2]

    def leave(self):
        """Go away: by an error, or by a signal to the program."""
        if isinstance(self.by, signal.Signals):
            os.kill(os.getpid(), self.by)
            return self.shares[-1][-6:]  # that one is not heeded
        raise self.by

    def typed(self, sentence):
        self.shown += sentence
        if sentence.endswith("Enter shows it: "):
            assert "\n" not in self.screen
            return ""
        if len(self.shares) == self.leave_at:
            return self.leave()
        if self.slips:
            self.slips -= 1
            return "AAAAAA"
        return self.shares[-1][-6:].lower()


def test_a_holder_reads_and_types_back(place, run, monkeypatch):
    """One after the other; a share is shown once the terminal was emptied of the last."""
    people = Holders(monkeypatch, slips=1)
    code = run("custody", "create", typed=(WORDS, WORDS))[0]

    assert code == 0
    assert len(people.shares) == 5
    assert combine(people.shares[:3]) == opened(place).secret.secret
    assert people.shown.count("That is not its end; look again.") == 1
    assert people.shown.count("Enter shows it") == 5
    assert people.screen.startswith("Made the key.")


@pytest.mark.parametrize(
    "by",
    [KeyboardInterrupt, EOFError, signal.SIGTERM, signal.SIGHUP, signal.SIGQUIT],
)
@pytest.mark.parametrize("leave_at", [1, 5])
def test_whoever_breaks_off_has_made_nothing(place, run, monkeypatch, leave_at, by):
    """No key that nobody has all shares of; and nothing is left on the screen."""
    people = Holders(monkeypatch, leave_at=leave_at, by=by)
    code, _, err = run("custody", "create", typed=(WORDS, WORDS))

    assert (code, err) == (
        1,
        "Broken off. Nothing was made. Burn the shares of this try, and begin again.\n",
    )
    assert people.screen == ""
    assert not (place / "store.key").exists()


def test_nobody_stops_it_with_a_share_on_the_screen(place, run, monkeypatch):
    """Ctrl-Z is not heeded, and what was heeded before is again behind it."""
    before = signal.getsignal(signal.SIGTSTP)
    people = Holders(monkeypatch, leave_at=2, by=signal.SIGTSTP)
    code = run("custody", "create", typed=(WORDS, WORDS))[0]

    assert (code, len(people.shares)) == (0, 5)
    assert signal.getsignal(signal.SIGTSTP) == before


def test_new_shares_that_were_broken_off(made, run, monkeypatch):
    """Three of them would bring the key back, which is there."""
    people = Holders(monkeypatch, leave_at=4)
    code, _, err = run("custody", "split", typed=(WORDS,))

    assert code == 1
    assert err.startswith("Broken off. Not everybody has a share. Three of those")
    assert people.screen == ""


def test_shares_that_can_not_all_be_written(place, run):
    """What was written is taken back, what was there stays, and no key is made."""
    folder = place / "shares"
    folder.mkdir()
    (folder / "share-4.txt").write_text("of another key\n")
    code, _, err = run(
        "custody", "create", "--shares", str(folder), typed=(WORDS, WORDS)
    )

    assert code == 1
    assert err == (
        f"{folder / 'share-4.txt'} is there already. Nothing was made. "
        "Burn the shares of this try, and begin again.\n"
    )
    assert [file.name for file in folder.iterdir()] == ["share-4.txt"]
    assert not (place / "store.key").exists()


def test_shares_of_a_key_that_could_not_be_made(place, run, monkeypatch):
    """They bring nothing back, so their files go; one that stays is named."""
    folder = place / "shares"
    kept = folder / "share-2.txt"

    def failing(*_):
        error = UnavailableError()
        error.because("The token does not answer.")
        raise error

    def shred(path):
        if path == kept:
            raise UnavailableError
        path.unlink()

    monkeypatch.setattr(PassphraseCustody, "create", failing)
    monkeypatch.setattr(holders, "shred", shred)
    code, _, err = run(
        "custody", "create", "--shares", str(folder), typed=(WORDS, WORDS)
    )

    assert code == 1
    assert err == (
        "The token does not answer. Burn the shares of this try, and begin again. "
        f"The share in {kept} could not be destroyed: see to it.\n"
    )
    assert list(folder.iterdir()) == [kept]


def test_a_folder_that_can_not_be(place, run):
    """It is named; nothing was made."""
    (place / "file").write_text("")
    folder = place / "file" / "shares"
    code, _, err = run(
        "custody", "create", "--shares", str(folder), typed=(WORDS, WORDS)
    )

    assert code == 1
    assert err.startswith(f"{folder}: Not a directory. Nothing was made.")


def test_no_share_is_shown_where_a_key_is_already(made, run, monkeypatch):
    """Five people would copy what is of no use."""
    people = Holders(monkeypatch)
    code, _, err = run("custody", "create", typed=(WORDS, WORDS))

    assert (code, err) == (1, "There is a key already; nothing was made.\n")
    assert people.shares == []


def test_a_question_that_is_not_answered(place, capsys, monkeypatch):
    """A sentence, and no page of traceback."""

    def leaving(_):
        raise KeyboardInterrupt

    monkeypatch.setattr("placement.ops.custodies.getpass", leaving)
    folder = place / "shares"
    named = f"--settings={place / 'placement.toml'}"
    code = main(["custody", "create", f"--shares={folder}", named])

    assert (code, capsys.readouterr().err) == (1, "Broken off.\n")
    assert not folder.exists()


def test_two_passphrases_that_differ(place, run):
    """Nothing is made under a slip of the finger."""
    code, _, err = run(
        "custody", "create", "--shares", str(place / "s"), typed=(WORDS, "other words")
    )

    assert (code, err) == (1, "The two passphrases differ; nothing was made.\n")
    assert not (place / "store.key").exists()


def test_a_key_without_recovery(place, run):
    """Whoever wants that is told what it means."""
    code, out, _ = run("custody", "create", "--no-recovery", typed=(WORDS, WORDS))

    assert code == 0
    assert out == (
        "Made the key. It has no shares: if the custody is lost, all is lost.\n"
    )


def test_new_shares_of_the_same_key(made, run):
    """The old ones still bring it back, and it says so."""
    before = lines(made)
    folder = made / "again"
    code, out, _ = run("custody", "split", "--shares", str(folder), typed=(WORDS,))
    after = [file.read_text() for file in sorted(folder.iterdir())]

    assert code == 0
    assert out.startswith("Made five new shares. ")
    assert out.endswith("collect and destroy them.\n")
    assert set(after).isdisjoint(before)
    assert combine(after[:3]) == combine(before[:3])


@pytest.mark.parametrize("numbers", [(1, 2, 3), (5, 3, 1), (2, 4, 5, 1)])
def test_the_key_comes_back(made, run, numbers):
    """Under a new passphrase; the store opens, and the old file is not needed."""
    (made / "store.key").unlink()
    new = "nio katter vilar här inne"
    code, out, err = run("custody", "recover", *given(made, *numbers), typed=(new, new))

    assert (code, err) == (0, "")
    assert out.startswith("Brought the key back; it opens this store.")
    assert run("fsck", typed=(new,))[0] == 0


def test_the_key_comes_back_on_an_empty_machine(made, run):
    """Where the store is still in its backup, the log's key is tried."""
    backups = ("--database", str(made / "a" / "db"), "--keys", str(made / "b" / "keys"))
    for name in ("a", "b"):
        (made / name).mkdir()
    assert run("backup", *backups, typed=(WORDS,))[0] == 0
    for name in ("store.key", "placement.db", "placement.keys.db"):
        (made / name).unlink()
    code, out, _ = run("custody", "recover", *given(made, 1, 2, 3), typed=(WORDS,) * 2)

    assert code == 0
    assert out.startswith("Brought the key back; it opens the log's key. Now ")
    assert run("restore", *backups, typed=(WORDS,))[0] == 0
    assert run("fsck", typed=(WORDS,))[0] == 0


def test_another_key_is_known_on_an_empty_machine(made, run):
    """Whether by the log's key, or because there is nothing to try it on."""
    for name in ("store.key", "placement.db", "placement.keys.db"):
        (made / name).unlink()
    for number, line in enumerate(split(bytes(32)), 1):
        (made / "shares" / f"share-{number}.txt").write_text(line)
    wrong = run("custody", "recover", *given(made, 1, 2, 3))
    (made / "log.key").unlink()
    nothing = run("custody", "recover", *given(made, 1, 2, 3))
    SigningKey.create(made / "log.key")
    plain = run("custody", "recover", *given(made, 1, 2, 3))

    assert wrong[0] == nothing[0] == plain[0] == 1
    assert "another key than this store's" in wrong[2]
    assert not (made / "store.key").exists()


def test_shares_are_typed(made, run):
    """Where there is no file of them."""
    (made / "store.key").unlink()
    code, _, err = run("custody", "recover", typed=(*lines(made)[:3], WORDS, WORDS))

    assert (code, err) == (0, "")


def test_a_slip_is_told_at_once(made, run):
    """Of the share that it is in, and of one that came before; the others stand."""
    (made / "store.key").unlink()
    first, second, third, *_ = lines(made)
    slip = ("B" if second[0] == "A" else "A") + second[1:]
    typed = (first, slip, first, second, "", third, WORDS, WORDS)
    code, out, err = run("custody", "recover", typed=typed)

    assert (code, err) == (0, "")
    assert out.startswith(
        "Share 2 is mistyped. Type this one again; Ctrl-C breaks off.\n"
        "Shares are one share twice. Type this one again; Ctrl-C breaks off.\n"
        "Share 3 is mistyped. Type this one again; Ctrl-C breaks off.\n"
        "Brought the key back"
    )


def test_two_shares_bring_nothing_back(made, run):
    """It says so, and makes nothing."""
    (made / "store.key").unlink()
    code, out, err = run("custody", "recover", *given(made, 1, 2))

    assert (code, out, err) == (1, "", "Shares: are fewer than 3.\n")
    assert not (made / "store.key").exists()


def test_an_altered_share_brings_nothing_back(made, run):
    """Neither a slip, nor one that somebody made fit; the error repeats no share."""
    (made / "store.key").unlink()
    file = made / "shares" / "share-2.txt"
    line = file.read_text()
    file.write_text(("A" if line[0] != "A" else "B") + line[1:])
    slip = run("custody", "recover", *given(made, 1, 2, 3))
    other = split(bytes(32))
    file.write_text(other[1])
    mixed = run("custody", "recover", *given(made, 1, 2, 3))

    assert slip == (1, "", "Share 2: is mistyped.\n")
    assert mixed == (1, "", "Shares: are of two different keys.\n")
    assert not (made / "store.key").exists()


def test_a_forged_share_brings_nothing_back(made, run, monkeypatch):
    """Its check fits, the key doesn't."""
    (made / "store.key").unlink()
    file = made / "shares" / "share-2.txt"
    read = recovery._read(file.read_text(), 1)
    piece = bytes([read.piece[0] ^ 1]) + read.piece[1:]
    file.write_text(recovery._written(type(read)(read.key_id, read.number, piece)))
    code, _, err = run("custody", "recover", *given(made, 1, 2, 3))

    assert code == 1
    assert err.startswith("One of these shares was altered, or is of another key.")


def test_shares_of_another_stores_key(made, run):
    """They fit one another, and not this store."""
    (made / "store.key").unlink()
    for number, line in enumerate(split(bytes(32)), 1):
        (made / "shares" / f"share-{number}.txt").write_text(line)
    code, _, err = run("custody", "recover", *given(made, 1, 2, 3))

    assert code == 1
    assert err == (
        "These shares bring back another key than this store's; nothing was made.\n"
    )
    assert not (made / "store.key").exists()


def test_a_plain_file_and_a_token_have_no_split(place, run):
    """Each with its sentence."""
    settings = place / "placement.toml"
    settings.write_text("")
    plain = run("custody", "create")
    settings.write_text('custody = "token"\ntoken = "t"\ntoken_module = "m"\n')
    token = run("custody", "split")

    assert plain == (1, "", 'custody = "file" has no ceremony; see the settings.\n')
    assert token == (
        1,
        "",
        "A key can't be read out of a token. Its shares are made when it is made.\n",
    )


def test_without_the_extra_it_is_told(place, run, monkeypatch):
    """Not everybody installs what splits and joins."""
    monkeypatch.delattr(crypto, "recovery", raising=False)
    monkeypatch.setitem(holders.sys.modules, "placement.crypto.recovery", None)

    assert run("custody", "create") == (1, "", "Shares need `placement[hsm]`.\n")


def test_the_store_is_the_same(made):
    """What three shares bring back opens it without any file."""
    secret = combine(lines(made)[1:4])
    url = f"sqlite:///{made / 'placement.db'}"

    with closing(Store.open(url, SecretCustody(secret))) as store:
        assert store.read_head().revision > 0


@pytest.fixture
def apart(place, run):
    """A custodian's folder with a key under a passphrase, its shares, and its log."""
    (place / "custodian.toml").write_text(
        'custody = "passphrase"\norigin = "police.example.org/log"\n', "utf-8"
    )

    def command(*words, typed):
        return run(*words, typed=typed, settings="custodian.toml")

    folder = str(place / "shares")
    words = ("custody", "create", "--custodian", "--shares", folder)
    assert command(*words, typed=(WORDS, WORDS))[0] == 0
    return command


def test_a_custodian_apart_has_the_same_ceremony(place, apart):
    """By its own settings, and for its own log."""
    assert apart("custodian", "init", typed=(WORDS,))[0] == 0
    again = str(place / "again")
    parted = apart("custody", "split", "--custodian", "--shares", again, typed=(WORDS,))
    (place / "store.key").unlink()
    back = apart(
        "custody",
        "recover",
        "--custodian",
        *given(place, 1, 2, 3),
        typed=(WORDS, WORDS),
    )

    assert parted[0] == 0
    assert back[0] == 0
    assert "Run `placement-server custodian fsck`, then serve." in back[1]
    assert apart("custodian", "fsck", typed=(WORDS,))[0] == 0


def test_adopting_that_was_ended_half_way_is_done_again(place, apart, monkeypatch):
    """The key was wrapped by then; nothing else had been made."""
    key = Custodian.create(place / "custodian.key").public_key.hex()
    with monkeypatch.context() as patched:
        patched.setattr(Store, "create", ended)
        broken = apart("custodian", "init", "--adopt", typed=(WORDS,))
    wrapped = is_wrapped(place / "custodian.key", OPRF_LABEL)
    code, out, err = apart("custodian", "init", "--adopt", typed=(WORDS,))

    assert (broken[0], wrapped) == (1, True)
    assert (code, err) == (0, "")
    assert out.split("\n")[1] == key
    assert apart("custodian", "fsck", typed=(WORDS,))[0] == 0


def ended(*_):
    raise UnavailableError


# Key files that the custody wrapped


@pytest.mark.parametrize("key", ["log", "custodian"])
def test_a_wrapped_key_file_comes_back_from_any_three(made, run, key):
    """The same key, wrapped by whatever custody there is then; none is replaced."""
    folder, path = made / "of the file", made / f"{key}.key"
    code, out, err = run(
        "custody", "split", "--key", key, "--shares", str(folder), typed=(WORDS,)
    )
    shares = [f"--share={folder / f'share-{number}.txt'}" for number in (2, 5, 4)]
    before = public_of(made, key)
    taken = run("custody", "recover", "--key", key, *shares, typed=(WORDS,))
    path.rename(made / "away")
    again = run("custody", "recover", "--key", key, *shares, typed=(WORDS,))

    assert (code, err) == (0, "")
    assert out.startswith(f"Made five shares of the {key}'s key. Give each share")
    assert taken[:2] == (1, "")
    assert again[0] == 0
    assert again[1].startswith(f"Wrote the {key}'s key. Its public half is\n")
    assert public_of(made, key) == before
    assert path.read_bytes() != (made / "away").read_bytes()
    assert run("fsck", typed=(WORDS,))[0] == 0


def public_of(made, key):
    custody = PassphraseCustody(made / "store.key", WORDS.encode())
    if key == "log":
        return open_signing(made / "log.key", custody).public_key
    return Custodian.open(made / "custodian.key", custody).public_key


def test_a_key_file_of_another_custody_is_not_split(made, run):
    """Nothing is handed out."""
    lines = (made / "log.key").read_text("ascii").split(":")
    (made / "log.key").unlink()
    (made / "log.key").touch(mode=0o600)
    (made / "log.key").write_text(":".join([*lines[:2], lines[2][::-1].strip() + "\n"]))
    folder = made / "of the file"
    code, out, _ = run(
        "custody", "split", "--key", "log", "--shares", str(folder), typed=(WORDS,)
    )

    assert (code, out) == (1, "")
    assert not folder.exists()
