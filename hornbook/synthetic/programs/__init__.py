"""What kinds about code share: functions run on inputs, broken variants, tests, traces; everything in the sandbox."""
