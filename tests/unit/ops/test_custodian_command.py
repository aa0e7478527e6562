"""The custodian's commands: keys, the ceremony of two shares, a log of its own."""

import contextlib
import os
import re
import signal
import subprocess
import sys
from pathlib import Path

import pytest
from kit.certs import Pki

from placement.app_custodian import ruleset_of
from placement.audit.note import parse_key
from placement.config import load, load_custodian
from placement.crypto.custody import OPRF_LABEL, read_secret
from placement.crypto.passphrase import PassphraseCustody
from placement.crypto.shares import whole
from placement.crypto.signing import SigningKey
from placement.crypto.voprf import PublicKey
from placement.ops import custodian as command
from placement.ops import custodies
from placement.ops.main import main
from placement.service.custodian import Custodian

ROOT = Path(__file__).parents[3]
TOML = "custodian.toml"
HEX = "0[23][0-9a-f]{64}"


@pytest.fixture
def place(tmp_path):
    """A folder with a custodian's settings and certificates."""
    Pki(tmp_path).server()
    (tmp_path / "custodian.toml").write_text(
        'address = "127.0.0.1:0"\norigin = "police.example.org/log"\n', "utf-8"
    )
    return tmp_path


@pytest.fixture
def run(place, capsys):
    """Return a function that runs a command: → exit code, stdout, stderr."""

    def typed(name, *words):
        rest = [str(place / w) if w.endswith(".key") else w for w in words]
        if name not in {"split", "combine"}:
            rest += ["--settings", str(place / TOML)]
        code = main(["custodian", name, *rest])
        return code, *capsys.readouterr()

    return typed


def test_init_makes_a_key_and_a_log(place, run):
    """It says what clients pin, and what witnesses do."""
    code, out, err = run("init")
    found = re.fullmatch(
        rf"Made an empty log\. This custodian's public key\n({HEX})\n"
        r"and the key of its log\n(\S+)\n",
        out,
    )
    settings = load_custodian(place / TOML).server

    assert (code, err) == (0, "")
    assert Custodian.open(settings.custodian_key).public_key.hex() == found[1]
    assert parse_key(found[2]).name == "police.example.org/log"
    for name in ("custodian.key", "store.key", "log.key"):
        assert (place / name).stat().st_mode & 0o077 == 0
    assert run("fsck") == (
        0,
        "Verified 1 events and 0 entries; the newest checkpoint holds 0.\n",
        "",
    )


@pytest.mark.parametrize("name", ["custodian.key", "store.key", "log.key"])
def test_init_replaces_nothing(place, run, name):
    """A key that is there may be the only one of its kind."""
    (place / name).write_text("kept")
    code, out, err = run("init")

    assert (code, out) == (1, "")
    assert err == f"{place / name}: is there already; nothing was made\n"
    assert (place / name).read_text() == "kept"
    assert not (place / "custodian.db").exists()


def test_its_store_is_kept_like_a_registrys(place, run, capsys):
    """New keys and a snapshot, by the custodian's settings."""
    run("init")
    settings = ["--custodian", "--settings", str(place / TOML)]
    codes = [main([name, *settings]) for name in ("rotate", "snapshot")]
    out, err = capsys.readouterr()

    assert (codes, err) == ([0, 0], "")
    assert out == (
        "Sealing goes on under epoch 2; older ones still open what they did. A server"
        " that runs follows with its next write.\n"
        "Wrote a snapshot at revision 1.\n"
    )
    assert run("fsck")[0] == 0


def test_a_custodians_settings_are_no_registrys(place, run, capsys):
    """Whose they are has to be said; the file is found by that, too."""
    run("init")
    unsaid = main(["rotate", "--settings", str(place / TOML)])
    (place / TOML).write_text("x = 1\n", "utf-8")
    with contextlib.chdir(place):
        found = main(["rotate", "--custodian"])
    err = capsys.readouterr().err

    assert (unsaid, found) == (1, 1)
    assert err.endswith("custodian.toml: origin must name the log of this custodian\n")


