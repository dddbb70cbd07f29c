"""The steps of the stage `curate`, over shards of a corpus of any size (report §2.3).

`read_shards` divides the input, `filter_shard` judges single documents, `duplicates`, `repeated_lines` and
`filters.outliers` compare the documents of all shards, `compare_shard` applies what they found, and `write_corpus`
joins the shards. Every step leaves whole files, so a killed run goes on where it was.
"""
