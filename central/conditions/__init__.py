"""The conditions of art. 184l, under which a cluster is settled by art. 184k, watched all the time.

Pure but for ``gathering``, ``kept`` and ``cli``: months as sums of hours go in, verdicts with their numbers come out.
"""
