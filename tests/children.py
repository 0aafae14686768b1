"""Running a function in a forked child, which may be killed or starved of memory."""

import ctypes
import functools
import json
import os
import resource
import signal
import subprocess
import sys
import traceback
from pathlib import Path
from typing import Any, Callable, Optional

import torch

ROOT = Path(__file__).parent.parent
M_MMAP_THRESHOLD = -3  # of malloc.h
SMALL = 2**16  # bytes
# What is freed goes back at once, and is not there to be taken when memory is limited.
ALONE = {"BALC_ALONE": "1", "OMP_NUM_THREADS": "1", "MALLOC_MMAP_THRESHOLD_": str(SMALL)}
WATCHDOG = 300  # seconds, for a child


def in_child(function: Callable[[], Any]) -> tuple[Optional[int], Any]:
    """Run a function in a fork of this process.

    Returns the signal that killed the child, None if none did, and what the function returned,
    through JSON; an exception there fails here, with its traceback.
    """
    sys.stdout.flush()
    reader, writer = os.pipe()
    child = os.fork()
    if not child:
        os.close(reader)
        signal.alarm(WATCHDOG)
        # OpenMP's threads are not forked, and it waits for them forever.
        torch.set_num_threads(1)
        # Nothing of the parent's must run in the child: no teardown, no report.
        try:
            answer = json.dumps([True, function()])
        except BaseException:
            answer = json.dumps([False, traceback.format_exc()])
        with os.fdopen(writer, "w") as pipe:
            pipe.write(answer)
        os._exit(0)
    os.close(writer)
    with os.fdopen(reader) as pipe:
        answer = pipe.read()
    _, status = os.waitpid(child, 0)
    if os.WIFSIGNALED(status):
        return os.WTERMSIG(status), None
    good, value = json.loads(answer)
    assert good, value
    return None, value


def limit_memory(more: int) -> None:
    """Let this process map no more than `more` further bytes."""
    # What was freed before is not to be taken from: all but small blocks are mapped anew.
    ctypes.CDLL(None).mallopt(M_MMAP_THRESHOLD, SMALL)
    with open("/proc/self/statm") as file:
        mapped = int(file.read().split()[0]) * resource.getpagesize()
    resource.setrlimit(resource.RLIMIT_AS, (mapped + more, resource.RLIM_INFINITY))


def peak_memory() -> int:
    """Most bytes that this process has held at a time."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024


def alone(test):
    """Run a test in a process of its own: how soon memory runs out depends on what ran before."""

    @functools.wraps(test)
    def in_its_own(*args, **fixtures):
        if "BALC_ALONE" in os.environ:
            return test(*args, **fixtures)
        file = sys.modules[test.__module__].__file__
        done = subprocess.run(
            [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "--rootdir", ROOT]
            + [f"{file}::{test.__name__}"],
            env={**os.environ, **ALONE},
            capture_output=True,
            text=True,
            cwd=ROOT,
            timeout=2 * WATCHDOG,
        )
        assert done.returncode == 0, done.stdout

    return in_its_own
