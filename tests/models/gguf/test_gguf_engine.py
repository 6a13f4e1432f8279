from __future__ import annotations

import gc
import os
import signal
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import httpx
import pytest
from servers.tiny_gguf import write_tiny_gguf

from gleanery.errors import ModelError, StalledError
from gleanery.models.endpoint import GgufOptions
from gleanery.models.gguf import engine as engines
from gleanery.models.gguf.engine import Engine

OPTIONS = GgufOptions(context=512, slots=2, threads=1)
on_linux = pytest.mark.skipif(sys.platform != "linux", reason="/proc is Linux's")


@pytest.fixture(scope="module")
def engine(tiny_gguf: Path) -> Iterator[Engine]:
    started = Engine.start(tiny_gguf, OPTIONS)
    yield started
    started.stop()


def runs(pid: int) -> bool:
    """Whether the process is there, and not only waiting for somebody to ask how it ended."""
    state = subprocess.run(["ps", "-o", "stat=", "-p", str(pid)], capture_output=True, check=False, text=True).stdout
    return bool(state.strip()) and not state.startswith("Z")


def soon(condition: Callable[[], bool], seconds: float = 5.0) -> bool:
    deadline = time.monotonic() + seconds
    while not condition() and time.monotonic() < deadline:
        time.sleep(0.01)
    return condition()


def asked(engine: Engine, path: str, key: str) -> int:
    return httpx.get(engine.url + path, headers={"Authorization": f"Bearer {key}"}, trust_env=False).status_code


def test_it_serves_only_those_with_the_key(engine: Engine) -> None:
    for path in ("/v1/models", "/props", "/slots"):
        assert asked(engine, path, engine.api_key) == 200
        assert asked(engine, path, "wrong") == 401
        assert httpx.get(engine.url + path, trust_env=False).status_code == 401
    body = {"messages": [{"role": "user", "content": "hi"}], "max_tokens": 1}
    assert httpx.post(f"{engine.url}/v1/chat/completions", json=body, trust_env=False).status_code == 401
    assert engine.url.startswith("http://127.0.0.1:")


@on_linux
def test_its_key_is_where_nobody_else_sees_it(engine: Engine) -> None:
    process = Path(f"/proc/{engine.pid}")
    assert engine.api_key.encode() not in (process / "cmdline").read_bytes() + (process / "environ").read_bytes()
    assert len(engine.api_key) >= 32


def test_its_context_is_no_more_than_the_model_was_trained_for(tiny_gguf: Path, engine: Engine) -> None:
    def window(engine: Engine) -> int:
        headers = {"Authorization": f"Bearer {engine.api_key}"}
        props = httpx.get(f"{engine.url}/props", headers=headers, trust_env=False).json()
        return int(props["default_generation_settings"]["n_ctx"])

    assert window(engine) == OPTIONS.context
    wide = Engine.start(tiny_gguf, GgufOptions(context=1_000_000, slots=2, threads=1))
    try:
        assert window(wide) == 2048
    finally:
        wide.stop()


def test_ctrl_c_in_the_terminal_is_not_for_it(engine: Engine) -> None:
    assert os.getsid(engine.pid) == os.getpgid(engine.pid) == engine.pid != os.getsid(0)


@on_linux
def test_it_inherits_no_descriptors(tiny_gguf: Path) -> None:
    with tempfile.NamedTemporaryFile() as ours:
        os.set_inheritable(ours.fileno(), True)
        started = Engine.start(tiny_gguf, OPTIONS)
        try:
            held = {str(link.readlink()) for link in Path(f"/proc/{started.pid}/fd").iterdir()}
        finally:
            started.stop()
        assert ours.name not in held and any(name.startswith("socket:") for name in held)


def test_it_outlives_the_thread_that_started_it(tiny_gguf: Path) -> None:
    started: list[Engine] = []
    thread = threading.Thread(target=lambda: started.append(Engine.start(tiny_gguf, OPTIONS)))
    thread.start()
    thread.join()
    try:
        assert started[0].death(wait=0.3) is None
        assert asked(started[0], "/props", started[0].api_key) == 200
    finally:
        started[0].stop()


def test_stopped_or_forgotten_it_is_gone(tiny_gguf: Path) -> None:
    stopped, forgotten = Engine.start(tiny_gguf, OPTIONS), Engine.start(tiny_gguf, OPTIONS)
    pids = stopped.pid, forgotten.pid
    assert all(map(runs, pids)) and stopped.alive
    stopped.stop()
    stopped.stop()
    assert not stopped.alive and not runs(pids[0])
    del forgotten
    gc.collect()
    assert not runs(pids[1])


PARENT = """
import subprocess, sys, time
from pathlib import Path
from gleanery.models.endpoint import GgufOptions
from gleanery.models.gguf.engine import Engine
engine = Engine.start(Path(sys.argv[1]), GgufOptions(context=512, slots=1, threads=1))
if sys.argv[2] == "shares":  # another process has the engine's input open, too, for a while
    subprocess.Popen(["sleep", "3"], pass_fds=[engine._child.process.stdin.fileno()], stdout=subprocess.DEVNULL)
print(engine.pid, flush=True)
if sys.argv[2] != "ends":
    time.sleep(60)
"""


