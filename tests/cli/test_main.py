"""The command itself: help, wrong names, exit codes, colours, and pipes that close."""

import errno
import subprocess
from pathlib import Path

import click
import pytest
from click.testing import CliRunner
from terminal import COMMAND, command, environment, on_terminal

from gleanery import __version__
from gleanery.cli import main as module
from gleanery.cli.main import COMMANDS, gleanery, main
from gleanery.errors import ModelError, UsageError


def ended(*arguments: str) -> object:
    """The exit code of `main` in this process."""
    with pytest.raises(SystemExit) as exit_:
        main(list(arguments))
    return exit_.value.code


def test_alone_it_prints_help_and_exits_2(capsys: pytest.CaptureFixture[str]) -> None:
    assert ended() == 2
    output, errors = capsys.readouterr()
    assert errors == ""
    assert all(name in output for name in COMMANDS)


@pytest.mark.parametrize("option", ["--help", "-h"])
def test_help(option: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert ended(option) == 0
    assert "Usage: gleanery" in capsys.readouterr().out


def test_version(capsys: pytest.CaptureFixture[str]) -> None:
    assert ended("--version") == 0
    assert __version__ in capsys.readouterr().out


@pytest.mark.parametrize("name", COMMANDS)
def test_every_command_has_help(name: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert ended(name, "--help") == 0
    assert f"Usage: gleanery {name}" in capsys.readouterr().out


def test_help_imports_no_command() -> None:
    code = (
        "import sys; from gleanery.cli.main import gleanery; "
        "from click.testing import CliRunner; CliRunner().invoke(gleanery, ['--help']); "
        "print([m for m in sys.modules if m.startswith(('gleanery.cli.', 'numpy', 'rich', 'onnxruntime'))])"
    )
    done = subprocess.run([COMMAND[0], "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "['gleanery.cli.main']"


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["rnu"], "Did you mean `gleanery run`?"),
        (["zzzz"], "`gleanery --help` lists the commands."),
        (["--verion"], "--version"),
        (["run"], "gleanery run TASK SOURCE"),
        (["run", "bibliography", "-", "--limt", "3"], "--limit"),
        (["run", "bibliography", "-", "--limit", "0"], "0"),
        (["run", "bibliography", "-", "--date", "yesterday"], "yesterday"),
        (["run", "bibliography", "-", "--accept", "1.5"], "1.5"),
    ],
)
def test_wrong_usage_exits_2_with_a_hint(arguments: list[str], said: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert ended(*arguments) == 2
    output, errors = capsys.readouterr()
    assert output == ""
    assert said in errors
    assert "--help' for help." in errors


@pytest.mark.parametrize(
    ("error", "code", "said"),
    [
        (UsageError("Wrong."), 2, "Error: Wrong.\n"),
        (ModelError("None."), 3, "Error: None.\n"),
        (KeyboardInterrupt(), 130, "Interrupted."),
        (click.Abort(), 130, "Interrupted."),
    ],
)
def test_what_is_raised_is_a_sentence_and_an_exit_code(
    error: BaseException, code: int, said: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def fail(*_: object, **__: object) -> None:
        raise error

    monkeypatch.setattr(module.Commands, "resolve_command", fail)
    assert ended("run") == code
    assert said in capsys.readouterr().err


def test_a_bug_keeps_its_traceback(monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(*_: object, **__: object) -> None:
        raise ZeroDivisionError

    monkeypatch.setattr(module.Commands, "resolve_command", fail)
    assert isinstance(CliRunner().invoke(gleanery, ["run"]).exception, ZeroDivisionError)


@pytest.mark.parametrize("argument", ["tasks", "--help"])
def test_a_pipe_that_closes_is_no_error(argument: str) -> None:
    call = subprocess.Popen([*COMMAND, argument], stdout=subprocess.PIPE, stderr=subprocess.PIPE, env=environment())
    assert call.stdout and call.stderr
    call.stdout.close()
    errors = call.stderr.read()
    assert (call.wait(30), errors) == (141, b"")
    call.stderr.close()


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="only Linux has a full device")
@pytest.mark.parametrize("arguments", [["--help"], ["--version"], ["tasks"], ["show", "bibliography"], ["run", "-h"]])
def test_a_full_disk_is_said_in_a_sentence(arguments: list[str]) -> None:
    with Path("/dev/full").open("wb") as full:
        call = subprocess.run([*COMMAND, *arguments], stdout=full, stderr=subprocess.PIPE, env=environment())
    said = "Error: standard output: the disk is full. Free some space, or write to another disk.\n"
    assert (call.returncode, call.stderr.decode()) == (1, said)


def test_other_errors_of_the_system_keep_their_traceback(monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(*_: object, **__: object) -> None:
        raise OSError(errno.ENOSPC, "No space left on device", "some.file")

    monkeypatch.setattr(module.Commands, "resolve_command", fail)
    assert isinstance(CliRunner().invoke(gleanery, ["run"]).exception, OSError)


def test_colours_are_for_terminals_that_want_them() -> None:
    bold = "\x1b[1mbibliography"
    assert on_terminal("show", "bibliography")[1].startswith(bold)
    assert not on_terminal("show", "bibliography", variables={"NO_COLOR": "1"})[1].startswith(bold)
    assert b"\x1b[" not in command("show", "bibliography").stdout


def test_every_command_stands_in_one_section_of_the_help() -> None:
    listed = [name for names in module._SECTIONS.values() for name in names]
    assert sorted(listed) == sorted(COMMANDS)
