"""The operator's commands say one sentence and never replace a file unasked."""

import argparse
from datetime import UTC, datetime, timedelta

import pytest

from placement.ops import pki

NOW = datetime(2030, 1, 2, 3, 4, 5, tzinfo=UTC)
CLIENT = (
    "issue-client --trust-domain placement.test --role caseworker "
    "--organisation 1480 --person cw-01"
)
URI = "spiffe://placement.test/caseworker/1480/cw-01"


@pytest.fixture
def command(tmp_path, capsys):
    """Return a function that runs a command line: → exit code, stdout, stderr."""
    parser = argparse.ArgumentParser()
    pki.register(parser.add_subparsers())

    def run(line, *, now=NOW):
        name, *rest = line.split()
        args = parser.parse_args(["pki", name, "--dir", str(tmp_path / "pki"), *rest])
        code = args.run(args, clock=now.timestamp)
        return code, *capsys.readouterr()

    return run


@pytest.fixture
def made(command):
    """Return the same with an authority made."""
    command("init")
    return command


def serial_of(text):
    return text.split("serial ")[1].split(",")[0]


def test_init_makes_an_authority(tmp_path, command):
    """The directory holds the four files, and the outcome is one sentence."""
    code, out, err = command("init")
    got = sorted(path.name for path in (tmp_path / "pki").iterdir())

    assert got == ["ca.key", "ca.pem", "crl.pem", "index.jsonl"]
    assert (code, err) == (0, "")
    assert out == (
        f"Made a certificate authority in {tmp_path / 'pki'}; keep ca.key offline.\n"
    )


def test_init_twice_is_refused(tmp_path, made):
    """A second authority in the same place is refused in one line."""
    code, out, err = made("init")

    assert (code, out) == (1, "")
    assert err.startswith("pki: ")
    assert err.count("\n") == 1
    assert "ca.key" in err


def test_issue_server_says_what_and_until_when(tmp_path, made):
    """The sentence names the file, the hosts and the expiry."""
    code, out, err = made("issue-server --host localhost --host 127.0.0.1 --days 2")

    assert (code, err) == (0, "")
    assert out == (
        f"Issued {tmp_path / 'pki' / 'server'}.pem for localhost,127.0.0.1, "
        f"serial {serial_of(out)}, valid until 2030-01-04T03:04:05Z.\n"
    )


def test_issue_client_names_the_files_after_the_person(tmp_path, made):
    """Without a name of its own, the pair is called after the person's id."""
    code, out, err = made(CLIENT)

    assert (code, err) == (0, "")
    assert f"cw-01.pem for {URI}, " in out
    assert out.endswith("valid until 2030-01-03T03:04:05Z.\n")
    assert (tmp_path / "pki" / "cw-01.key").exists()


def test_issue_client_takes_a_name_and_hours(tmp_path, made):
    """The pair can have another name and a shorter life."""
    _, out, _ = made(f"{CLIENT} --name desk --hours 1")

    assert (tmp_path / "pki" / "desk.pem").exists()
    assert out.endswith("valid until 2030-01-02T04:04:05Z.\n")


@pytest.mark.parametrize("person", ["CW-01", "a/b", "x", "cw%2d01"])
def test_issue_client_refuses_what_the_server_would(made, person):
    """A certificate that no server accepts is not issued."""
    code, out, err = made(CLIENT.replace("cw-01", person))

    assert (code, out) == (1, "")
    assert err == (
        "pki: organisation or person does not have the form that the server "
        "accepts for this role\n"
    )


def test_issuing_twice_needs_renew(made):
    """The same name again is refused; asked to renew, it is replaced."""
    made(CLIENT)
    code, _, err = made(CLIENT)
    again, _, _ = made(f"{CLIENT} --renew")

    assert (code, again) == (1, 0)
    assert err.endswith("exists already\n")


def test_renewing_nothing_is_refused(made):
    """There must be something to renew."""
    code, _, err = made("issue-server --host localhost --renew")

    assert code == 1
    assert err.endswith("nothing to renew\n")


def test_list_shows_what_has_not_expired(made):
    """Each living certificate is one line; revoked ones say so."""
    _, out, _ = made("issue-server --host localhost")
    server = serial_of(out)
    _, out, _ = made(CLIENT)
    client = serial_of(out)
    made(f"revoke {client}")
    code, got, err = made("list")

    assert (code, err) == (0, "")
    assert got.splitlines() == [
        f"{server} server 2030-04-02T03:04:05Z localhost",
        f"{client} client 2030-01-03T03:04:05Z {URI} revoked",
        "2 certificates have not expired.",
    ]


def test_list_leaves_out_what_has_expired(made):
    """What has expired needs nobody's attention."""
    made(CLIENT)
    got = made("list", now=NOW + timedelta(hours=24))

    assert got == (0, "0 certificates have not expired.\n", "")


def test_revoke_by_name_takes_all_of_a_person(made):
    """A person's whole name revokes every certificate still alive."""
    serials = [
        serial_of(made(CLIENT)[1]),
        serial_of(made(f"{CLIENT} --renew")[1]),
    ]
    got = made(f"revoke {URI}")

    assert got == (0, f"Revoked 2: {', '.join(serials)}.\n", "")


def test_revoke_reads_serials_as_other_tools_print_them(made):
    """Capitals, colons and leading zeros name the same serial."""
    serial = serial_of(made(CLIENT)[1])
    even = serial.upper().zfill(40)
    got = made("revoke " + ":".join(even[i : i + 2] for i in range(0, 40, 2)))

    assert got == (0, f"Revoked 1: {serial}.\n", "")


@pytest.mark.parametrize("wanted", ["4711", URI, "zz"])
def test_revoke_of_nothing_is_refused(made, wanted):
    """A mistyped serial or name never passes for a revocation."""
    got = made(f"revoke {wanted}")

    assert got == (1, "", "pki: certificate names nothing issued and unexpired\n")


def test_commands_need_an_authority(command):
    """Without an authority every other command fails in one line."""
    code, out, err = command("list")

    assert (code, out) == (1, "")
    assert err.count("\n") == 1


def test_damage_is_told(tmp_path, made):
    """A file that does not verify is told in one line."""
    (tmp_path / "pki" / "crl.pem").write_text("x")
    code, _, err = made("list")

    assert code == 1
    assert err == (
        "pki: Stored or received data does not verify. The incident is logged.\n"
    )


@pytest.mark.parametrize(
    "line",
    [
        "issue-server",
        "issue-server --host localhost --days 0",
        "issue-server --host localhost --days 10001",
        f"{CLIENT} --hours x",
        CLIENT.replace("caseworker", "clerk"),
        "forget",
    ],
)
def test_what_is_not_understood_exits_2(made, line):
    """The parser refuses what makes no sense."""
    with pytest.raises(SystemExit) as caught:
        made(line)
    got = caught.value.code

    assert got == 2