def parent(model: Path, manner: str) -> tuple[subprocess.Popen[bytes], int]:
    """A process that has started an engine, and the engine's."""
    process = subprocess.Popen([sys.executable, "-c", PARENT, str(model), manner], stdout=subprocess.PIPE)
    assert process.stdout is not None
    with process.stdout:
        return process, int(process.stdout.readline())


@pytest.mark.parametrize("manner", ["stays", pytest.param("shares", marks=on_linux)])
def test_it_is_gone_when_its_parent_is_killed(tiny_gguf: Path, manner: str) -> None:
    process, pid = parent(tiny_gguf, manner)
    assert runs(pid)
    process.send_signal(signal.SIGKILL)
    process.wait()
    assert soon(lambda: not runs(pid), 2)


def test_it_is_gone_when_its_parent_ends_in_good_order(tiny_gguf: Path) -> None:
    process, pid = parent(tiny_gguf, "ends")
    assert process.wait(10) == 0
    assert not runs(pid)


def hosted(model: Path, of: int) -> subprocess.Popen[bytes]:
    """The engine's process, without its engine."""
    command = [sys.executable, "-m", "gleanery.models.gguf.host"]
    process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE)
    assert process.stdin is not None
    told = engines.Hosted(str(model), "tiny", "key", of, context=512, slots=1, threads=1, gpu_layers=0)
    process.stdin.write(told.as_line())
    process.stdin.flush()
    return process


def test_it_is_gone_when_its_input_ends(tiny_gguf: Path) -> None:
    with hosted(tiny_gguf, os.getpid()) as process:
        assert process.stdout is not None and process.stdin is not None
        assert process.stdout.readline().startswith(b'{"port": ')
        process.stdin.close()
        assert process.wait(5) == 0


@on_linux
def test_it_does_not_begin_when_its_parent_is_gone_already(tiny_gguf: Path) -> None:
    with hosted(tiny_gguf, of=1) as process:
        assert process.stdout is not None
        assert process.stdout.read() == b""
        assert process.wait(5) == 0


def test_why_it_died_is_told(tiny_gguf: Path) -> None:
    started = Engine.start(tiny_gguf, OPTIONS)
    try:
        assert started.death() is None
        os.kill(started.pid, signal.SIGSEGV)
        assert "was killed by SIGSEGV" in (started.death(wait=5) or "")
    finally:
        started.stop()


@pytest.mark.parametrize(
    ("content", "says"),
    [(b"no model", "is no GGUF file"), (None, r"is torn|corrupted or incomplete")],
    ids=["other", "torn"],
)
def test_files_that_are_no_model(tmp_path: Path, tiny_gguf: Path, content: bytes | None, says: str) -> None:
    whole = tiny_gguf.read_bytes()
    bad = tmp_path / "bad.gguf"
    bad.write_bytes(content or whole[: len(whole) * 2 // 3])
    with pytest.raises(ModelError, match=says) as caught:
        Engine.start(bad, OPTIONS)
    assert str(bad) in str(caught.value)


def test_a_base_model_says_what_to_take(tmp_path: Path) -> None:
    base = write_tiny_gguf(tmp_path / "base.gguf", template=None)
    with pytest.raises(ModelError, match=r"no chat template.*instruct"):
        Engine.start(base, OPTIONS)


def test_without_llama_cpp_it_says_what_to_install(tiny_gguf: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(engines, "find_spec", lambda _: None)
    with pytest.raises(ModelError, match=r'pip install "gleanery\[gguf\]"'):
        Engine.start(tiny_gguf, OPTIONS)


def test_more_than_the_memory_holds_is_refused(tmp_path: Path) -> None:
    wide = write_tiny_gguf(tmp_path / "wide.gguf", context=2**31 - 1)
    with pytest.raises(ModelError, match=r"it needs .* Lower `slots` or `context` under \[gguf\]"):
        Engine.start(wide, GgufOptions(context=2**31 - 1, slots=64, threads=1, gpu_layers=0))


def test_a_host_that_breaks_says_its_last_words(tiny_gguf: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(engines, "_HOST", ("-m", "gleanery.no_such_module"))
    with pytest.raises(ModelError, match=r"could not load .* ended with status 1\. It last said: .*no_such_module"):
        Engine.start(tiny_gguf, OPTIONS)


def test_a_host_that_says_nothing_is_not_waited_for_in_vain(tiny_gguf: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(engines, "_HOST", ("-c", "import sys; sys.stdin.read()"))
    began = time.monotonic()
    with pytest.raises(StalledError, match=r"did not load .* Raise `timeout` under \[gguf\]"):
        Engine.start(tiny_gguf, GgufOptions(timeout=0.2))
    cancelled = threading.Event()
    cancelled.set()
    with pytest.raises(StalledError):
        Engine.start(tiny_gguf, OPTIONS, cancelled)
    assert time.monotonic() - began < 5
