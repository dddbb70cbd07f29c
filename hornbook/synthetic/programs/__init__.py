"""Programs for kinds about code: run functions on inputs, mutants, tests, traces; everything runs in the sandbox."""
