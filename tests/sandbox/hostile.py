"""Programs that try to get out, to take more than their share, or to lie about how they ended.

Each says what it tried and what came of it, and has the verdict that the sandbox must give. `{…}` stands for things
of the host that the test fills in: addresses of servers, a file, a folder, the test's own process.
"""

from typing import NamedTuple

# Imported by the programs: attempts that report what came of them.
ATTEMPT = """\
import ctypes, errno, os, platform

libc = ctypes.CDLL(None, use_errno=True)

def attempt(action, *arguments):
    try:
        print("DONE", action(*arguments))
    except OSError as error:
        print(errno.errorcode.get(error.errno, type(error).__name__))
    except Exception as error:
        print(type(error).__name__)

def call(x86_64, aarch64, *arguments):
    number = x86_64 if platform.machine() == "x86_64" else aarch64
    result = libc.syscall(number, *arguments)
    print(f"DONE {result}" if result >= 0 else errno.errorcode[ctypes.get_errno()])
"""


class Hostile(NamedTuple):
    """A program, what it must print (a pattern for the whole), and how the sandbox must say that it ended."""

    name: str
    source: str
    prints: str = ""
    reason: str = ""
    exit_code: int | None = 0  # None: any but 0


def _tries(name: str, body: str, prints: str, **verdict: object) -> Hostile:
    return Hostile(name, f"from attempt import *\n{body}", prints, **verdict)  # type: ignore[arg-type]


NETWORK = [
    _tries(
        "TCP to this machine",
        "import socket; attempt(socket.create_connection, ('127.0.0.1', {tcp}), 1)",
        "ENETUNREACH|ECONNREFUSED",
    ),
    _tries(
        "TCP to the world",
        "import socket; attempt(socket.create_connection, ('1.1.1.1', 443), 1)",
        "ENETUNREACH",
    ),
    _tries(
        "UDP",
        "import socket; attempt(socket.socket(socket.AF_INET, socket.SOCK_DGRAM).sendto, b'x', ('127.0.0.1', {udp}))\n"
        "attempt(socket.socket(socket.AF_INET, socket.SOCK_DGRAM).sendto, b'x', ('8.8.8.8', 53))",
        r"(DONE 1|ENETUNREACH)\nENETUNREACH",  # the loopback of its own network is nobody's
    ),
    _tries("names", "import socket; attempt(socket.getaddrinfo, 'example.org', 80)", r"EAI_\w+|gaierror|ENOENT|\w+"),
    _tries("unix socket", "import socket; attempt(socket.socket(socket.AF_UNIX).connect, {unix!r})", "ENOENT"),
    _tries(
        "abstract unix socket",
        "import socket; attempt(socket.socket(socket.AF_UNIX).connect, '\\0' + {abstract!r})",
        "ECONNREFUSED",
    ),
    _tries(
        "raw and packet sockets",
        "import socket\nattempt(socket.socket, socket.AF_INET, socket.SOCK_RAW, 1)\n"
        "attempt(socket.socket, socket.AF_PACKET, socket.SOCK_RAW)",
        r"EPERM\nEPERM",
    ),
]

FILES = [
    _tries("read a file outside", "attempt(open, {file!r})", "ENOENT"),
    _tries("write a file outside", "attempt(open, {file!r}, 'w')", "ENOENT"),
    _tries("delete a file outside", "attempt(os.remove, {file!r})", "ENOENT"),
    _tries("passwords", "attempt(open, '/etc/passwd'); attempt(open, '/etc/shadow')", r"ENOENT\nENOENT"),
    _tries(
        "home", "attempt(open, {home!r} + '/.profile'); attempt(open, {home!r} + '/x', 'w')", r"ENOENT\n(ENOENT|EROFS)"
    ),
    _tries("our code", "attempt(os.listdir, {repository!r})", "ENOENT"),
    _tries("the system", "attempt(open, '/usr/bin/evil', 'w'); attempt(os.remove, '/usr/bin/env')", r"EROFS\nEROFS"),
    _tries(
        "the interpreter",
        "import sys; attempt(open, sys.executable, 'ab'); attempt(open, os.__file__, 'a')",
        r"(EROFS|ETXTBSY|EACCES)\n(EROFS|EACCES)",
    ),
    _tries("the way up", "attempt(open, '../../..' + {file!r}); attempt(open, '../x', 'w')", r"ENOENT\nEROFS"),
    _tries(
        "symbolic link out",
        "os.symlink({file!r}, 'link'); attempt(open, 'link')\n"
        "os.symlink('/', 'top'); attempt(os.listdir, 'top/root/..'); attempt(open, 'top/x', 'w')",
        r"ENOENT\n.*\nEROFS",
    ),
    _tries("hard link out", "attempt(os.link, '/usr/bin/env', 'env')", "EXDEV|EPERM"),
    _tries(
        "disks", "attempt(os.mknod, 'disk', 0o60600, os.makedev(8, 0)); attempt(open, '/dev/sda')", r"EPERM\nENOENT"
    ),
    _tries(
        "memory of the machine", "attempt(open, '/dev/mem'); attempt(open, '/dev/kmsg', 'w')", r"ENOENT\n(ENOENT|EROFS)"
    ),
    _tries(
        "new devices and shared memory",
        "attempt(open, '/dev/x', 'w'); attempt(open, '/dev/shm/x', 'w')",
        r"EROFS\nEROFS",
    ),
    _tries("/proc", "attempt(os.listdir, '/proc'); attempt(open, '/proc/1/root/etc/passwd')", r"ENOENT\nENOENT"),
    _tries("/sys", "attempt(os.listdir, '/sys')", "ENOENT"),
    _tries(
        "setuid file",
        "open('x', 'w').write('x'); attempt(os.chown, 'x', 0, 0); attempt(os.setuid, 0); attempt(os.setgid, 0)\n"
        "attempt(os.setgroups, [0])",
        r"EINVAL\nEINVAL\nEINVAL\n(EPERM|EINVAL)",
    ),
]

