"""Model + batches → model, on one loop: pretraining, midtraining (report §3), SFT and DPO (§4) are objectives on it."""
