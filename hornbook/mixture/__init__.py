"""Documents and samples → tokens → rows of packed documents in training order, by share and epochs (report §3.1-3.3).

`stage.mixture` is the stage, `packed_dataset.Rows` reads its output, `packing.pack` packs documents into rows.
"""
