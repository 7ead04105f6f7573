"""A simulated cluster on real protocols; its arithmetic is its own, so that a shared mistake can't cancel out."""
