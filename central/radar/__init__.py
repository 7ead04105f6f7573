"""The tier radar: what hours lack for their next relief step (art. 184k ust. 1 pkt 2), and what that is worth."""
