"""Settling from files."""
