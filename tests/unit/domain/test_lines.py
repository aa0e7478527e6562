"""Where keys stand: positions only, and the same tree that tomllib sees."""

import tomllib

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from kit.world import RULESET

from placement.domain.lines import Place, place_at, place_of, places


def paths(value, path=()):
    """Yield every path of what tomllib read, but those inside lists of tables."""
    if path:
        yield path
    if isinstance(value, dict):
        for key, each in value.items():
            yield from paths(each, (*path, key))
    if isinstance(value, list):
        for index, each in enumerate(value):
            yield from paths(each, (*path, index))


TEXTS = (
    "a = 1\n",
    "a.b.c = 1\r\na.d = 2\r\n",
    "[t]\nx = 1\n[t.u]\ny = 2\n",
    '"a.b" = 1\n\'c d\'."e" = "x # [y] = z"\n',
    "a = \"\"\"\nb = 1\n\"\"\"\nc = '''\n[d]\n'''\n",
    "a = \"\"\"x\"\"\"\"\"\nb = '''y'''''\n",
    'a = "\\"b = 1\\""\nc = ""\nd = \'\'\n',
    "a = [1, [2, 3],\n  # [x]\n  [],\n  4,\n]\nb = 2\n",
    "a = {b = 1, c = {d = [1, {e = 2}]}, f.g = 3}\nh = 1\n",
    "a = 1979-05-27 07:32:00Z\nb = 1.5e+3\nc = inf\nd = 0x1F\n",
    "  [ t . u ]  # why\n  x = 1",
    "# only a comment",
    "",
)


@pytest.mark.parametrize("text", TEXTS)
def test_every_key_is_found(text):
    """Whatever tomllib sees in a text has a place, and nothing else has one."""
    assert set(places(text)) == set(paths(tomllib.loads(text)))


def test_lists_of_tables_are_found():
    """Their own keys share one name: rulesets have no such lists."""
    found = places("[[a]]\nx = 1\n[[a]]\ny = 2\n")

    assert (found[("a",)], found[("a", "y")]) == (Place(1, 3), Place(4, 1))


def test_where_they_are():
    """Lines and columns count from 1; a dotted key's tables begin with it."""
    found = places("a = 1\n\n[t.u]\n  b.c = [2,\n 3]\n")

    assert found == {
        ("a",): Place(1, 1),
        ("t",): Place(3, 2),
        ("t", "u"): Place(3, 2),
        ("t", "u", "b"): Place(4, 3),
        ("t", "u", "b", "c"): Place(4, 3),
        ("t", "u", "b", "c", 0): Place(4, 10),
        ("t", "u", "b", "c", 1): Place(5, 2),
    }


def test_the_ruleset_is_found_whole():
    """Every key of the default file, and every grade in it."""
    assert set(places(RULESET.content)) == set(paths(tomllib.loads(RULESET.content)))


KEY = st.text("abc_-019", min_size=1, max_size=4) | st.text(
    st.characters(codec="utf-8", exclude_categories=("Cs", "Cc")), max_size=4
)
SCALAR = st.one_of(
    st.integers(-9, 10**6),
    st.booleans(),
    st.floats(allow_nan=False, allow_infinity=False),
    st.text(st.characters(codec="utf-8", exclude_categories=("Cs", "Cc")), max_size=6),
)
VALUE = st.recursive(
    SCALAR,
    lambda inside: (
        st.lists(inside, max_size=3) | st.dictionaries(KEY, inside, max_size=3)
    ),
    max_leaves=6,
)
TREE = st.dictionaries(KEY, VALUE, max_size=4)


def quoted(text):
    escaped = text.replace("\\", "\\\\").replace('"', '\\"')
    return f'"{escaped}"'


def inline(value):
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, str):
        return quoted(value)
    if isinstance(value, list):
        return f"[ {' , '.join(map(inline, value))} ]"
    if isinstance(value, dict):
        pairs = (f"{quoted(key)} = {inline(each)}" for key, each in value.items())
        return f"{{ {', '.join(pairs)} }}"
    return repr(value)


def written(tree, opened, name=()):
    """Write a tree; tables get a header of their own, or stand in one line."""
    tables = {
        key: each for key, each in tree.items() if opened and isinstance(each, dict)
    }
    for key, value in tree.items():
        if key not in tables:
            yield f"{quoted(key)} = {inline(value)} # [x] = 1"
    for key, value in tables.items():
        header = ".".join(map(quoted, (*name, key)))
        yield f"[{header}]"
        yield from written(value, opened, (*name, key))


@settings(deadline=None)  # the machine may be busy
@given(TREE, st.booleans(), st.sampled_from(["\n", "\r\n", "\n\n"]))
def test_any_tree_is_found(tree, opened, newline):
    """In any form: each place is where the key is written, each key has a place."""
    text = newline.join(written(tree, opened))
    assert tomllib.loads(text) == tree
    found = places(text)
    lines = text.split("\n")

    assert set(found) == set(paths(tree))
    for path, place in found.items():
        here = lines[place.line - 1][place.column - 1 :]
        if isinstance(path[-1], str):
            name = [quoted(key) for key in path if isinstance(key, str)]
            assert here.startswith((quoted(path[-1]), ".".join(name)))


def test_where_tomllib_stopped():
    """Where it says so, or at the end."""

    def stopped(text):
        with pytest.raises(tomllib.TOMLDecodeError) as caught:
            tomllib.loads(text)
        return place_of(caught.value, text)

    assert stopped("a = 1\n  b ! 2\n") == Place(2, 5)
    assert stopped("a = 1\nb = [1,") == Place(2, 8)
    assert place_of(ValueError("anything"), "a\nbc") == place_at("a\nbc", 4)
