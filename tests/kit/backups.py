"""A folder with a server's store and its backups, two officers and a witness."""

import shutil
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing, contextmanager, redirect_stdout
from io import StringIO
from pathlib import Path

from kit.commands import open_case
from kit.engines import SECONDS
from kit.lived import WITNESS, cosign
from placement.app import read_ruleset
from placement.audit import checkpoint
from placement.audit import note as notes
from placement.audit.note import Signer, render_key
from placement.config import Settings, load
from placement.crypto.custody import FileCustody
from placement.crypto.signing import OFFICER_LABEL, SigningKey
from placement.ops.main import main
from placement.service.custodian import Custodian
from placement.service.engine import Engine
from placement.service.rules import Rules
from placement.store.anchor import Anchor
from placement.store.ledger import Ledger
from placement.store.log import Store

OFFICERS = ("kim", "robin")
STORED = ("placement.db", "placement.keys.db", "placement.anchor")


class Kept:
    """Somebody's server, from which backups are made and to which they come back.

    Args:
        folder: empty.
        url: of the database; empty for SQLite in the folder.
    """

    def __init__(self, folder: Path, url: str = "") -> None:
        self.folder = folder
        self.settings = folder / "placement.toml"
        self.database = folder / "one" / "database"
        self.keys = folder / "other" / "keys"
        self.checkpoint = folder / "checkpoint"
        for path in (self.database, self.keys):
            path.parent.mkdir()
        lines = []
        for name in OFFICERS:
            signer = Signer(name, SigningKey.create(folder / name, OFFICER_LABEL))
            lines.append(render_key(signer.public))
        text = f"officers = {lines}\nwitnesses = {[render_key(WITNESS.public)]}\n"
        text += f'keys = "sqlite:///{folder}/placement.keys.db"\n'
        text += f'database = "{url}"\n' if url else ""
        self.settings.write_text(text.replace("'", '"'), "utf-8")
        assert self.run("init") == 0

    def run(self, *words: object) -> int:
        """Run an operator's command in this process."""
        return main([*map(str, words), "--settings", str(self.settings)])

    def backup(self, *words: object) -> int:
        """Back up both."""
        return self.run("backup", *self.files, *words)

    def restore(self, *words: object) -> int:
        """Restore both."""
        return self.run("restore", *self.files, *words)

    @property
    def files(self) -> Sequence[object]:
        """What names the two backups."""
        return "--database", self.database, "--keys", self.keys

    def load(self) -> Settings:
        """Return the settings."""
        return load(self.settings)

    def opened(self) -> Store:
        """Open the store."""
        settings = self.load()
        custody = FileCustody(settings.store_key)
        return Store.open(settings.database, custody, settings.keys)

    @contextmanager
    def serving(self) -> Iterator[Callable[[str], int]]:
        """Start a server; give what opens a case and returns how many there are."""
        settings = self.load()
        with closing(self.opened()) as store:
            engine = Engine(
                store,
                Rules(read_ruleset(None)),
                custodian=Custodian.open(settings.custodian_key).key_id,
                signer=Signer(settings.log_name, SigningKey.open(settings.log_key)),
                clock=lambda: 1,
                anchor=Anchor(settings.anchor, store),
            )

            def submit(name: str) -> int:
                if name:
                    engine.submit(open_case(name)).result(SECONDS)
                folded = engine._folded
                assert folded is not None
                return len(folded[0].cases)

            try:
                engine.start()
                yield submit
            finally:
                engine.stop()

    def serve(self, *names: str) -> int:
        """Start a server, have cases opened, and stop it; return how many it has."""
        with self.serving() as submit:
            for name in names:
                submit(name)
            return submit("")

    def witness(self) -> None:
        """Sign what there is, cosign it, and keep it as a witness does."""
        settings = self.load()
        signer = Signer(settings.log_name, SigningKey.open(settings.log_key))
        with closing(self.opened()) as store:
            with store.writing() as log:
                log.publish(signer)
            Anchor(settings.anchor, store).replace(store.read_head())
            note = Ledger(store).newest()
            size = checkpoint.parse(note.text).size
            if not note.signatures[1:]:
                cosign(store, size)
        self.checkpoint.write_bytes(notes.render(notes.add(_own(note), WITNESS)))

    def lose(self, *names: str) -> None:
        """Lose the machine's disk, or some files of it."""
        for name in names or STORED:
            for end in ("", "-wal", "-shm"):
                (self.folder / (name + end)).unlink(missing_ok=True)

    def carry(self, name: str) -> Path:
        """Copy what is stored to another folder, as it is now."""
        place = self.folder / name
        place.mkdir()
        for each in STORED:
            shutil.copyfile(self.folder / each, place / each)
        return place

    def statement(self, *names: str) -> Path:
        """Have officers sign for the backup of the database."""
        path, said = self.folder / "statement", StringIO()
        show = ("older", "show", "--backup", self.database, "--reason", "disk lost")
        with redirect_stdout(said):
            assert self.run(*show) == 0
        path.write_text(said.getvalue(), "utf-8")
        for name in names or OFFICERS:
            key = str(self.folder / name)
            assert main(["older", "sign", "--name", name, "--key", key, str(path)]) == 0
        return path


def nothing_stored(kept: Kept) -> bool:
    """Tell whether nothing was put in place, and nothing left behind."""
    left = [path.name for path in kept.folder.iterdir()]
    return not any(name.startswith((".placement-", *STORED[:2])) for name in left)


def _own(note: notes.Note) -> notes.Note:
    """Return a note with the log's own signature alone."""
    return notes.Note(note.text, note.signatures[:1])
