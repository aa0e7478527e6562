"""Settings: what stands in the file, and nothing that doesn't belong there."""

import re
from dataclasses import FrozenInstanceError
from pathlib import Path

import pytest

from placement.config import Listener, Settings, load, load_custodian, parse

FOLDER = Path("/etc/placement")
HOST_AND_PORT = "must be host:port, the port 0 to 65535"
POSTGRES = 'database = "postgresql:///placement"'


def test_nothing_set_is_usable():
    """Every setting has a default; files lie beside the settings."""
    got = parse("", FOLDER)

    assert got == Settings(
        database="sqlite:////etc/placement/placement.db",
        anchor=FOLDER / "placement.anchor",
        store_key=FOLDER / "store.key",
        custodian_key=FOLDER / "custodian.key",
        log_key=FOLDER / "log.key",
        certificate=FOLDER / "pki/server.pem",
        key=FOLDER / "pki/server.key",
        authority=FOLDER / "pki/ca.pem",
        revocations=FOLDER / "pki/crl.pem",
    )
    assert (got.ruleset, got.reflection, dict(got.contacts)) == (None, False, {})
    assert (got.past_rulesets, got.witnesses) == (None, ())


def test_everything_set():
    """Relative paths start from the folder, others stand as they are."""
    text = """
        address = "0.0.0.0:443"
        database = "postgresql://db/placement"
        anchor = "/other/a"
        officers = ["three", "four"]
        profile = "production"
        custody = "token"
        unlock = "credential:pin"
        token_module = "/usr/lib/vendor.so"
        token = "placement"
        store_key = "/keys/store.key"
        custodian_key = "keys/custodian.key"
        log_key = "keys/log.key"
        origin = "log.example.org/placement"
        witnesses = ["one", "two"]
        certificate = "tls/a.pem"
        key = "tls/a.key"
        authority = "tls/ca.pem"
        revocations = "tls/crl.pem"
        trust_domain = "placement.example.org"
        ruleset = "rules.toml"
        past_rulesets = "old"
        reflection = true
        logs = "json"
        [contacts]
        syd = "010-1"
        [metrics]
        on = true
        [health]
        address = "[::1]:9"
    """

    assert parse(text, FOLDER) == Settings(
        address="0.0.0.0:443",
        database="postgresql://db/placement",
        anchor=Path("/other/a"),
        officers=("three", "four"),
        profile="production",
        custody="token",
        unlock="credential:pin",
        token_module="/usr/lib/vendor.so",
        token="placement",
        store_key=Path("/keys/store.key"),
        custodian_key=FOLDER / "keys/custodian.key",
        log_key=FOLDER / "keys/log.key",
        origin="log.example.org/placement",
        witnesses=("one", "two"),
        certificate=FOLDER / "tls/a.pem",
        key=FOLDER / "tls/a.key",
        authority=FOLDER / "tls/ca.pem",
        revocations=FOLDER / "tls/crl.pem",
        trust_domain="placement.example.org",
        ruleset=FOLDER / "rules.toml",
        past_rulesets=FOLDER / "old",
        reflection=True,
        contacts={"syd": "010-1"},
        logs="json",
        metrics=Listener(on=True, address="127.0.0.1:8445"),
        health=Listener(on=False, address="[::1]:9"),
    )


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        ("sqlite:///a.db", "sqlite:////etc/placement/a.db"),
        ("sqlite:////var/a.db", "sqlite:////var/a.db"),
        ("postgresql://db/placement", "postgresql://db/placement"),
        ("postgresql:///placement", "postgresql:///placement"),
        ("postgresql+psycopg://db/placement", "postgresql+psycopg://db/placement"),
    ],
)
def test_databases(given, expected):
    """A relative SQLite file is the folder's; whatever else stands as it is."""
    assert parse(f'database = "{given}"', FOLDER).database == expected


