"""What the sender's tables say about a period: the questions of the incident of 2026-02-07, asked of any campaign.

scope      which rows are meant: a period, and all campaigns or some
marks      what claims to have gone out: per minute, per second, what nothing proves
phantoms   marks of a scheduler that are no messages, told by their rhythm
figures    campaign by campaign: sent, refused, and how each stands; what hangs in the air
report     all of it in one answer, with what is wrong as findings

Everything here only reads, by the index on when a message went out (or ended otherwise), and never more than `MOST_DAYS`.
"""
