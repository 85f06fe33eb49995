"""What a line answers by itself, by rules that a team's supervisors set: off until they turn one on.

One class for each kind of rule, all of the shape of `base.Kind`; the first that applies answers, a line's own rules before
its team's. `answering.consider` is the one way to an automatic answer, and it leaves as any reply does: an envío of no
campaign, told apart by `automatic`, within the line's bound of replies.

    keyword        they wrote one of some words
    out_of_hours   their team does not work now
    first_answer   they never wrote to this line before
    opt_out        they asked for silence: once, that they were heard

Never twice a day in one conversation, never to whoever is excluded or may have asked to be, never while a person of ours
is answering, never to a machine (`machines`). What was answered or held back is a row of `AutomaticAnswer`.

A new kind is a module here with its class, an `AutomaticKind`, and a line in `answering.KINDS`.
"""
