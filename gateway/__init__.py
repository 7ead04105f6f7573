"""The edge: observes meters, remembers their stands, forwards them until central has receipted each."""
