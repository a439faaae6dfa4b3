"""The system calls that a program under test is refused, as instructions for the kernel's seccomp filter.

A deny-list within a sandbox that holds without it: it forbids a program to start others (so that its memory is one
limit's), and takes away parts of the kernel that no program under test needs.
"""

from __future__ import annotations

import errno
import struct

ARCHITECTURES = {"x86_64": (0xC000003E, 0), "aarch64": (0xC00000B7, 1)}
"""By machine: AUDIT_ARCH of linux/audit.h, and which column of the tables below is its own."""

REFUSED: dict[str, tuple[int | None, int | None]] = {
    # other processes: to read, trace and start them
    "ptrace": (101, 117), "process_vm_readv": (310, 270), "process_vm_writev": (311, 271),
    "process_madvise": (440, 440),
    "pidfd_open": (434, 434), "pidfd_getfd": (438, 438), "pidfd_send_signal": (424, 424), "kcmp": (312, 272),
    "fork": (57, None), "vfork": (58, None), "execve": (59, 221), "execveat": (322, 281),
    # namespaces and mounts
    "unshare": (272, 97), "setns": (308, 268), "chroot": (161, 51), "pivot_root": (155, 41), "mount": (165, 40),
    "umount2": (166, 39), "move_mount": (429, 429), "open_tree": (428, 428), "fsopen": (430, 430),
    "fsconfig": (431, 431), "fsmount": (432, 432), "fspick": (433, 433), "mount_setattr": (442, 442),
    "sethostname": (170, 161), "setdomainname": (171, 162), "personality": (135, 92),
    # the machine
    "swapon": (167, 224), "swapoff": (168, 225), "reboot": (169, 142), "kexec_load": (246, 104),
    "kexec_file_load": (320, 294), "init_module": (175, 105), "finit_module": (313, 273), "delete_module": (176, 106),
    "acct": (163, 89), "quotactl": (179, 60), "quotactl_fd": (443, 443), "syslog": (103, 116), "iopl": (172, None),
    "ioperm": (173, None), "modify_ldt": (154, None), "settimeofday": (164, 170), "clock_settime": (227, 112),
    "clock_adjtime": (305, 266), "adjtimex": (159, 171), "vhangup": (153, 58), "fanotify_init": (300, 262),
    # parts of the kernel with a long record of faults
    "add_key": (248, 217), "request_key": (249, 218), "keyctl": (250, 219), "bpf": (321, 280),
    "perf_event_open": (298, 241), "userfaultfd": (323, 282), "io_uring_setup": (425, 425),
    "io_uring_enter": (426, 426), "io_uring_register": (427, 427), "name_to_handle_at": (303, 264),
    "open_by_handle_at": (304, 265),
    # memory that no limit of a process counts
    "memfd_create": (319, 279), "memfd_secret": (447, 447), "shmget": (29, 194), "shmat": (30, 196),
    "shmctl": (31, 195), "semget": (64, 190), "semop": (65, 193), "semctl": (66, 191), "msgget": (68, 186),
    "msgsnd": (69, 189), "msgrcv": (70, 188), "msgctl": (71, 187), "mq_open": (240, 180),
    # ways out: pairs of sockets stay, which asyncio needs
    "socket": (41, 198),
}  # fmt: skip
"""Numbers of linux/unistd.h for x86_64 and for aarch64."""

_CLONE, _CLONE3, _PRLIMIT = (56, 220), (435, 435), (302, 261)
_THREAD = 0x00010000
"""CLONE_THREAD: a thread of the same process, which its limits count."""
_ALLOW, _REFUSE, _KILL = 0x7FFF0000, 0x00050000, 0x80000000
_NUMBER, _ARCHITECTURE, _FIRST_ARGUMENT = 0, 4, 16
"""Offsets in struct seccomp_data."""
_X32 = 0x40000000


def refused_calls(machine: str) -> bytes:
    """The filter's instructions for a kind of processor; KeyError for one that is not in ARCHITECTURES."""
    architecture, column = ARCHITECTURES[machine]
    program = [_load(_ARCHITECTURE), *_when(architecture, skip=1), _give(_KILL), _load(_NUMBER)]
    if machine == "x86_64":
        program += [_jump(0x35, _X32, 0, 1), _give(_KILL)]  # numbers of the x32 interface
    for numbers in REFUSED.values():
        if (number := numbers[column]) is not None:
            program += [*_when(number, skip=0, otherwise=1), _give(_REFUSE | errno.EPERM)]
    program += [*_when(_CLONE3[column], skip=0, otherwise=1), _give(_REFUSE | errno.ENOSYS)]
    program += [*_when(_CLONE[column], skip=0, otherwise=4), _load(_FIRST_ARGUMENT), _jump(0x45, _THREAD, 0, 1)]
    program += [_give(_ALLOW), _give(_REFUSE | errno.EPERM)]
    program += [*_when(_PRLIMIT[column], skip=0, otherwise=3), _load(_FIRST_ARGUMENT), _jump(0x15, 0, 1, 0)]
    program += [_give(_REFUSE | errno.EPERM), _give(_ALLOW)]
    return b"".join(program)


def _load(offset: int) -> bytes:
    return struct.pack("<HBBI", 0x20, 0, 0, offset)


def _jump(code: int, value: int, *skip: int) -> bytes:
    return struct.pack("<HBBI", code, *skip, value)


def _when(value: int, *, skip: int, otherwise: int = 0) -> list[bytes]:
    return [_jump(0x15, value, skip, otherwise)]


def _give(answer: int) -> bytes:
    return struct.pack("<HBBI", 0x06, 0, 0, answer)
