"""The words all sides of klaster share: energy, periods, points, stands and the messages between them.

Nothing here does I/O, reads a clock or knows of asyncio.
"""
