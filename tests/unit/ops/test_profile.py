"""What is fit for development alone is refused in production, a sentence each."""

from dataclasses import replace

import pytest
from kit.asking import WITNESSED
from kit.sited import OFFICERS

from placement.app import read_ruleset
from placement.audit.note import Kind, Signer, render_key
from placement.config import Listener, Settings
from placement.crypto.custody import FileCustody
from placement.crypto.keyfile import create_signing
from placement.crypto.signing import SigningKey
from placement.ops.hardening import Hardening
from placement.ops.main import main
from placement.ops.profile import REGISTRY, ROWS, refusals
from placement.service.custodian import Custodian, next_path, plain_path

CLOSED = Hardening(undumpable=True, cores=0, locked=False, user=1000)


@pytest.fixture
def good(tmp_path, monkeypatch):
    """Settings that production takes, with all their files."""
    for name in ("PGHOST", "PGHOSTADDR", "PGSERVICE"):
        monkeypatch.delenv(name, raising=False)
    (tmp_path / "pki").mkdir(mode=0o700)
    for name in ("server.key", "server.pem", "ca.pem"):
        (tmp_path / "pki" / name).touch(0o600)
    for name in ("placement.db", "placement.db-wal", "placement.keys.db"):
        (tmp_path / name).touch(0o600)
    custody = FileCustody.create(tmp_path / "kek")
    create_signing(tmp_path / "log.key", custody)
    return Settings(
        profile="production",
        custody="token",
        custodian_id="ab" * 32,
        officers=tuple(OFFICERS),
        token="t",
        token_module="m",
        database=f"sqlite:///{tmp_path}/placement.db",
        store_key=tmp_path / "kek",
        custodian_key=tmp_path / "custodian.key",
        log_key=tmp_path / "log.key",
        certificate=tmp_path / "pki" / "server.pem",
        key=tmp_path / "pki" / "server.key",
        authority=tmp_path / "pki" / "ca.pem",
        revocations=tmp_path / "pki" / "crl.pem",
        anchor=tmp_path / "placement.anchor",
        **WITNESSED,
    )


@pytest.fixture
def apart(good, tmp_path):
    """Settings that production takes of a custodian apart, with a key."""
    Custodian.create(tmp_path / "custodian.key", FileCustody(tmp_path / "kek"))
    return replace(good, custodian_id="")


def opened(name):
    def change(settings, folder):
        (folder / name).chmod(0o640)
        return settings

    return change


def writable(name):
    """Let others write a file, or a folder; it is there then."""

    def change(settings, folder):
        path = folder / name
        if name == "past":
            path.mkdir()
        elif not path.exists():
            path.touch()
        path.chmod(0o775 if path.is_dir() else 0o664)
        given = {"rules.toml": "ruleset", "past": "past_rulesets"}.get(name)
        if given == "ruleset":
            path.write_text(read_ruleset(None).content, "utf-8")
        return replace(settings, **({given: path} if given else {}))

    return change


def changed(**given):
    return lambda settings, _: replace(settings, **given)


def plain_log(settings, folder):
    SigningKey.create(folder / "plain.key")
    return replace(settings, log_key=folder / "plain.key")


def plain_custodian(settings, folder):
    Custodian.create(folder / "plain.key")
    return replace(settings, custodian_key=folder / "plain.key")


def plain_next(settings, folder):
    Custodian.create(next_path(settings.custodian_key))
    return settings


def plain_adopted(settings, folder):
    Custodian.create(plain_path(settings.custodian_key))
    return settings


def authority_key(settings, folder):
    (folder / "pki" / "ca.key").touch(0o600)
    return settings


def renamed_authority(settings, folder):
    (folder / "pki" / "ca.key").touch(0o600)
    return replace(settings, authority=folder / "pki" / "clients-ca.pem")


def renamed_with_key(settings, folder):
    (folder / "pki" / "clients-ca.key").touch(0o600)
    return replace(settings, authority=folder / "pki" / "clients-ca.pem")


def key_left(kind):
    def left(settings, folder):
        Custodian.create(kind(settings.custodian_key), FileCustody(folder / "kek"))
        return settings

    return left


def exposed(address):
    return changed(metrics=Listener(on=True, address=address))


ELSEWHERE = "postgresql://p@db.example.org/p"

