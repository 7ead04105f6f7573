"""The register of settlement runs: made once, never changed, recomputed and compared by anyone."""
