"""How much a promoter can take: the day's quota, what is in use, who is there."""
