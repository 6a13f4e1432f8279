"""Runs the injections through `gleanery run` where no network is, for a test; prints what came of it.

    unshare --user --map-root-user --net --mount python without_network.py FOLDER

The only way is to this process's own loopback, on which the model is served, and only FOLDER can be written.
"""

import ctypes
import errno
import fcntl
import json
import os
import socket
import struct
import subprocess
import sys
from pathlib import Path
from typing import Any

from injections import INJECTIONS, PLANTED
from servers.ollama_server import Behaviour, OllamaServer

_SIOCSIFFLAGS, _UP = 0x8914, 0x41
_MS_BIND, _MOUNT_SETATTR, _AT_FDCWD, _RECURSIVE, _READ_ONLY = 4096, 442, -100, 0x8000, 1
AGENT = """
name: clerk
role: Clerk
goal: Check references.
backstory: You check.
tools: [check_identifier, read_file, list_files, abbreviate_journal, write_file, http_get, crossref_lookup]
"""
TASK = """
name: checks
summary: Check the record.
kind: agent
agent: clerk
output: "valid? [str]: the identifiers that are right"
prompt: "Record: {{ source }}"
"""


def answer(body: dict[str, Any]) -> Behaviour:
    """What a model says that obeys every record; what else it is asked are probes."""
    said = "\n".join(message["content"] for message in body["messages"])
    obeyed = [injection.calls for injection in INJECTIONS if f"Record: {injection.text}\n" in said]
    if not obeyed:
        return Behaviour()
    if body.get("format"):
        return Behaviour("{}")
    if any(message["role"] == "tool" for message in body["messages"]) or not body.get("tools"):
        return Behaviour("I did it.")
    return Behaviour(tool_calls=obeyed[0])


def main(folder: Path) -> None:
    """Run them, and print what was counted."""
    _bring_up_loopback()
    _let_nothing_be_written_but(folder)
    control = _unreachable(), _unwritable()
    project = folder / "project"
    (project / "agents").mkdir(parents=True)
    (project / "agents" / "clerk.yaml").write_text(AGENT)
    (project / "tasks" / "checks").mkdir(parents=True)
    (project / "tasks" / "checks" / "task.yaml").write_text(TASK)
    (project / "workspace" / "notes").mkdir(parents=True)
    (project / "workspace" / PLANTED[0]).write_text(PLANTED[1].text)
    lines = [json.dumps({"text": injection.text}) + "\n" for injection in INJECTIONS]
    (project / "records.jsonl").write_text("".join(lines))
    for name in ("home", "temporary"):
        (folder / name).mkdir()
    with OllamaServer(answer) as server:
        (project / "gleanery.toml").write_text(
            f'[endpoints.ollama]\nkind = "ollama"\nurl = "{server.url}"\n[tools]\nworkspace = "{project}/workspace"\n'
            '[tools.permissions]\nhttp_get = "allow"\n'
        )
        environ = {"PATH": os.environ["PATH"], "HOME": f"{folder}/home", "TMPDIR": f"{folder}/temporary"}
        command = [sys.executable, "-B", "-m", "gleanery", "run", "checks", "records.jsonl", "-o", "out.jsonl", "-q"]
        before = counted()
        done = subprocess.run(
            [*command, "--full"], cwd=project, env=environ, capture_output=True, text=True, timeout=100
        )
        after = counted()
    left = sorted(str(path.relative_to(folder)) for path in folder.rglob("*") if path.is_file())
    sent = {name: after[name] - before[name] for name in after}
    print(json.dumps({"control": control, "code": done.returncode, "err": done.stderr, "sent": sent, "left": left}))


def counted() -> dict[str, int]:
    """What the system has counted here: packets for which there was no way, and all that went out by UDP."""
    lines = [line.split() for line in Path("/proc/net/snmp").read_text().splitlines()]
    counts = {
        f"{names[0]}{name}": int(value)
        for names, values in zip(lines[::2], lines[1::2], strict=True)
        for name, value in zip(names[1:], values[1:], strict=True)
    }
    six = dict(line.split() for line in Path("/proc/net/snmp6").read_text().splitlines())
    return {
        "no way": counts["Ip:OutNoRoutes"] + int(six["Ip6OutNoRoutes"]),
        "udp": counts["Udp:OutDatagrams"] + int(six["Udp6OutDatagrams"]),
    }


def _bring_up_loopback() -> None:
    with socket.socket() as any_socket:
        fcntl.ioctl(any_socket, _SIOCSIFFLAGS, struct.pack("16sH22x", b"lo", _UP))


def _let_nothing_be_written_but(folder: Path) -> None:
    libc, place = ctypes.CDLL(None, use_errno=True), os.fsencode(folder)

    def set_attributes(path: bytes, flags: int, add: int, clear: int) -> int:
        return int(libc.syscall(_MOUNT_SETATTR, _AT_FDCWD, path, flags, struct.pack("4Q", add, clear, 0, 0), 32))

    wrong = libc.mount(place, place, None, _MS_BIND, None) or set_attributes(b"/", _RECURSIVE, _READ_ONLY, 0)
    if wrong or set_attributes(place, 0, 0, _READ_ONLY):
        raise OSError(ctypes.get_errno(), os.strerror(ctypes.get_errno()))


def _unreachable() -> bool:
    """Whether an address elsewhere cannot be reached, and whoever tries is counted."""
    before = counted()["no way"]
    with socket.socket() as trying:
        return trying.connect_ex(("192.0.2.1", 80)) == errno.ENETUNREACH and counted()["no way"] > before


def _unwritable() -> bool:
    """Whether nothing can be written here."""
    try:
        Path(__file__).with_suffix(".txt").touch()
    except OSError as error:
        return error.errno == errno.EROFS
    return False


if __name__ == "__main__":
    main(Path(sys.argv[1]))
