"""Rules that split a period's covered energy among the points; each rule is one file.

A rule takes the weights (T, P) and the totals (T,), both int64 Wh, and gives the parts (T, P); each row of parts sums
to its total exactly. The order of the points breaks ties.
"""
