"""Asking the books."""