def test_auditors_are_shown_what_entries_vouch_for(place, run, capsys):
    """With these budgets in it; whoever has it computes the hash."""
    with (place / TOML).open("a") as file:
        file.write("[budgets.caseworker]\nperson_hour = 7\norganisation_day = 70\n")
    code, out, _ = run("ruleset")
    (place / "told.toml").write_text(out, "utf-8")
    checked = main(["ruleset", "check", str(place / "told.toml")])
    said = capsys.readouterr().out
    digest = ruleset_of(load_custodian(place / TOML)).digest

    assert (code, checked) == (0, 0)
    assert "[budget.evaluation.caseworker]\nperson_hour = 7\n" in out
    assert f"rules {digest.hex()}." in said


def test_a_share_is_adopted(place, run):
    """As it comes from the ceremony; without one, nothing is made."""
    missing = run("init", "--adopt")
    for name in ("store.key", "log.key", "custodian.db"):
        assert not (place / name).exists()
    key = Custodian.create(place / "custodian.key").public_key.hex()
    code, out, _ = run("init", "--adopt")

    assert missing[0] == 1
    assert "custodian.key is not there." in missing[2]
    assert (code, out.split("\n")[1]) == (0, key)


def test_a_key_is_split_and_destroyed(place, run):
    """The shares add up to it; its file is gone, and was zeros before."""
    key = Custodian.create(place / "whole.key").public_key
    secret = read_secret(place / "whole.key", OPRF_LABEL)
    os.link(place / "whole.key", place / "seen")  # the same bytes on the disk
    code, out, err = run("split", "whole.key", "one.key", "two.key")
    told = [PublicKey.decode(bytes.fromhex(each)) for each in re.findall(HEX, out)]
    shares = [Custodian.open(place / f"{name}.key") for name in ("one", "two")]

    assert (code, err) == (0, "")
    assert [each.encode() for each in told] == [
        key,
        *(each.public_key for each in shares),
    ]
    assert whole(told[1:]) == told[0]
    assert not (place / "whole.key").exists()
    assert (place / "seen").read_bytes() == bytes(63)
    assert secret.hex() not in out
    for name in ("one.key", "two.key"):
        assert (place / name).stat().st_mode & 0o077 == 0
        assert read_secret(place / name, OPRF_LABEL) != secret


@pytest.fixture
def wrapped(place):
    """A whole key that a custody under a passphrase wrapped, and whose settings say so."""
    (place / "passphrase").write_bytes(PASSPHRASE)
    for name, more in (("registry", ""), ("custodian", 'origin = "police.test/log"\n')):
        (place / f"{name}.toml").write_text(f'custody = "passphrase"\n{more}', "utf-8")
    custody = PassphraseCustody.create(place / "store.key", PASSPHRASE)
    return Custodian.create(place / "whole.key", custody).public_key


PASSPHRASE = b"words that nobody guesses"


@pytest.mark.slow
@pytest.mark.parametrize("whose", ["registry", "custodian"])
def test_a_wrapped_key_is_split_by_its_custody(place, run, wrapped, monkeypatch, whose):
    """The shares are plain, for whoever adopts them; the wrapped file is destroyed."""
    monkeypatch.setattr(custodies, "getpass", lambda _: PASSPHRASE.decode())
    words = ["--settings", str(place / f"{whose}.toml")]
    words += ["--custodian"] if whose == "custodian" else []
    code, out, err = run("split", "whole.key", "one.key", "two.key", *words)
    shares = [Custodian.open(place / f"{name}.key") for name in ("one", "two")]
    made = whole([PublicKey.decode(each.public_key) for each in shares])

    assert (code, err) == (0, "")
    assert made.encode() == wrapped
    assert f"Split the key {wrapped.hex()}\n" in out
    assert not (place / "whole.key").exists()


@pytest.mark.slow
def test_a_wrapped_key_is_not_split_without_its_custody(
    place, run, wrapped, monkeypatch
):
    """It says what to name; and another custody opens nothing."""
    monkeypatch.setattr(custodies, "getpass", lambda _: PASSPHRASE.decode())
    before = (place / "whole.key").read_bytes()
    unsaid = run("split", "whole.key", "one.key", "two.key")
    (place / "store.key").unlink()
    PassphraseCustody.create(place / "store.key", PASSPHRASE)
    given = ("--settings", str(place / "registry.toml"))
    other = run("split", "whole.key", "one.key", "two.key", *given)

    assert unsaid[:2] == (1, "")
    assert unsaid[2].startswith(
        f"{place / 'whole.key'}: is wrapped by a custody; name "
    )
    assert other[:2] == (1, "")
    assert other[2].startswith("What is stored does not verify")
    assert (place / "whole.key").read_bytes() == before
    assert not (place / "one.key").exists()


