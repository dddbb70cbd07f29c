"""Small trainings that decide about a large one: rate, batch and warm-up (report §3), and the mixture (§3.2, table 4).

`tune.tune` and `ablation.ablation` are the stages. Both train through `trials.Trials`, which keeps what is finished.
"""