PROCESSES = [
    _tries("fork", "attempt(os.fork)", "EAGAIN"),
    _tries("fork bomb", "for _ in range(1000):\n    try: os.fork()\n    except OSError: pass\nprint('one')", "one"),
    _tries("vfork", "call(58, 220, 0)", "EAGAIN"),
    _tries("clone", "call(56, 220, 17, 0, 0, 0, 0)", "EAGAIN"),
    _tries("clone into new namespaces", "call(56, 220, 0x10000000 | 0x20000 | 17, 0, 0, 0, 0)", "EAGAIN"),
    _tries("clone3", "call(435, 435, 0, 0)", "ENOSYS"),
    _tries("posix_spawn", "attempt(os.posix_spawn, '/bin/true', ['true'], {{}})", "EAGAIN"),
    _tries("subprocess", "import subprocess; attempt(subprocess.run, ['true'])", "EAGAIN"),
    _tries("shell", "attempt(os.system, 'touch x'); attempt(os.popen, 'ls')", r"(DONE -1|DONE 32512|EAGAIN)\nEAGAIN"),
    _tries("multiprocessing", "import multiprocessing\nattempt(multiprocessing.Process(target=print).start)", "EAGAIN"),
    _tries("pty", "import pty; attempt(pty.fork)", "EAGAIN|ENOENT|ENOSPC|OSError"),
    _tries("daemon", "attempt(os.setsid)\ntry: os.fork(); print('left')\nexcept OSError: print('alone')", r".*\nalone"),
    Hostile(
        "another program",
        "import os; os.execv('/bin/sh', ['sh', '-c', 'echo in sh; (echo child)'])",
        r"in sh",
        exit_code=None,
    ),
    Hostile(
        "many threads",
        "import threading, time\nthreading.stack_size(1 << 16)\n"
        "while True:\n    threading.Thread(target=time.sleep, args=(60,), daemon=True).start()",
        reason="timeout|memory|killed|",
        exit_code=None,
    ),
]

MEMORY = [
    Hostile("one big block", "x = bytearray(1 << 40)", reason="memory", exit_code=1),
    Hostile("a list that grows", "x = []\nwhile True: x.append(bytearray(1 << 20))", reason="memory", exit_code=1),
    Hostile("a text that doubles", "x = 'x'\nwhile True: x += x", reason="memory", exit_code=1),
    _tries(
        "mapped memory",
        "import mmap\nm = []\ndef grow():\n    while True: m.append(mmap.mmap(-1, 1 << 26))\nattempt(grow)",
        "ENOMEM",
    ),
    _tries("shared memory that outlives its process", "call(29, 194, 0, 1 << 30, 0o1600)", "EPERM"),
    _tries("memory without a file", "d = os.memfd_create('x'); attempt(os.ftruncate, d, 1 << 40)", "EFBIG"),
    Hostile("endless recursion", "f = lambda: f()\nf()", exit_code=1),
    Hostile(
        "recursion without a limit",
        "import sys\nsys.setrecursionlimit(10**9)\nclass A:\n    def __repr__(self): return repr(self)\nrepr(A())",
        exit_code=None,
        reason="killed",
    ),
    Hostile("nested source", "eval('(' * 100000)", exit_code=None),
    Hostile("nested syntax tree", "import ast\nast.parse('-' * 3000000 + '1')", reason="memory|killed", exit_code=None),
    Hostile("pickle", "import pickle\npickle.loads(b'cos\\nsystem\\n(S\"touch x\"\\ntR.')", exit_code=0),
    Hostile(
        "pickle bomb", "import pickle\npickle.loads(b'(' + b'(' * 99 + b'\\x8e' + b'\\xff' * 7 + b'\\x7f')", exit_code=1
    ),
]