@pytest.mark.parametrize("name", ["one.key", "two.key"])
def test_a_ceremony_replaces_nothing(place, run, name):
    """Neither share, nor the key that it would have replaced."""
    Custodian.create(place / "whole.key")
    (place / name).write_text("kept")
    code, _, err = run("split", "whole.key", "one.key", "two.key")

    assert code == 1
    assert err == f"{place / name}: is there already; nothing was made\n"
    assert Custodian.open(place / "whole.key")
    assert (place / name).read_text() == "kept"


def test_what_is_no_key_is_not_split(place, run):
    """Nothing is made, and nothing destroyed."""
    SigningKey.create(place / "whole.key")
    code, _, err = run("split", "whole.key", "one.key", "two.key")

    assert code == 1
    assert "whole.key is of another kind or version." in err
    assert not (place / "one.key").exists()
    assert (place / "whole.key").exists()


def test_shares_that_were_not_written_well_destroy_nothing(place, run, monkeypatch):
    """The key goes only when what lies on the disk makes it."""
    Custodian.create(place / "whole.key")
    split = command.split_key

    def badly(path, first, second, *custody):
        made = split(path, first, second, *custody)
        second.unlink()
        Custodian.create(second)
        return made

    monkeypatch.setattr(command, "split_key", badly)
    code, _, err = run("split", "whole.key", "one.key", "two.key")

    assert code == 1
    assert err.startswith("What is stored does not verify")
    assert Custodian.open(place / "whole.key")


def test_two_public_keys_are_combined(place, run):
    """What clients pin, and what the registry is told."""
    one, two = (Custodian.create(place / f"{n}.key").public_key.hex() for n in "ab")
    code, out, _ = run("combine", one, two)
    again = run("combine", two, one)
    key, key_id = re.fullmatch(
        rf"Clients pin the custodians' key\n({HEX})\nand the registry's settings say,"
        r" from its init on or, of a key that follows, once the one before is retired\n"
        r'custodian_id = "([0-9a-f]{64})"\n',
        out,
    ).groups()

    assert code == 0
    assert again[1] == out
    assert key not in {one, two}
    assert load_registry(place, key_id).custodian_id == key_id


def load_registry(place, key_id):
    (place / "placement.toml").write_text(f'custodian_id = "{key_id}"\n', "utf-8")
    return load(place / "placement.toml")


@pytest.mark.parametrize(
    ("keys", "expected"),
    [
        (["zz"], "public_key must be 66 hex digits"),
        (["00"], "public_key"),
        (["same", "same"], "public_key is given twice"),
    ],
)
def test_what_makes_no_key_is_not_combined(place, run, keys, expected):
    """A typing error is told before anybody pins it."""
    same = Custodian.create(place / "a.key").public_key.hex()
    code, out, err = run("combine", *(same if k == "same" else k for k in keys))

    assert (code, out) == (1, "")
    assert err.startswith(f"custodian: {expected}")


def test_a_registry_without_the_key_is_made(place, capsys):
    """It holds its own keys only, and says where clients get the custodians'."""
    load_registry(place, "0a" * 32)
    code = main(["init", "--settings", str(place / "placement.toml")])
    out, _ = capsys.readouterr()

    assert code == 0
    assert "Clients pin the custodians' keys, which the custodians give them" in out
    assert not (place / "custodian.key").exists()


def test_settings_that_are_none_are_named(place, run):
    """With the file that they stand in."""
    (place / TOML).write_text("", "utf-8")
    code, _, err = run("serve")

    assert code == 1
    assert err == f"{place / TOML}: origin must name the log of this custodian\n"


@pytest.mark.slow
def test_serve_until_told_to_stop(place, run):
    """A process of its own."""
    run("init")
    command = [sys.executable, "-W", "error", "server.py", "custodian", "serve"]
    with subprocess.Popen(
        [*command, "--settings", place / TOML],
        cwd=ROOT,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env=os.environ | {"PYTHONUNBUFFERED": "1"},
    ) as server:
        first = server.stdout.readline()
        server.send_signal(signal.SIGTERM)
        rest, _ = server.communicate(timeout=30)

    assert re.fullmatch(r"Serving on port [1-9][0-9]*\.\n", first)
    assert (server.returncode, rest) == (0, "Stopped.\n")
