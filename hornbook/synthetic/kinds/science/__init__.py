"""Science questions: relevant, grounded in their passage, of balanced difficulty (report §2.2)."""
