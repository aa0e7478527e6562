"""The ceremony: a key is made and split, and nobody sees another's share."""

import os
import re
import signal
import stat

import pytest
from kit.ceremonies import WORDS, lines, shared_out, typing_at, under_passphrase

from placement import crypto
from placement.crypto.passphrase import PassphraseCustody
from placement.crypto.recovery import combine
from placement.errors import UnavailableError
from placement.ops import ceremony, holders
from placement.ops.main import main


@pytest.fixture
def place(tmp_path, monkeypatch):
    """A folder whose custody is under a passphrase; a guess is as cheap as can be."""
    return under_passphrase(tmp_path, monkeypatch)


@pytest.fixture
def run(place, capsys, monkeypatch):
    """Return a function that runs a command: → exit code, stdout, stderr."""
    return typing_at(place, capsys, monkeypatch)


@pytest.fixture
def made(place, run):
    """The same with a key, its five shares, and an empty store."""
    return shared_out(place, run)


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