TIME = [
    Hostile("endless loop", "while True: pass", reason="timeout", exit_code=137),
    Hostile("endless sleep", "import time\ntime.sleep(1e6)", reason="timeout", exit_code=137),
    Hostile("a huge number", "print(9 ** 9 ** 9)", reason="timeout", exit_code=137),
    Hostile("a slow pattern", "import re\nre.match('(a+)+$', 'a' * 40 + 'b')", reason="timeout", exit_code=137),
    Hostile(
        "a pile of constants", "x = eval('+'.join(['1'] * 10 ** 7))", reason="timeout|memory|killed", exit_code=None
    ),
    Hostile("waits for input", "import sys\nprint(repr(sys.stdin.read()))", "''"),
    Hostile(
        "waits for a lock",
        "import threading\nl = threading.Lock(); l.acquire(); l.acquire()",
        reason="timeout",
        exit_code=137,
    ),
    Hostile("stops itself", "import os\nos.kill(os.getpid(), 19)", reason="timeout", exit_code=137),
    Hostile(
        "ignores signals",
        "import signal\nfor s in {{*range(1, 32)}} - {{9, 19}}: signal.signal(s, signal.SIG_IGN)\nwhile True: pass",
        reason="timeout",
        exit_code=137,
    ),
    _tries("turns the clock", "import time; attempt(time.clock_settime, 0, 0)\ncall(164, 170, 0, 0)", r"EPERM\nEPERM"),
    _tries(
        "raises its limits",
        "import resource as r\n"
        "for what in (r.RLIMIT_AS, r.RLIMIT_CPU, r.RLIMIT_FSIZE, r.RLIMIT_NOFILE, r.RLIMIT_CORE):\n"
        "    attempt(r.setrlimit, what, (r.RLIM_INFINITY, r.RLIM_INFINITY))\n",
        r"(ValueError\n?){5}",
    ),
    _tries(
        "takes the processor",
        "attempt(os.nice, -20); attempt(os.sched_setscheduler, 0, 1, os.sched_param(99))",
        r"(EPERM|EACCES)\nEPERM",
    ),
]

OUTPUT = [
    Hostile("endless output", "while True: print('x' * 999)", "(x*\n?)*", reason="output", exit_code=None),
    Hostile(
        "endless complaints", "import sys\nwhile True: sys.stderr.write('x' * 999)", reason="output", exit_code=None
    ),
    Hostile(
        "both, below the limit of Python",
        "import os\nwhile True: os.write(1, b'x' * 999); os.write(2, b'y' * 999)",
        "x*",
        reason="output",
        exit_code=None,
    ),
    Hostile(
        "output in spite of errors",
        "import os\nwhile True:\n    try: os.write(1, b'x' * 9999)\n    except OSError: pass",
        "x*",
        reason="timeout",
        exit_code=137,
    ),
    _tries(
        "one huge file",
        "attempt(open('x', 'wb').write, bytes(2 << 20))\nattempt(os.truncate, 'y', 1 << 40)",
        r"EFBIG\n(EFBIG|ENOENT)",
    ),
    _tries(
        "many files",
        "def fill():\n    for n in range(1000): open(str(n), 'wb').write(bytes(1 << 20))\nattempt(fill)",
        "ENOSPC",
    ),
    Hostile(
        "files without content",
        "import os\nn = 0\nwhile True: os.close(os.open(str(n), 65)); n += 1",
        reason="timeout",
        exit_code=137,
    ),
    _tries(
        "folders in folders",
        "def dig():\n    while True: os.mkdir('d'); os.chdir('d')\nattempt(dig)",
        ".*",
        reason="timeout",
        exit_code=137,
    ),
    _tries("descriptors", "k = []\ndef more():\n    while True: k.append(os.pipe())\nattempt(more)", "EMFILE"),
    Hostile("terminal commands", "print('\\x1b]0;owned\\x07\\x1b[2J\\x1b[5n')", r"\x1b\]0;owned\x07\x1b\[2J\x1b\[5n"),
    _tries(
        "types into the terminal",
        "import fcntl\nattempt(fcntl.ioctl, 0, 0x5412, b'x'); attempt(open, '/dev/tty', 'w')",
        r"EPERM\n(ENXIO|ENODEV)",
    ),
    Hostile("bytes that are no text", "import os; os.write(1, bytes(range(128, 256)))", "\ufffd+"),
]

