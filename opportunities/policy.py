"""Who may do what to which opportunity."""

from __future__ import annotations

from django.utils.translation import gettext as _

from leadmaster.accounts.models import User
from leadmaster.accounts.scope import teams_of
from opportunities.errors import NotAllowed
from opportunities.models import Opportunity, Promoter

WORK = "opportunities.work_opportunity"
SUPERVISE = "opportunities.supervise_opportunity"
EXCEED = "opportunities.exceed_quota"


def not_yours(opportunity_id: int) -> str:
    """One sentence for what is somebody else's and for what does not exist: a number tells nobody anything."""
    return _("No tienes permiso para decidir sobre la oportunidad #%(id)s.") % {"id": opportunity_id}


def may_supervise(user: User, team_id: int) -> bool:
    """Whether this person decides over this team's work."""
    if not user.is_active or not user.has_perm(SUPERVISE):
        return False
    return user.is_administrator or teams_of(user).filter(pk=team_id).exists()


def require_supervisor(user: User, row: Opportunity) -> None:
    """Raise NotAllowed unless `may_supervise` its team."""
    if not may_supervise(user, row.team_id):
        raise NotAllowed(not_yours(row.pk))


def require_worker(user: User, row: Opportunity) -> None:
    """Raise NotAllowed unless it is theirs, or they supervise its team."""
    if row.owner is not None and row.owner.user_id == user.pk and user.is_active and user.has_perm(WORK):
        return
    require_supervisor(user, row)


def require_receiver(user: User, target: Promoter) -> None:
    """Raise NotAllowed unless this person decides over the desk that would receive the work."""
    if not may_supervise(user, target.desk.team_id):
        raise NotAllowed(_("%(who)s no es de un equipo que supervises.") % {"who": target})


def promoter_of(user: User) -> Promoter:
    """The desk's row of this person. Raises NotAllowed for people who work at no desk."""
    row = Promoter.objects.select_related("user", "desk__team", "desk__calendar").filter(user=user).first()
    if row is None or not user.is_active or not user.has_perm(WORK):
        raise NotAllowed(_("No estás en ninguna mesa de asignación. Pide a tu supervisor que te agregue a una."))
    return row
