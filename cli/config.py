"""`gleanery config`: what the settings are, where they are from, and whether a file of them is right."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import click

from gleanery.cli.printing import print_json, print_table
from gleanery.errors import SettingsError, UsageError

json_option = click.option("--json", "as_json", is_flag=True, help="Print JSON.")


@click.group()
def config() -> None:
    """Look at the settings: gleanery.toml, and what the environment says.

    \b
    gleanery config show            every setting, and where it is from
    gleanery config validate        is every file of settings right?
    """


@config.command()
@json_option
@click.option("--profile", metavar="NAME", help="As if this profile were in force.")
def show(as_json: bool, profile: str | None) -> None:
    """Show every setting in force, and where it is from. Passwords and keys are not shown."""
    from gleanery.settings import load_settings

    values = {key: found for key, found in load_settings(profile=profile).values.items() if found.value is not None}
    if as_json:
        print_json({key: found._asdict() for key, found in values.items()})
    else:
        print_table(
            ("key", "value", "from"), [(key, _shown(found.value), found.origin) for key, found in values.items()]
        )


@config.command()
@click.argument("file", required=False, type=click.Path())
@json_option
def validate(file: str | None, as_json: bool) -> None:
    """Check FILE, or all settings in force: every mistake with its line. Exit code 2 where there is one."""
    errors = _errors_in(Path(file)) if file else _errors_in_force()
    if as_json:
        print_json([_as_json(error) for error in errors])
    for error in errors if not as_json else ():
        click.echo(f"Error: {error}", err=True)
    if errors:
        raise SystemExit(SettingsError.exit_code)
    if not as_json:
        click.echo(f"{file or 'The settings'}: nothing is wrong.")


@config.command()
def schema() -> None:
    """Print the JSON Schema of gleanery.toml, for an editor that checks while you type."""
    from gleanery.settings.keys import json_schema

    print_json(json_schema())


@config.command()
@json_option
def path(as_json: bool) -> None:
    """Show which files of settings are looked for, and which are there."""
    from gleanery.settings.files import find_files

    found = dict(zip(("user", "project"), find_files(Path.cwd(), os.environ), strict=True))
    if as_json:
        print_json({whose: {"path": str(file), "exists": file.exists()} for whose, file in found.items()})
    else:
        for whose, file in found.items():
            click.echo(f"{whose:<7}  {file}{'' if file.exists() else '  (not there)'}")


def _errors_in(path: Path) -> list[SettingsError]:
    """What is wrong in one file by itself."""
    from gleanery.settings.files import read_file

    try:
        file = read_file(path)
    except SettingsError as error:
        return [error]
    if file is None:
        table = " with a table [tool.gleanery]" if path.name == "pyproject.toml" else ""
        raise UsageError(f"There is no file {path}{table}. `gleanery config path` shows which files are looked for.")
    return [found for _, found in file.check() if isinstance(found, SettingsError)]


def _errors_in_force() -> list[SettingsError]:
    """What is wrong in the files that are looked for; then in what they and the environment make together."""
    from gleanery.settings import load_settings
    from gleanery.settings.files import find_files

    errors = [error for path in find_files(Path.cwd(), os.environ) if path.exists() for error in _errors_in(path)]
    try:
        load_settings()
    except SettingsError as error:
        return errors or [error]
    return errors


def _shown(value: Any) -> str:
    return str(value) if not isinstance(value, float) else f"{value:g}"


def _as_json(error: SettingsError) -> dict[str, Any]:
    return {"file": str(error.file), "line": error.line, "key": error.key, "message": str(error)}
