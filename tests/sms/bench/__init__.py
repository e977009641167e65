"""The bench: what its programs count is what happened."""