SIGNALS = [
    _tries(
        "signals to its parents",
        "attempt(os.kill, os.getppid(), 9); attempt(os.kill, {pid}, 9); attempt(os.kill, 1, 9)",
        r".*\nESRCH\n.*",
    ),
    Hostile(
        "signals to everybody", "import os\nos.kill(-1, 15)\nprint('alone')", "(alone)?", reason=".*", exit_code=None
    ),
    Hostile("signals to its group", "import os\nos.killpg(0, 9)", reason="killed", exit_code=137),
    _tries("signals to our group", "attempt(os.killpg, {pid}, 9)", "ESRCH"),
    Hostile("kills itself", "import os\nos.kill(os.getpid(), 11)", reason="killed", exit_code=139),
    Hostile("ends before its work", "import os\nos._exit(0)\nprint('done')", ""),
    Hostile(
        "forged success",
        "import os\nprint('all tests passed', flush=True)\nos._exit(1)",
        "all tests passed",
        exit_code=1,
    ),
    Hostile(
        "forged status",
        "import os\nfor n in range(3, 64):\n"
        "    try: os.write(n, b'{{\"exit-code\": 0}}')\n    except OSError: pass\nos._exit(7)",
        "",
        exit_code=7,
    ),
    _tries("closes what it has", "os.closerange(0, 64)\nprint('unheard')", "", exit_code=None),
    _tries("makes its output anew", "os.ftruncate(1, 0); attempt(os.ftruncate, 1, 1 << 30)", "\0*EFBIG"),
]

KERNEL = [
    _tries("ptrace", "call(101, 117, 16, 1, 0, 0)", "EPERM"),
    _tries(
        "memory of processes", "call(310, 270, 1, 0, 0, 0, 0, 0); call(311, 271, 1, 0, 0, 0, 0, 0)", r"EPERM\nEPERM"
    ),
    _tries("mount", "call(165, 40, b'none', b'/scratch', b'tmpfs', 0, 0); call(166, 39, b'/usr', 2)", r"EPERM\nEPERM"),
    _tries(
        "mount by descriptors",
        "call(430, 430, b'tmpfs', 0); call(428, 428, -100, b'/', 1); call(429, 429, 0, 0, 0, 0, 0)",
        r"(EPERM\n?){3}",
    ),
    _tries("remount writable", "call(165, 40, b'none', b'/', b'', 32, 0)", "EPERM"),
    _tries("unshare", "call(272, 97, 0x10000000); call(272, 97, 0x20000)", r"EPERM\nEPERM"),
    _tries("setns", "call(308, 268, 0, 0)", "EPERM"),
    _tries(
        "chroot and pivot_root", "os.mkdir('r'); attempt(os.chroot, 'r'); call(155, 41, b'r', b'r')", r"EPERM\nEPERM"
    ),
    _tries("file handles", "call(303, 264, -100, b'.', 0, 0, 0); call(304, 265, 0, 0, 0)", r"EPERM\nEPERM"),
    _tries("bpf", "call(321, 280, 0, 0, 0)", "EPERM"),
    _tries("keys", "call(250, 219, 0, -3, 0); call(248, 217, b'user', b'x', b'x', 1, -3)", r"EPERM\nEPERM"),
    _tries("io_uring", "call(425, 425, 8, ctypes.create_string_buffer(256))", "EPERM"),
    _tries("perf and userfaultfd", "call(298, 241, 0, 0, -1, -1, 0); call(323, 282, 0)", r"EPERM\nEPERM"),
    _tries("another kernel", "call(246, 104, 0, 0, 0, 0); call(175, 105, 0, 0, b'')", r"EPERM\nEPERM"),
    _tries("reboot", "call(169, 142, 0xFEE1DEAD, 672274793, 0x1234567, 0)", "EPERM"),
    _tries("personality", "call(135, 92, 0x0040000)", "EPERM"),
    _tries("name of the machine", "attempt(__import__('socket').sethostname, 'owned')", "EPERM"),
    _tries("capabilities", "print(libc.prctl(24, 21, 0, 0, 0), libc.prctl(47, 2, 21, 0, 0))", "-?[01] -1"),
    _tries("32-bit system calls", "call(0x40000000 + 57, 5000, 0)", "EAGAIN|ENOSYS"),
]

ALL = [*NETWORK, *FILES, *PROCESSES, *MEMORY, *TIME, *OUTPUT, *SIGNALS, *KERNEL]
