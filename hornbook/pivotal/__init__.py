"""Model + questions + oracle → pivotal tokens → preference pairs of single tokens (report §4.3, figure 4)."""
