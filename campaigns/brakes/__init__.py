"""Brakes that think: what stops a campaign or a line by itself before a person would notice that something is wrong.

One class per brake, all of the shape of `base.Brake`: `look` is told whose messages landed, reads a bounded window of
what became of them, and takes hold, tells, or lets go; `lift` is how a person lets go, with a reason. A tick looks every
few seconds and only at those that have news (`watch`), so a minute without outcomes costs nothing.

    error_rate   too many of a campaign's last tries failed: told at 5 %, paused at 10 %
    canary       its first messages have to reach the server before the rest goes
    opt_outs     too many of those whom it reached ask to be left alone
    sellers      those who attend to its answers have too many unanswered: it waits for them
    half_deaf    a line is connected, sends, and nothing is acknowledged: it is held and writes to itself

A new brake is a module here with its class, a `BrakeKind`, a reason in `WhyNot`, a line in `watch.BRAKES`, and a setting
with an override. What holds is a row of `CampaignBrake` (`campaigns.holds`); people let go through `lifting.lift`.
"""
