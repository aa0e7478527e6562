"""One purpose, one key: every label that a key has, held against the manual's table."""

import ast
import re
from functools import cache
from itertools import combinations
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF
from placement_client.labels import KEY_LABEL

from placement.crypto.datakeys import _INFO
from placement.crypto.keyring import ROTATING, Purpose
from placement.crypto.wrapping import ID_INFO, WRAP_INFO

ROOT = Path(__file__).parents[1]
SOURCES = [
    path
    for folder in ("placement", "client")
    for path in (ROOT / folder).rglob("*.py")
    if not path.name.endswith(("_pb2.py", "_pb2_grpc.py"))
]
DERIVING = {
    "placement/crypto/keyring.py",
    "placement/crypto/datakeys.py",
    "placement/crypto/wrapping.py",
    "client/placement_client/labels.py",
}
"""The only files that derive a key."""
SUBKEYS = (b"id", b"fingerprint", b"seal")
FILE_LABEL = re.compile(r"placement-[a-z]+-v\d")


def table():
    """Return the rows of the manual: label → whether it rotates by epoch."""
    text = (ROOT / "docs" / "custody.md").read_text("utf-8")
    rows = re.findall(r"^\| `(placement[^`]+)` \|.*\| ([^|]+) \|$", text, re.MULTILINE)
    assert len(dict(rows)) == len(rows)
    return {label: word.strip() == "epoch" for label, word in rows}


@cache
def parsed(path):
    """Return the tree of a source; each is read by several tests."""
    return ast.parse(path.read_text("utf-8"))


def names(tree, function):
    return [
        node
        for node in ast.walk(tree)
        if isinstance(node, ast.Call)
        and isinstance(node.func, ast.Name)
        and node.func.id == function
    ]


def file_labels():
    """Return the label of every kind of key file: constants that are called so."""
    found = []
    for path in SOURCES:
        for node in parsed(path).body:
            if isinstance(node, ast.AnnAssign) and isinstance(node.value, ast.Constant):
                name, value = ast.unparse(node.target), node.value.value
                if name.endswith("LABEL") and FILE_LABEL.fullmatch(str(value)):
                    found.append(value)
    return found


def infos():
    """Return every info that a key is derived by."""
    rings = [
        f"placement/{purpose.value}/{epoch}".encode()
        for purpose in Purpose
        for epoch in (1, 2, 11)
    ]
    labels = [KEY_LABEL.encode() + b"|" + purpose for purpose in SUBKEYS]
    return [*rings, *labels, _INFO, WRAP_INFO, ID_INFO]


@pytest.mark.slow
def test_a_key_is_derived_where_the_table_says():
    """A new derivation somewhere else is a new row."""
    found = {
        str(path.relative_to(ROOT)) for path in SOURCES if names(parsed(path), "HKDF")
    }

    assert found == DERIVING


def test_every_label_is_in_the_manual_and_nothing_else_is():
    """The table is whole."""
    rings = {
        f"placement/{purpose.value}/{'N' if purpose in ROTATING else 1}"
        for purpose in Purpose
    }
    others = {info.decode() for info in (_INFO, WRAP_INFO, ID_INFO)}

    assert set(table()) == rings | others | set(file_labels())


def test_what_rotates_is_said_so():
    """And what does not, not."""
    said = {label for label, rotates in table().items() if rotates}

    assert said == {f"placement/{purpose.value}/N" for purpose in ROTATING}


def test_no_two_keys_share_a_label():
    """Not even one that begins as another does and goes on with a number."""
    labels = file_labels()
    found = infos()

    assert len(set(labels)) == len(labels)
    assert len(set(found)) == len(found)


def test_of_one_secret_no_two_purposes_get_one_key():
    """If two secrets were the same by accident, their keys would differ still."""
    keys = [
        HKDF(algorithm=SHA256(), length=32, salt=None, info=info).derive(bytes(32))
        for info in infos()
    ]

    for one, other in combinations(keys, 2):
        assert one[:8] != other[:8]
