"""Stories of who types what and what they see: read from a text, played on a stage.

A story is a text that one can follow aloud::

    first> placement fact record presence --group B --area 1480 --kind base $SOURCE
        keeps fact_ids.0 as $BASE
    caseworker> placement check --case $CASE --area 1480 --from today $PLANNED
        exits 4
        shows choose another place
        lacks B
    = 61 days pass

What begins with ``WHO>`` is typed by somebody, what begins with ``=`` happens, and all
else that is not indented is prose. Indented lines say what must come of the line above:

=====================  ==============================================================
``exits 4``            the exit code; 0 where nothing is said
``shows TEXT``         it stands in what is printed
``lacks TEXT``         it does not
``has PATH = VALUE``   of the object that ``--json`` prints; ``#PATH`` is how many
``fields PATH = …``    the names of an object there, and no others
``keeps PATH as $X``   what is there is called so from now on
``within 60 s``        all of it comes true by then: somebody looks again and again
``types TEXT``         is typed when the command asks; ``nobody's number`` is a new one
=====================  ==============================================================

A passage that several stories share begins with ``*`` and stands in a file of its own::

    * the groups <names> are registered
    first> placement group register --new <names>
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

_TYPED = re.compile(r"(?P<who>[\w-]+)> placement (?P<words>.+)")
_HAPPENS = re.compile(r"= (?P<what>.+)")
_SAID = re.compile(r"    (?P<verb>\w+) (?P<rest>.+)")
_GAP = re.compile(r"<([a-z]+)>")
_FOLDED = re.compile(r" \\\n +")
VERBS = frozenset(
    {"exits", "shows", "lacks", "has", "fields", "keeps", "within", "types"}
)


@dataclass
class Line:
    """Something that somebody types, or that happens.

    Attributes:
        who: who types; empty if it just happens.
        what: the words after ``placement``, or what happens.
        said: what must come of it, verb by verb.
    """

    who: str
    what: str
    said: list[tuple[str, str]] = field(default_factory=list)

    def of(self, verb: str) -> list[str]:
        """Return what is said with a verb."""
        return [rest for each, rest in self.said if each == verb]


def read_story(path: Path) -> list[Line]:
    """Read a story.

    Raises:
        ValueError: something indented that says nothing.
    """
    return list(lines(path.read_text("utf-8")))


def lines(text: str) -> Iterator[Line]:
    """Read the lines of a text.

    Raises:
        ValueError: as ``read_story``.
    """
    last: Line | None = None
    for content in _FOLDED.sub(" ", text).splitlines():
        said = _SAID.fullmatch(content)
        if said and last is not None and said["verb"] in VERBS:
            last.said.append((said["verb"], said["rest"]))
            continue
        if content.startswith(" "):
            raise ValueError(f"it says nothing: {content}")
        if last is not None:
            yield last
        last = _line(content)
    if last is not None:
        yield last


def _line(content: str) -> Line | None:
    if typed := _TYPED.fullmatch(content):
        return Line(typed["who"], typed["words"])
    if happens := _HAPPENS.fullmatch(content):
        return Line("", happens["what"])
    return None


@dataclass
class Passage:
    """What several stories share: a sentence with gaps, and what it stands for."""

    sentence: re.Pattern[str]
    story: str

    def story_of(self, what: str) -> str | None:
        """Return the story of a sentence; ``None`` if it is another one's."""
        found = self.sentence.fullmatch(what)
        if found is None:
            return None
        return _GAP.sub(lambda gap: found[gap[1]], self.story)


def read_passages(path: Path) -> list[Passage]:
    """Read the passages of a file, the one that says most first."""
    passages = []
    for part in path.read_text("utf-8").split("\n* ")[1:]:
        sentence, _, story = part.partition("\n")
        gaps = _GAP.sub(r"(?P<\1>.+?)", re.escape(sentence))
        passages.append(Passage(re.compile(gaps), story))
    return sorted(passages, key=lambda each: -len(each.sentence.pattern))
