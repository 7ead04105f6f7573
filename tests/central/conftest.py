"""The fixtures of the tests in a browser."""

from tests.central.desk import browser, chromium, desk

__all__ = ["browser", "chromium", "desk"]