def test_a_relative_folder():
    """A database's path does not depend on where the server is started later."""
    got = parse("", Path("here")).database

    assert got == f"sqlite:///{Path.cwd() / 'here' / 'placement.db'}"


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ('adress = ""', "unknown setting: adress (line 1, is address meant?)"),
        ("b = 1\na = 1", "unknown setting: a (line 2), b (line 1)"),
        (
            "tick = 1\n [Metrics]",
            "unknown setting: Metrics (line 2, is metrics meant?)",
        ),
        (
            'pace = 1\n"orijin".x = 1',
            "unknown setting: orijin (line 2, is origin meant?)",
        ),
        ('"\\u0061b" = 1', "unknown setting: ab"),
        ("address = 1", "address must be a str"),
        ("reflection = 1", "reflection must be a bool"),
        ('reflection = "no"', "reflection must be a bool"),
        ("store_key = 1", "store_key must be a path"),
        ("ruleset = false", "ruleset must be a path"),
        ("log_key = 1", "log_key must be a path"),
        ("past_rulesets = true", "past_rulesets must be a path"),
        ("origin = 1", "origin must be a str"),
        ('origin = "a b"', "origin must have neither spaces nor plus"),
        ('origin = "a+b"', "origin must have neither spaces nor plus"),
        (r'origin = "a\nb"', "origin must have neither spaces nor plus"),
        ('witnesses = "one"', "witnesses must be a list of texts"),
        ("witnesses = [1]", "witnesses must be a list of texts"),
        ("database = 1", "database must be a URL"),
        ('database = ""', "database must be sqlite:///file or postgresql://…"),
        *(
            (f'{name} = "{given}"', f"{name} must be sqlite:///file or postgresql://…")
            for name in ("database", "keys")
            for given in (
                "sqlite://",
                "sqlite:///",
                "sqlite+pysqlite:///here.db",
                "SQLite:///here.db",
                "sqlite:///here.db?mode=rwc",
                "sqlite:///file:here.db",
                "mysql://here/it",
                "postgres://here/it",
                "PostgreSQL://here/it",
                "postgresql:here",
                "placement.db",
                "/var/placement.db",
            )
        ),
        ("contacts = 1", "contacts must be a table of texts"),
        ("contacts = {syd = 1}", "contacts must be a table of texts"),
        ('trust_domain = ""', "trust_domain must be a lower-case domain"),
        ('trust_domain = "A.example"', "trust_domain must be a lower-case domain"),
        ('profile = "fast"', "profile must be development or production"),
        ("profile = true", "profile must be a str"),
        ('custody = "pocket"', "custody must be file, passphrase or token"),
        ('custody = "token"', "custody in a token needs token and token_module"),
        ('unlock = "fd:"', "unlock must be prompt, fd:N or credential:NAME"),
        (
            'unlock = "credential:../x"',
            "unlock must be prompt, fd:N or credential:NAME",
        ),
        ("pace = -1", "pace must be 0 to 1000 ms"),
        ("pace = 1001", "pace must be 0 to 1000 ms"),
        ("tick = -1", "tick must be 0 to 3600 s"),
        ("tick = 3601", "tick must be 0 to 3600 s"),
        ("fill = 1", "fill must be a power of two, 2 to 1024"),
        ("fill = 6", "fill must be a power of two, 2 to 1024"),
        ("fill = 2048", "fill must be a power of two, 2 to 1024"),
        ("processes = 0", "processes must be 1 to 64"),
        ("processes = 2", "processes must be 1 with SQLite, which has one server"),
        ("pace = 2.5", "pace must be a int"),
        ('logs = "xml"', "logs must be text or json"),
        ("metrics = true", "metrics must be a table of on and address"),
        ("health.port = 1", "health.port is unknown: there are on and address"),
        ("metrics.on = 1", "metrics.on must be true or false"),
        ("metrics.address = 1", f"metrics.address {HOST_AND_PORT}"),
        *(
            (f'{name} = "{given}"', f"{name} {HOST_AND_PORT}")
            for name in ("address", "metrics.address", "health.address")
            for given in ("", "8446", ":8446", "a:", "a:65536", "a:443443", "a:٤٤٣")
        ),
        ('trust_domain = "a/b"', "trust_domain must be a lower-case domain"),
    ],
)
def test_what_can_not_be(text, expected):
    """A typing error can't leave a default in force."""
    with pytest.raises(ValueError, match=f"^{re.escape(expected)}$"):
        parse(text, FOLDER)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("", "placement.internal/log"),
        ('trust_domain = "example.org"', "example.org/log"),
        ('origin = "example.org/other"', "example.org/other"),
    ],
)
def test_the_name_of_the_log(text, expected):
    """The trust domain's, unless another one is given."""
    assert parse(text, FOLDER).log_name == expected


@pytest.mark.parametrize("port", [0, 1, 9999, 10_000, 60_000, 65_000, 65_530, 65_535])
def test_every_port_that_there_is(port):
    """None is refused, of whatever listens."""
    given = f'"[::1]:{port}"'
    text = f"address = {given}\nmetrics.address = {given}\nhealth.address = {given}"
    got = parse(text, FOLDER)

    assert {got.address, got.metrics.address, got.health.address} == {f"[::1]:{port}"}


def test_what_is_no_toml():
    """Nor anything else."""
    with pytest.raises(ValueError, match=r"Expected '='"):
        parse("address", FOLDER)