ONE, OTHER = (SigningKey(bytes([each]) * 32) for each in (1, 2))


def officer(name, key):
    return render_key(Signer(name, key).public)


SAME_NAME = (officer("kim", ONE), officer("kim", OTHER))
SAME_KEY = (officer("kim", ONE), officer("robin", ONE))
BOTH_NAMES = (*SAME_KEY, officer("kim", OTHER))
WITNESS = render_key(replace(Signer("robin", OTHER).public, kind=Kind.COSIGNATURE))

CASES = [
    (changed(custody="file"), 'custody = "file" leaves'),
    (changed(custody="passphrase"), 'custody = "passphrase" lets'),
    (plain_log, "log_key is not wrapped"),
    (opened("log.key"), "A key file is open"),
    (opened("pki/server.key"), "A key file is open"),
    *(
        (writable(name), "A file that says who may call")
        for name in ("", "pki", "pki/ca.pem", "pki/crl.pem", "pki/server.pem")
    ),
    *(
        (writable(name), "A file that says who may call")
        for name in ("rules.toml", "past", "placement.anchor")
    ),
    (authority_key, "The authority's own key lies"),
    (renamed_authority, "The authority's own key lies"),
    (renamed_with_key, "The authority's own key lies"),
    (key_left(lambda path: path), "Custodians apart hold the key"),
    (key_left(next_path), "Custodians apart hold the key"),
    (opened("placement.db"), "A file of the database"),
    (opened("placement.db-wal"), "A file of the database"),
    (opened("placement.keys.db"), "A file of the database"),
    (changed(database=ELSEWHERE), "A database on another machine"),
    (changed(keys=f"{ELSEWHERE}?sslmode=require"), "A database on another machine"),
    (changed(database="postgresql:///p?host=db.example.org"), "A database on another"),
    (changed(database="postgresql:///p?hostaddr=192.0.2.1"), "A database on another"),
    (changed(keys="postgresql:///p?host=/run&host=db:1"), "A database on another"),
    (changed(keys="postgresql:///p?service=elsewhere"), "A database on another"),
    (changed(database="postgresql:///p?a=b#&host=db"), "A database on another"),
    (changed(witnesses=()), "No witness is named"),
    (changed(reflection=True), "reflection describes"),
    (changed(pace=0), "pace = 0 lets"),
    (changed(tick=0), "tick = 0 lets"),
    (exposed("0.0.0.0:8445"), "metrics.address is none of loopback"),
    (exposed("[::]:8445"), "metrics.address is none of loopback"),
    (exposed("place.example.org:8445"), "metrics.address is none of loopback"),
    (changed(custodian_id=""), "The key of the pseudonyms is held by this server"),
    (changed(officers=OFFICERS[:1]), "Fewer than two officers"),
    (changed(officers=OFFICERS[:1] * 2), "Fewer than two officers"),
    (changed(officers=SAME_NAME), "Fewer than two officers"),
    (changed(officers=SAME_KEY), "Fewer than two officers"),
    (changed(officers=BOTH_NAMES), "Fewer than two officers"),
]
APART = [
    (plain_custodian, "custodian_key is not wrapped"),
    (plain_next, "custodian_key is not wrapped"),
    (plain_adopted, "custodian_key is not wrapped"),
    (opened("custodian.key"), "A key file is open"),
]
MACHINES = [
    (replace(CLOSED, cores=1), "Core dumps are enabled"),
    (replace(CLOSED, undumpable=False), "Other processes of this user"),
    (replace(CLOSED, user=0), "The server runs as root"),
]


def test_what_is_fit_is_taken(good):
    """On SQLite, and on a PostgreSQL that is asked who it is, or is on this machine."""
    for url in (
        good.database,
        f"{ELSEWHERE}?sslmode=verify-full",
        "postgresql:///placement",
        "postgresql:///placement?host=/run/postgresql",
    ):
        assert (
            refusals(replace(good, database=url, keys="sqlite:///k"), CLOSED, REGISTRY)
            == []
        )
    assert refusals(good, CLOSED, REGISTRY) == []


@pytest.mark.parametrize(
    ("address", "on"),
    [
        *((each, True) for each in ("127.0.0.1:1", "127.0.0.2:1", "[::1]:1")),
        ("localhost:1", True),
        ("0.0.0.0:1", False),
    ],
)
def test_metrics_for_this_machine_alone_are_taken(good, address, on):
    """Or where nothing listens."""
    settings = replace(good, metrics=Listener(on=on, address=address))

    assert refusals(settings, CLOSED, REGISTRY) == []


