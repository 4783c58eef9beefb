"""Become another program that the kernel kills as soon as its parent is gone.

Run as ``python -I -S launch.py PARENT_PID PROGRAM ARGUMENT...``. A program of its own, because
code between fork and exec in a process with threads may deadlock.
"""

import ctypes
import os
import signal
import sys

_PR_SET_PDEATHSIG = 1


def main(parent: str, program: str, *arguments: str) -> None:
    ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)
    # The parent may have died before the line above took effect.
    if os.getppid() == int(parent):
        os.execvp(program, [program, *arguments])


if __name__ == "__main__":
    main(*sys.argv[1:])
