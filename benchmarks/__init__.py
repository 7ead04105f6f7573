"""Benchmarks: each prints its figure beside a peer or limit measured in the same run, as a ratio."""
