"""Runs llama.cpp's server in a process of its own: `python -m hornbook.teacher.llamacpp_server OPTIONS` (JSON).

The first line on stdout is the server's base URL. It stops when its stdin closes, that is, when the process that
started it ends. It is a process of its own because llama.cpp's threads need another waiting policy than PyTorch's,
because it logs to stdout, and because a crash must not end the run.
"""

import os
import sys
from typing import Any

import msgspec


class ServerOptions(msgspec.Struct):
    """`parallel` calls at a time, each with a context of `context` tokens."""

    model: str
    parallel: int
    context: int
    threads: int


def main() -> None:
    options = msgspec.json.decode(sys.argv[1], type=ServerOptions)
    answer = os.dup(1)
    os.dup2(2, 1)  # native code logs to stdout too
    server = start_server(options)
    os.write(answer, f"{server.listening_address}\n".encode())
    sys.stdin.buffer.read()
    os._exit(0)  # nothing to save; native threads need not be joined


def start_server(options: ServerOptions) -> Any:
    import xllamacpp

    params = xllamacpp.CommonParams()
    params.model.path = options.model
    params.n_parallel = options.parallel
    params.n_ctx = options.parallel * options.context
    params.cpuparams.n_threads = options.threads
    params.cpuparams_batch.n_threads = options.threads
    params.sampling.temp = params.sampling.top_p = 1.0  # the protocol's defaults, which calls leave out
    params.timeout_read = params.timeout_write = 24 * 3600
    params.cache_ram_mib = 0  # prompts of finished calls stay in the slots, which is enough
    params.warmup = False
    params.fit_params = False  # use the given parameters, or fail
    params.verbosity = 1  # errors only
    return xllamacpp.Server(params)


if __name__ == "__main__":
    main()
