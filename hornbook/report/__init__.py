"""Reports of finished runs: a table for the terminal, an HTML page, data set cards and lineage."""
