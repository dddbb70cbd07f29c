"""Documents and samples → tokens → rows of packed documents in training order, by share and epochs (report §3.1-3.3).

`mix.mixture` is the stage, `rows.Rows` reads what it wrote, `packing.pack` and `epochs.epochs` are its two ideas.
"""
