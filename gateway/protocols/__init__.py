"""Protocols: bytes and words to values, without I/O."""
