"""A YAML file in, a checked plan and finished stages out: what to run, why, in which order, resumed and reused."""
