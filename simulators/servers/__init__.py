"""Servers of simulated devices: their protocols' bytes, on real sockets and ptys."""
