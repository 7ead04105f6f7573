"""What the operator and the sellers charged, as their documents say it; and how it differs from klaster's charges."""
