"""A believable team at work, for an empty database: people, lines, and campaigns at every stage of their life.

people       teams, promoters, supervisor, administrator
recipients   made-up people with numbers of the right shape
stories      one function per campaign: running, waiting for approval, finished, in doubt, being written
"""