def test_settings_do_not_change():
    """They are read once."""
    got = parse('[contacts]\nsyd = "010-1"', FOLDER)
    with pytest.raises(FrozenInstanceError):
        got.address = ""
    with pytest.raises(TypeError):
        got.contacts["syd"] = ""


def test_a_file_is_read(tmp_path):
    """Its folder is where paths start."""
    file = tmp_path / "placement.toml"
    file.write_text('store_key = "k"\ncontacts = {syd = "Å 1"}', "utf-8")
    got = load(file)

    assert (got.store_key, got.contacts["syd"]) == (tmp_path / "k", "Å 1")


def test_a_file_that_can_not_be_read(tmp_path):
    """Missing, or not UTF-8."""
    with pytest.raises(FileNotFoundError):
        load(tmp_path / "placement.toml")
    (tmp_path / "placement.toml").write_bytes(b"\xff")
    with pytest.raises(ValueError, match="utf-8"):
        load(tmp_path / "placement.toml")


# A custodian who stands apart


@pytest.mark.parametrize("given", ["0" * 63, "g" * 64, "A" * 64, "0" * 64 + "\\n"])
def test_an_id_that_is_none(given):
    """A typing error must not make this server its own custodian again."""
    with pytest.raises(ValueError, match=r"^custodian_id must be 64 hex"):
        parse(f'custodian_id = "{given}"', FOLDER)


def test_a_registry_with_custodians_apart():
    """It knows the id of their key, and nothing else."""
    assert parse(f'custodian_id = "{"0a" * 32}"', FOLDER).custodian_id == "0a" * 32


def ports(text):
    settings = parse(f"{POSTGRES}\nmetrics.on = true\nhealth.on = true\n{text}", FOLDER)
    return [
        listener.of(number).address.rpartition(":")[2]
        for number in range(1, settings.processes + 1)
        for listener in (settings.metrics, settings.health)
    ]


def test_each_process_has_ports_of_its_own():
    """By default, too; port 0 is any, for all of them."""
    assert ports("processes = 2") == ["8445", "8446", "8455", "8456"]
    assert len(set(ports("processes = 64"))) == 128
    assert ports('processes = 2\nmetrics.address = "a:0"')[::2] == ["0", "0"]
    assert ports('address = "b:8445"')[0] == "8445"


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (
            'metrics.address = "127.0.0.1:8436"\nprocesses = 2',
            "health.address has port 8446 for process 1, which is that of metrics.address",
        ),
        (
            'address = "0.0.0.0:8455"\nprocesses = 2',
            "metrics.address has port 8455 for process 2, which is that of address",
        ),
        (
            'health.address = "a:65530"\nprocesses = 2',
            "health.address has no port for process 2",
        ),
    ],
)
def test_no_two_listeners_have_one_port(text, expected):
    """One of them would not start; which, the clock would say."""
    with pytest.raises(ValueError, match=f"^{re.escape(expected)}"):
        ports(text)


def test_each_process_has_an_anchor(tmp_path):
    """The first one's name, and it with a number."""
    text = 'processes = 3\ndatabase = "postgresql://there/it"\n'
    settings = parse(text, tmp_path)
    names = [path.name for path in settings.anchors]

    assert names == ["placement.anchor", "placement.anchor.2", "placement.anchor.3"]
    assert parse("", tmp_path).anchors == (tmp_path / "placement.anchor",)


@pytest.mark.parametrize("mode", [0o620, 0o602])
@pytest.mark.parametrize("read", [load, load_custodian])
def test_settings_that_others_may_write_are_none_in_production(tmp_path, read, mode):
    """They name who may have an older database served, and who has the keys."""
    file = tmp_path / "a.toml"
    for profile in ("development", "production"):
        text = f'profile = "{profile}"\norigin = "police.test/log"\n'
        file.write_text(text, "utf-8")
        file.chmod(mode)
        if profile == "development":
            read(file)
    with pytest.raises(ValueError, match="may be written by group or others"):
        read(file)
    file.chmod(0o644)
    read(file)


@pytest.mark.parametrize("mode", [0o770, 0o707, 0o1777])
@pytest.mark.parametrize("read", [load, load_custodian])
def test_nor_are_those_in_a_folder_that_others_may_write(tmp_path, read, mode):
    """They would put settings of their own in their place."""
    file = tmp_path / "a.toml"
    file.write_text('profile = "production"\norigin = "police.test/log"\n', "utf-8")
    file.chmod(0o644)
    tmp_path.chmod(0o755)
    read(file)
    tmp_path.chmod(mode)
    with pytest.raises(ValueError, match="or its folder may"):
        read(file)
