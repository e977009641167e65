"""The bench: what its helpers count is what happened."""
