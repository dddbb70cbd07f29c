"""Mathematics, checked by references, plurality or computation (report §2.2)."""
