"""Talking to a model: in the terminal, on a page, and as a server with the OpenAI protocol."""
