"""A seccomp filter: a program stays one process (threads yes, fork no) and cannot reach risky parts of the kernel.

RLIMIT_NPROC cannot do the first: the kernel does not apply it to root, nor to a user that is root outside the
namespace. The second is a second line of defence: the namespaces already forbid it, unless the kernel has a flaw.
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
    ioctl: int
    foreign: int  # numbers from here on belong to another interface (x32); 0 if there is none
    column: int  # its column in the table below


_MACHINES = {
    "x86_64": _Machine(0xC000003E, 56, (57, 58), 16, 0x40000000, 0),
    "aarch64": _Machine(0xC00000B7, 220, (), 29, 0, 1),
}
_CLONE3 = 435  # the same on all machines; its flags are in memory, which a filter cannot read
_CLONE_THREAD = 0x10000
_TYPE_INTO_TERMINAL = (0x5412, 0x541C)  # ioctl's TIOCSTI and TIOCLINUX

# Calls that no ordinary program needs: (x86_64, aarch64); -1 where the machine has no such call.
_FORBIDDEN = {
    # other processes
    "ptrace": (101, 117), "process_vm_readv": (310, 270), "process_vm_writev": (311, 271),
    "process_madvise": (440, 440), "pidfd_getfd": (438, 438), "kcmp": (312, 272),
    # parts of the kernel with many past vulnerabilities
    "bpf": (321, 280), "perf_event_open": (298, 241), "userfaultfd": (323, 282), "keyctl": (250, 219),
    "add_key": (248, 217), "request_key": (249, 218), "io_uring_setup": (425, 425), "io_uring_enter": (426, 426),
    "io_uring_register": (427, 427), "fanotify_init": (300, 262), "modify_ldt": (154, -1), "personality": (135, 92),
    # other namespaces and file systems
    "mount": (165, 40), "umount2": (166, 39), "pivot_root": (155, 41), "chroot": (161, 51), "unshare": (272, 97),
    "setns": (308, 268), "open_tree": (428, 428), "move_mount": (429, 429), "fsopen": (430, 430),
    "fsconfig": (431, 431), "fsmount": (432, 432), "fspick": (433, 433), "mount_setattr": (442, 442),
    "name_to_handle_at": (303, 264), "open_by_handle_at": (304, 265),
    # the machine as a whole
    "kexec_load": (246, 104), "kexec_file_load": (320, 294), "reboot": (169, 142), "init_module": (175, 105),
    "finit_module": (313, 273), "delete_module": (176, 106), "swapon": (167, 224), "swapoff": (168, 225),
    "acct": (163, 89), "quotactl": (179, 60), "syslog": (103, 116), "settimeofday": (164, 170),
    "clock_settime": (227, 112), "adjtimex": (159, 171), "clock_adjtime": (305, 266), "sethostname": (170, 161),
    "setdomainname": (171, 162), "iopl": (172, -1), "ioperm": (173, -1),
    # shared memory, which the limits on a process do not count
    "shmget": (29, 194), "msgget": (68, 186), "semget": (64, 190), "mq_open": (240, 180),
}  # fmt: skip

_LOAD, _EQUAL, _AT_LEAST, _ANY_BIT, _RETURN = 0x20, 0x15, 0x35, 0x45, 0x06  # classic BPF opcodes
_NUMBER, _ARCH, _FIRST_ARGUMENT, _SECOND_ARGUMENT = 0, 4, 16, 24  # offsets in struct seccomp_data
_ALLOW, _KILL, _ERRNO = 0x7FFF0000, 0x80000000, 0x00050000


def one_process_filter() -> bytes:
    """The filter in the form of bubblewrap's --seccomp. Raises HornbookError for an unknown machine type."""
    machine = _MACHINES.get(platform.machine())
    if machine is None:
        raise HornbookError(f"sandbox: runs on {' and '.join(_MACHINES)}, not on {platform.machine()}")
    refuse, forbid, allow = (
        _line(_RETURN, _ERRNO | errno.EAGAIN),
        _line(_RETURN, _ERRNO | errno.EPERM),
        _line(_RETURN, _ALLOW),
    )
    # If clone3 fails with ENOSYS, the C library falls back to clone.
    program = [_line(_LOAD, _ARCH), _line(_EQUAL, machine.arch, 1, 0), _line(_RETURN, _KILL), _line(_LOAD, _NUMBER)]
    program += [_line(_EQUAL, _CLONE3, 0, 1), _line(_RETURN, _ERRNO | errno.ENOSYS)]
    for fork in machine.forks:
        program += [_line(_EQUAL, fork, 0, 1), refuse]
    if machine.foreign:
        program += [_line(_AT_LEAST, machine.foreign, 0, 1), refuse]
    for numbers in _FORBIDDEN.values():
        if numbers[machine.column] >= 0:
            program += [_line(_EQUAL, numbers[machine.column], 0, 1), forbid]
    typing = [part for request in _TYPE_INTO_TERMINAL for part in (_line(_EQUAL, request, 0, 1), forbid)]
    program += [_line(_EQUAL, machine.ioctl, 0, len(typing) + 2), _line(_LOAD, _SECOND_ARGUMENT), *typing, allow]
    program += [_line(_EQUAL, machine.clone, 0, 3), _line(_LOAD, _FIRST_ARGUMENT)]
    program += [_line(_ANY_BIT, _CLONE_THREAD, 1, 0), refuse, allow]
    return b"".join(program)


def _line(code: int, value: int, if_true: int = 0, if_false: int = 0) -> bytes:
    """One BPF instruction; `if_true` and `if_false` are the numbers of instructions that a jump skips."""
    return struct.pack("=HBBI", code, if_true, if_false, value)
