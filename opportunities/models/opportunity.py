"""One client being worked, its history, and the cool-downs it leaves."""

from __future__ import annotations

from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from leadmaster.accounts.models import Team, User
from leadmaster.directory.models import Client
from opportunities.enums import CLOSED, OPEN, OWNED, EventKind, OpportunityState, Origin
from opportunities.models.lot import Lot
from opportunities.models.promoter import Promoter
from opportunities.models.stage import Stage
from opportunities.querysets import OpportunityQuerySet


class Opportunity(models.Model):
    """The same row goes round; its events tell everything. `state` is written by `opportunities.state.machine` alone."""

    client = models.ForeignKey(Client, models.PROTECT, related_name="opportunities", verbose_name=_("cliente"))
    # The client while this is open and NULL afterwards: UNIQUE then allows one open opportunity per client.
    open_client = models.OneToOneField(
        Client, models.PROTECT, null=True, blank=True, related_name="open_opportunity", editable=False
    )
    team = models.ForeignKey(
        Team, models.PROTECT, related_name="opportunities", verbose_name=_("equipo"), db_index=False
    )
    owner = models.ForeignKey(
        Promoter,
        models.PROTECT,
        null=True,
        blank=True,
        related_name="opportunities",
        verbose_name=_("promotor"),
        db_index=False,
    )
    stage = models.ForeignKey(Stage, models.PROTECT, null=True, blank=True, related_name="+", verbose_name=_("etapa"))
    lot = models.ForeignKey(
        Lot, models.PROTECT, null=True, blank=True, related_name="opportunities", verbose_name=_("lote")
    )
    state = models.CharField(
        _("estado"), max_length=16, choices=OpportunityState, default=OpportunityState.ACTIVE, editable=False
    )
    origin = models.CharField(_("origen"), max_length=16, choices=Origin, default=Origin.DRAW, editable=False)
    # Grows with every change: two tabs, two people, one winner.
    version = models.PositiveIntegerField(default=1, editable=False)

    stage_since = models.DateTimeField(_("en la etapa desde"), editable=False)
    state_since = models.DateTimeField(_("en el estado desde"), editable=False)
    deadline = models.DateTimeField(_("vence"), null=True, blank=True, editable=False)
    # While the clock stands still (absence): operating time left, in seconds.
    paused_seconds = models.PositiveIntegerField(null=True, blank=True, editable=False)
    # From when the clock counts as it stands: set, extended, stopped, let go on, or moved by other hours.
    clock_since = models.DateTimeField(null=True, blank=True, editable=False)
    # The client asked for a date: until then the clock does not count. And when the first such wait of this stage began,
    # from which the stage's limit is counted, however often it is renewed.
    held_until = models.DateTimeField(_("espera hasta"), null=True, blank=True, editable=False)
    hold_since = models.DateTimeField(null=True, blank=True, editable=False)
    extended = models.BooleanField(_("ya tuvo prórroga"), default=False, editable=False)
    attempts = models.PositiveSmallIntegerField(_("veces asignada"), default=1, editable=False)
    exit_reason = models.CharField(_("motivo de salida"), max_length=300, blank=True)
    data = models.JSONField(_("datos"), default=dict, blank=True)
    created_at = models.DateTimeField(_("creada"))

    # Of this instance alone: its lock brought its clock along with a change of hours (`locking.lock`).
    recalculated = False

    objects = OpportunityQuerySet.as_manager()

    class Meta:
        verbose_name = _("oportunidad")
        verbose_name_plural = _("oportunidades")
        ordering = ["-id"]
        permissions = [
            ("work_opportunity", "Can work own opportunities: move, note, extend, capture, request"),
            ("supervise_opportunity", "Can decide exits, reassign, return to pool and close"),
            ("exceed_quota", "Can reassign over a promoter's quota, with a reason"),
        ]
        constraints = [
            models.CheckConstraint(condition=Q(state__in=OpportunityState.values), name="opportunity_state_known"),
            # Nothing is lost from sight: owned in a stage, in the inbox, in the pool, or closed.
            models.CheckConstraint(
                condition=~Q(state=OpportunityState.ACTIVE) | Q(owner__isnull=False, stage__isnull=False),
                name="opportunity_active_is_owned",
            ),
            models.CheckConstraint(
                condition=~Q(state=OpportunityState.POOL) | Q(owner__isnull=True), name="opportunity_pool_is_nobodys"
            ),
            models.CheckConstraint(
                condition=Q(state__in=OPEN, open_client__isnull=False) | Q(state__in=CLOSED, open_client__isnull=True),
                name="opportunity_open_holds_client",
            ),
            models.CheckConstraint(
                condition=Q(state=OpportunityState.ACTIVE) | Q(deadline__isnull=True),
                name="opportunity_clock_only_active",
            ),
            models.CheckConstraint(
                condition=Q(paused_seconds__isnull=True) | Q(state=OpportunityState.ACTIVE, deadline__isnull=True),
                name="opportunity_clock_runs_or_stands",
            ),
            models.CheckConstraint(
                condition=Q(held_until__isnull=True) | Q(state=OpportunityState.ACTIVE, hold_since__isnull=False),
                name="opportunity_hold_only_active",
            ),
        ]
        indexes = [
            # Reader: a promoter's list, by what expires next.
            models.Index(fields=["owner", "state", "deadline", "id"], name="opp_of_owner"),
            # Reader: the timer cron. Only active ones have a deadline, so the state would add nothing but a way for
            # other queries to choose it.
            models.Index(fields=["deadline", "id"], name="opp_expiring"),
            # Reader: inbox and pool of a team, the oldest first; the draw from the pool.
            models.Index(fields=["team", "state", "state_since", "id"], name="opp_of_team"),
            # Reader: live counts of a lot.
            models.Index(fields=["lot", "state"], name="opp_of_lot"),
        ]

    def __str__(self) -> str:
        return f"#{self.pk}"

    @property
    def is_owned(self) -> bool:
        """Whether somebody has it: in a stage, or until a supervisor decides."""
        return self.state in OWNED


