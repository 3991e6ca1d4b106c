"""Becomes the given command, under a given account, and asks to die with its parent.

Run as a script (`python -I -S launch.py UID GID PARENT_PID SIGNAL -- command…`) rather than as a
`preexec_fn`, which is not safe in a process that has threads.
"""

import ctypes
import os
import pwd
import sys

PR_SET_PDEATHSIG = 1


def main(argv: list[str]) -> None:
    uid, gid, parent, death_signal = (int(argument) for argument in argv[:4])
    command = argv[argv.index("--") + 1 :]
    if os.geteuid() == 0 and uid != 0:
        os.initgroups(pwd.getpwuid(uid).pw_name, gid)
        os.setgid(gid)
        os.setuid(uid)
    os.umask(0o077)
    if sys.platform == "linux":
        # After setuid: a change of credentials clears it.
        ctypes.CDLL(None, use_errno=True).prctl(PR_SET_PDEATHSIG, death_signal, 0, 0, 0)
        if os.getppid() != parent:
            sys.exit("the process that asked for this one is gone")
    os.execvp(command[0], command)  # noqa: S606 - no shell is the point


if __name__ == "__main__":
    main(sys.argv[1:])
