"""The assignment desk: promoters get clients under a quota, work them against the clock, and none is lost from sight."""
