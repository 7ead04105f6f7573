"""Several clusters on one machine: what they must not share, and how each is."""
