"""Results: what came of the work, by promoter, team, campaign, filter of the lot and week. Always equal to a recount.

counting   one day, counted from the rows themselves, in the smallest groups that anybody asks about
answering  how long clients waited for an answer, in operating time
sums       the same written down, day by day (`leadmaster.ops.rollups`)
figures    a period's figures: from the sums, and counted where there are none
asking     what a person asks for, in the same words at every door
period     what was asked, answered: this period, the one before, and each group
table      the same as rows of words, for CSV and XLSX
page       the same as pictures
lots       what became of the clients of a lot
cohorts    of whom a campaign wrote to: how many read, answered, became an opportunity, a sale
"""
