"""What is done with a campaign after it was sent, or while its messages fail.

reasons   why messages ended in error, counted, each with what to do about it
retry     another try for those that provably did not leave
repeat    the same message, schedule and settings as a new draft
replies   who answered, what they wrote, and who of them waits
export    everybody whom it wrote to, row by row
"""
