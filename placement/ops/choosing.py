"""Whose settings a command is about: a registry's, or those of a custodian apart."""

import argparse
import shlex
from pathlib import Path
from typing import Final

from placement.app import read_witnesses
from placement.config import CustodianSettings, Settings, load, load_custodian
from placement.ops.profile import officer_keys

_REGISTRYS: Final = Path("placement.toml")
_CUSTODIANS: Final = Path("custodian.toml")


def add_settings(command: argparse.ArgumentParser) -> None:
    """Let a command be told which settings, and whose they are."""
    command.add_argument(
        "--settings",
        type=Path,
        help=f"default: {_REGISTRYS}, or {_CUSTODIANS} with --custodian",
    )
    command.add_argument(
        "--custodian", action="store_true", help="the settings are a custodian's"
    )


def path_of(args: argparse.Namespace) -> Path:
    """Return which file a command is about."""
    given: Path | None = args.settings
    return given or (_CUSTODIANS if is_custodian(args) else _REGISTRYS)


def is_custodian(args: argparse.Namespace) -> bool:
    """Tell whether a command is about a custodian."""
    return bool(getattr(args, "custodian", False))


def told(args: argparse.Namespace, command: str) -> str:
    """Return a command for operators to run next, about the same settings."""
    whose = " --custodian" if is_custodian(args) else ""
    named = f" --settings {shlex.quote(str(args.settings))}" if args.settings else ""
    return f"`placement-server {command}{whose}{named}`"


def read_settings(args: argparse.Namespace) -> Settings:
    """Read the settings that a command is about.

    Raises:
        OSError: they can't be read.
        ValueError: they are none, or of the other kind.
    """
    path = path_of(args)
    if is_custodian(args):
        return read_custodian(path).server
    return _checked(load(path))


def read_custodian(path: Path) -> CustodianSettings:
    """Read the settings of a custodian apart.

    Raises:
        OSError: they can't be read.
        ValueError: they are none, or a registry's.
    """
    settings = load_custodian(path)
    _checked(settings.server)
    return settings


def _checked(settings: Settings) -> Settings:
    """Return settings, of which the keys of officers and witnesses are some.

    Raises:
        ValueError: one is none.
    """
    officer_keys(settings)
    read_witnesses(settings.witnesses)
    return settings
