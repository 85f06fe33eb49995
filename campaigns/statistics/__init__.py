"""What was sent, counted: by day, line, promoter and campaign.

asking     what a person asks for: a period of whole days in their team's zone, and whose sends; refused by name
sends      the figures, from the indexes on the sending time alone
table      the same as rows of words, for CSV
"""
