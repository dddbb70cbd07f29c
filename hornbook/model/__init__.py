"""Settings → a Phi-3-architecture model (report §3); any Hugging Face or GGUF checkpoint in, Hugging Face folders out."""