def test_files_are_named(good):
    """All that are open; nobody has to look for them."""
    for path in (good.log_key, good.key):
        path.chmod(0o644)
    got = refusals(good, CLOSED, REGISTRY)

    expected = (
        "key: A key file is open to group or others; use mode 0600 for all of them."
        f" It is {good.log_key}, {good.key}."
    )
    assert expected in got


def sentence(refusal):
    """Return what is said behind the name of the setting."""
    return refusal.partition(": ")[2]


@pytest.mark.parametrize(("change", "begins"), CASES, ids=range(len(CASES)))
def test_a_setting_is_refused(good, tmp_path, change, begins):
    """With its own sentence, and no other."""
    (got,) = refusals(change(good, tmp_path), CLOSED, REGISTRY)

    assert sentence(got).startswith(begins)
    assert got.endswith(".")


@pytest.mark.parametrize(("change", "begins"), APART)
def test_a_custodians_key_is_looked_at(apart, tmp_path, change, begins):
    """Where there is one: at a custodian apart."""
    assert refusals(apart, CLOSED, ROWS) == []
    (got,) = refusals(change(apart, tmp_path), CLOSED, ROWS)

    assert sentence(got).startswith(begins)


@pytest.mark.parametrize(("machine", "begins"), MACHINES)
def test_a_machine_is_refused(good, machine, begins):
    """Whatever it did not allow."""
    (got,) = refusals(good, machine, REGISTRY)

    assert sentence(got).startswith(begins)


@pytest.mark.parametrize("name", ["PGHOST", "PGHOSTADDR", "PGSERVICE"])
def test_what_surrounds_the_process_says_where_a_database_is(good, monkeypatch, name):
    """PostgreSQL's library goes by it when the URL says nothing."""
    monkeypatch.setenv(name, "db.example.org")
    local = replace(good, database="postgresql:///p", keys="sqlite:///k")
    (got,) = refusals(local, CLOSED, REGISTRY)

    assert got.startswith("database: A database on another machine")
    assert refusals(good, CLOSED, REGISTRY) == []


def test_a_custodian_apart_needs_officers_too(good):
    """They alone say which of its keys may be destroyed; it names no other custodian."""
    (got,) = refusals(replace(good, custodian_id="", officers=()), CLOSED, ROWS)

    assert sentence(got).startswith("Fewer than two officers")


def test_every_row_is_tried():
    """A row that nobody tried could never hold."""
    begins = {begin for _, begin in CASES + APART + MACHINES}

    for row in REGISTRY:
        assert any(row.sentence.startswith(begin) for begin in begins)
    assert len({row.sentence for row in REGISTRY}) == len(REGISTRY)


def test_the_key_file_of_a_passphrase_is_looked_at(good, tmp_path):
    """With a token there is none."""
    (tmp_path / "kek").chmod(0o644)
    said = refusals(replace(good, custody="passphrase"), CLOSED, REGISTRY)

    assert refusals(good, CLOSED, REGISTRY) == []
    assert [text[:14] for text in map(sentence, said)] == [
        *('custody = "pas', "A key file is "),
    ]


def test_what_is_missing_is_not_refused_here(good, tmp_path):
    """The start says that itself."""
    missing = replace(good, log_key=tmp_path / "none", custodian_key=tmp_path / "nor")

    assert refusals(missing, CLOSED, REGISTRY) == []


def test_all_sentences_come_at_once(good, tmp_path, monkeypatch, capsys):
    """An operator mends them in one go; in development nobody is asked."""
    (tmp_path / "placement.toml").write_text('profile = "production"\npace = 0\n')
    (tmp_path / "placement.toml").chmod(0o600)
    monkeypatch.setattr(
        "placement.ops.serving.harden", lambda: replace(CLOSED, user=1000)
    )
    code = main(["serve", "--settings", str(tmp_path / "placement.toml")])
    err = capsys.readouterr().err

    assert code == 1
    assert err.startswith('Nothing is served.\ncustody: custody = "file" leaves')
    assert "\nwitnesses: No witness is named" in err
    assert "\npace: pace = 0 lets" in err
