#!/usr/bin/python3
# SPDX-License-Identifier: BSD-3-Clause
"""Stops one thread of a process, and no other, until it ends: block_thread.py PID WORD,
where WORD is a part of the thread's name. To the process it looks like a thread that blocked."""

import ctypes
import os
import signal
import sys
from pathlib import Path

PTRACE_SEIZE, PTRACE_INTERRUPT = 0x4206, 0x4207
WALL = 0x40000000


def main():
    pid, word = int(sys.argv[1]), sys.argv[2]
    threads = [int(t.name) for t in Path(f"/proc/{pid}/task").iterdir()
               if word in (t / "comm").read_text()]
    if len(threads) != 1:
        sys.exit(f"block_thread.py: {len(threads)} threads are named *{word}*")
    libc = ctypes.CDLL(None, use_errno=True)
    for request in PTRACE_SEIZE, PTRACE_INTERRUPT:
        if libc.ptrace(ctypes.c_long(request), ctypes.c_long(threads[0]), None, None) != 0:
            sys.exit(f"block_thread.py: {os.strerror(ctypes.get_errno())}")
    os.waitpid(threads[0], WALL)
    print(f"thread {threads[0]} stands", flush=True)
    # nobody may forget it; and a process is gone only when its tracer has seen each thread end
    signal.alarm(120)
    os.waitpid(threads[0], WALL)


if __name__ == "__main__":
    main()
