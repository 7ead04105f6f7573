"""How bytes travel: one module for each kind of link."""
