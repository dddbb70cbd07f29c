"""A user's oracle that does what the completion says, however bad: loaded by path in test_isolated.py."""

import ctypes
import os
import sys
import time
from typing import Any

print("garbage\n{}", flush=True)


def act(question: dict[str, Any], completion: str) -> Any:
    if completion == "raise":
        raise KeyError("oh")
    if completion == "hang":
        time.sleep(1000)
    if completion == "ignore signals, hang":
        import signal

        signal.pthread_sigmask(signal.SIG_BLOCK, set(signal.Signals) - {signal.SIGKILL, signal.SIGSTOP})
        time.sleep(1000)
    if completion == "eat":
        held = []
        while True:
            held.append(bytearray(1 << 26))
    if completion == "segfault":
        ctypes.string_at(0)
    if completion == "kill":
        os.kill(os.getpid(), 9)
    if completion == "exit":
        sys.exit(0)
    if completion == "end":
        os._exit(0)
    if completion == "print":
        print('{"score": 0.5}\n' * 1000, flush=True)
        os.write(1, b'{"score": 0.5}\n')
        sys.stderr.write("noise")
        sys.stdin.read()
        return True
    if completion == "yes":
        return "yes"
    if completion == "nan":
        return float("nan")
    if completion == "half":
        return 0.5
    return completion == question["answer"] and question["entry"] == {"unit": "m"}


not_a_function = 3
