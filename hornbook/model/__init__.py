"""Settings → a Phi-3-architecture model (report §3); Hugging Face or GGUF in, Hugging Face folders out."""