class OpportunityEvent(models.Model):
    """One line of history: who, when, from, to, why. Append-only."""

    opportunity = models.ForeignKey(Opportunity, models.CASCADE, related_name="events", verbose_name=_("oportunidad"))
    kind = models.CharField(_("qué"), max_length=16, choices=EventKind)
    at = models.DateTimeField(_("cuándo"))
    by = models.ForeignKey(User, models.PROTECT, null=True, blank=True, related_name="+", verbose_name=_("quién"))
    from_state = models.CharField(_("de"), max_length=16, choices=OpportunityState, blank=True)
    to_state = models.CharField(_("a"), max_length=16, choices=OpportunityState)
    from_stage = models.ForeignKey(
        Stage, models.PROTECT, null=True, blank=True, related_name="+", verbose_name=_("de la etapa")
    )
    to_stage = models.ForeignKey(
        Stage, models.PROTECT, null=True, blank=True, related_name="+", verbose_name=_("a la etapa")
    )
    from_owner = models.ForeignKey(
        Promoter, models.PROTECT, null=True, blank=True, related_name="+", verbose_name=_("de")
    )
    to_owner = models.ForeignKey(
        Promoter, models.PROTECT, null=True, blank=True, related_name="+", verbose_name=_("a"), db_index=False
    )
    reason = models.CharField(_("motivo"), max_length=300, blank=True)
    data = models.JSONField(_("datos"), default=dict, blank=True)

    class Meta:
        verbose_name = _("historia de la oportunidad")
        verbose_name_plural = _("historia de las oportunidades")
        ordering = ["id"]
        constraints = [models.CheckConstraint(condition=Q(kind__in=EventKind.values), name="event_kind_known")]
        indexes = [
            # Reader: a promoter's captures of the day, extensions of the week.
            models.Index(fields=["to_owner", "kind", "at"], name="event_of_owner"),
            # Reader: the radar's period.
            models.Index(fields=["kind", "at"], name="event_of_kind"),
        ]

    def __str__(self) -> str:
        return str(self.get_kind_display())


class CoolDown(models.Model):
    """This client is not offered to this promoter again before `until`."""

    promoter = models.ForeignKey(Promoter, models.CASCADE, related_name="+", verbose_name=_("promotor"))
    client = models.ForeignKey(Client, models.CASCADE, related_name="+", verbose_name=_("cliente"))
    until = models.DateTimeField(_("hasta"))

    class Meta:
        verbose_name = _("descanso")
        verbose_name_plural = _("descansos")
        constraints = [models.UniqueConstraint(fields=["promoter", "client"], name="cooldown_once")]

    def __str__(self) -> str:
        return f"{self.promoter_id}/{self.client_id}"
