"""Choose hyperparameters by short runs: rate, batch and warm-up (report §3), and the mixture (§3.2, table 4).

`tune.tune` and `ablation.ablation` are the stages. Both train through `proxy_runs.ProxyRunner`, which keeps results.
"""
