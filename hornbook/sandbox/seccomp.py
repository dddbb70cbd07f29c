"""A system-call filter that keeps a program to one process: threads yes, fork no.

RLIMIT_NPROC would not do: the kernel does not apply it to root, nor to root in disguise inside a namespace.
"""

import errno
import platform
import struct
from typing import NamedTuple

from hornbook.base.errors import HornbookError


class _Machine(NamedTuple):
    arch: int  # AUDIT_ARCH_*
    clone: int  # system-call numbers
    forks: tuple[int, ...]
    foreign: int  # numbers from here on belong to another interface (x32); 0 if there is none


_MACHINES = {
    "x86_64": _Machine(0xC000003E, 56, (57, 58), 0x40000000),
    "aarch64": _Machine(0xC00000B7, 220, (), 0),
}
_CLONE3 = 435  # the same on all machines; its flags lie in memory, where a filter cannot look
_CLONE_THREAD = 0x10000

_LOAD, _EQUAL, _AT_LEAST, _ANY_BIT, _RETURN = 0x20, 0x15, 0x35, 0x45, 0x06  # classic BPF opcodes
_NUMBER, _ARCH, _FIRST_ARGUMENT = 0, 4, 16  # offsets in struct seccomp_data
_ALLOW, _KILL, _ERRNO = 0x7FFF0000, 0x80000000, 0x00050000


def one_process_filter() -> bytes:
    """The filter as bubblewrap's --seccomp wants it. Raises HornbookError for a machine it does not know."""
    machine = _MACHINES.get(platform.machine())
    if machine is None:
        raise HornbookError(f"sandbox: runs on {' and '.join(_MACHINES)}, not on {platform.machine()}")
    refuse = _line(_RETURN, _ERRNO | errno.EAGAIN)
    # Where clone3 does not exist, the C library falls back on clone.
    program = [_line(_LOAD, _ARCH), _line(_EQUAL, machine.arch, 1, 0), _line(_RETURN, _KILL), _line(_LOAD, _NUMBER)]
    program += [_line(_EQUAL, _CLONE3, 0, 1), _line(_RETURN, _ERRNO | errno.ENOSYS)]
    for fork in machine.forks:
        program += [_line(_EQUAL, fork, 0, 1), refuse]
    if machine.foreign:
        program += [_line(_AT_LEAST, machine.foreign, 0, 1), refuse]
    program += [_line(_EQUAL, machine.clone, 0, 3), _line(_LOAD, _FIRST_ARGUMENT)]
    program += [_line(_ANY_BIT, _CLONE_THREAD, 1, 0), refuse, _line(_RETURN, _ALLOW)]
    return b"".join(program)


def _line(code: int, value: int, if_true: int = 0, if_false: int = 0) -> bytes:
    """One instruction; a jump skips so many of the lines that follow."""
    return struct.pack("=HBBI", code, if_true, if_false, value)
