"""The ceremony's other half: a key comes back from any three shares, and no others."""

from contextlib import closing

import pytest
from kit.ceremonies import WORDS, given, lines, shared_out, typing_at, under_passphrase

from placement.crypto import recovery
from placement.crypto.custody import OPRF_LABEL
from placement.crypto.keyfile import is_wrapped, open_signing
from placement.crypto.passphrase import PassphraseCustody
from placement.crypto.recovery import combine, split
from placement.crypto.signing import SigningKey
from placement.crypto.wrapping import SecretCustody
from placement.errors import UnavailableError
from placement.service.custodian import Custodian
from placement.store.log import Store


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


def test_a_share_from_an_editor_with_a_mark_in_front_is_one(made, run):
    """Some write a byte order mark before UTF-8."""
    (made / "store.key").unlink()
    file = made / "shares" / "share-3.txt"
    file.write_bytes(b"\xef\xbb\xbf" + file.read_bytes())
    code, _, err = run("custody", "recover", *given(made, 1, 2, 3), typed=(WORDS,) * 2)

    assert (code, err) == (0, "")


@pytest.mark.parametrize(
    "content", [b"\xff\xfe\x00\x80", "åäö".encode(), bytes(range(256)), b""]
)
def test_a_file_that_is_no_text_is_no_share(made, run, content):
    """It is told as any slip is: by the share's number, and nothing of the settings."""
    (made / "store.key").unlink()
    (made / "shares" / "share-3.txt").write_bytes(content)
    code, out, err = run("custody", "recover", *given(made, 1, 2, 3))

    assert (code, out, err) == (1, "", "Share 3: is mistyped.\n")
    assert not (made / "store.key").exists()


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
