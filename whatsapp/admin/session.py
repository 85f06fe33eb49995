"""Sessions: the list, the form, and what is asked of the gateway: connect, disconnect, look again, lift a pause."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from django.contrib import admin, messages
from django.contrib.admin import display
from django.core.exceptions import PermissionDenied, ValidationError
from django.db import models
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.urls import URLPattern, path, reverse
from django.utils import timezone
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from leadmaster.accounts.current_user import current_user
from leadmaster.accounts.models import Team, User
from leadmaster.lib.admin.confirm import Confirmation, ReasonForm, confirm_and_run
from leadmaster.lib.admin.modeladmins import NOTHING, ScopedAdmin, moment
from leadmaster.lib.phones import parsing
from whatsapp import line_tests, link_screens, linking, screens, session_editing, sessions, warm_up
from whatsapp.admin import pairing
from whatsapp.admin.form import GatewaySessionForm, SessionForm
from whatsapp.gateways import registry
from whatsapp.gateways.base import GatewayError
from whatsapp.line_tests import LineTestRefused
from whatsapp.linking import LinkingRefused
from whatsapp.models import GatewayKind, WhatsAppSession


@admin.register(WhatsAppSession)
class WhatsAppSessionAdmin(ScopedAdmin[WhatsAppSession]):
    form = SessionForm
    list_before_template = "admin/whatsapp/whatsappsession/before.html"
    list_display = ("heading", "standing", "number", "limit", "seen", "owner")
    list_filter = ("state", "region")
    list_select_related = ("owner", "team")
    search_fields = ("name", "tenant_id", "phone")
    search_help_text = gettext_lazy("Nombre, cliente_id o número")
    change_form_template = "admin/whatsapp/whatsappsession/change_form.html"
    warn_unsaved_form = True
    seen = moment("last_seen_at", gettext_lazy("última respuesta"))
    _LINE = (None, {"fields": (("name", "tenant_id"), ("team", "owner"), ("region", "time_zone"))})
    _LIMITS = (
        gettext_lazy("Límites"),
        {"fields": (("daily_limit", "in_use_since", "warm_up_start"), ("lane_count", "deaf_after", "idle_after"))},
    )
    # What a supervisor reads of it.
    _GATEWAY_SEEN = (gettext_lazy("Gateway"), {"fields": (("gateway", "base_url"),)})

    @display(description=gettext_lazy("sesión"), ordering="name")
    def heading(self, session: WhatsAppSession) -> SafeString:
        return format_html('<span class="lm-two"><b>{}</b><small>{}</small></span>', session.name, session.team)

    @display(description=gettext_lazy("estado"), ordering="state")
    def standing(self, session: WhatsAppSession) -> SafeString:
        return screens.session_badge(session, timezone.now())

    @display(description=gettext_lazy("número"))
    def number(self, session: WhatsAppSession) -> str:
        return parsing.pretty(session.phone) if session.phone else NOTHING

    @display(description=gettext_lazy("límite diario"), ordering="daily_limit")
    def limit(self, session: WhatsAppSession) -> int:
        return session.daily_limit

    # --- Who --------------------------------------------------------------------------------------------------------

    def has_change_permission(self, request: HttpRequest, obj: WhatsAppSession | None = None) -> bool:
        return super().has_change_permission(request, obj) and (obj is None or self._is_theirs(request, obj))

    def _is_theirs(self, request: HttpRequest, session: WhatsAppSession) -> bool:
        return WhatsAppSession.objects.visible_to(request.user).filter(pk=session.pk).exists()

    # --- What is written -------------------------------------------------------------------------------------------

    def get_fieldsets(self, request: HttpRequest, obj: WhatsAppSession | None = None) -> Any:
        if current_user(request).is_administrator:
            return (self._LINE, self._LIMITS, _gateway_fields(self._kind(request, obj)))
        if obj is None:
            return (self._LINE, self._LIMITS)
        shown = (self._LINE, self._LIMITS, self._GATEWAY_SEEN)
        return self.in_words(request, shown, fixed=self._fixed(request, obj))

    def get_readonly_fields(self, request: HttpRequest, obj: WhatsAppSession | None = None) -> Any:
        [(_title, options)] = self.in_words(request, [(None, {"fields": self._fixed(request, obj)})], fixed=None)
        return options["fields"]

    def _fixed(self, request: HttpRequest, obj: WhatsAppSession | None) -> tuple[str, ...]:
        fixed = session_editing.FIXED if obj else ()
        return (*fixed,) if current_user(request).is_administrator else (*fixed, "base_url")

    def get_form(self, request: HttpRequest, obj: WhatsAppSession | None = None, *args: Any, **kwargs: Any) -> Any:
        by = current_user(request)
        base = GatewaySessionForm if by.is_administrator else SessionForm
        hidden = dict.fromkeys(name for name in self._fixed(request, obj) if name in base.declared_fields)
        # The class is this request's own.
        return super().get_form(
            request,
            obj,
            *args,
            **{**kwargs, "form": type(base.__name__, (base,), {**hidden, "by": by, "kind": self._kind(request, obj)})},
        )

    def _kind(self, request: HttpRequest, obj: WhatsAppSession | None) -> str:
        """Of a line that is there its own; of a new one the one that was chosen above the form."""
        if obj is not None:
            return obj.gateway
        chosen = request.POST.get("gateway") or request.GET.get("gateway") or ""
        return chosen if chosen in GatewayKind.values else str(GatewayKind.SESSION_MANAGER)

    def get_changeform_initial_data(self, request: HttpRequest) -> dict[str, Any]:
        return {**super().get_changeform_initial_data(request), "gateway": self._kind(request, None)}

    def save_model(self, request: HttpRequest, obj: WhatsAppSession, form: Any, change: bool) -> None:  # noqa: FBT001 - Django's
        written = form.written()
        by = current_user(request)
        if change:
            saved = session_editing.change(obj.pk, written, by=by, now=timezone.now())
        else:
            saved = session_editing.create(written, by=by, now=timezone.now())
        if change and "time_zone" in written:
            messages.warning(request, self._moved(saved))
        obj.pk = saved.pk
        obj.refresh_from_db()

    def _moved(self, session: WhatsAppSession) -> str:
        return _(
            "Las horas de esta línea se cuentan ahora en %(zone)s: las programaciones que se aprobaron con otra zona "
            "esperan una aprobación nueva en la página de su campaña. El límite de hoy sigue contando hasta que sea "
            "medianoche en las dos."
        ) % {"zone": session.time_zone}

    def changeform_view(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        try:
            return super().changeform_view(request, *args, **kwargs)
        except ValidationError as refused:
            # True when the form was read, and no longer when it was written.
            messages.error(request, " ".join(refused.messages))
            return HttpResponseRedirect(request.path)

    def formfield_for_foreignkey(
        self, db_field: models.ForeignKey[Any, Any], request: HttpRequest, **kwargs: Any
    ) -> Any:
        user = request.user
        if isinstance(user, User) and not user.is_administrator:
            teams = user.supervised_teams.all()
            if db_field.name == "team":
                kwargs["queryset"] = teams
            if db_field.name == "owner":
                members = User.objects.filter(is_active=True, teams__in=teams) | User.objects.filter(pk=user.pk)
                kwargs["queryset"] = members.distinct()
        elif db_field.name == "team":
            kwargs["queryset"] = Team.objects.all()
        return super().formfield_for_foreignkey(db_field, request, **kwargs)

    # --- What is asked of the gateway -------------------------------------------------------------------------------

    def get_urls(self) -> list[URLPattern]:
        def at(route: str, view: Callable[..., HttpResponse], name: str) -> URLPattern:
            return path(f"<int:pk>/{route}/", self.admin_site.admin_view(view), name=f"whatsapp_whatsappsession_{name}")

        return [
            at("connect", self.connect_view, "connect"),
            at("disconnect", self.disconnect_view, "disconnect"),
            at("unpause", self.unpause_view, "unpause"),
            at("lift-cold", self.lift_cold_view, "lift_cold"),
            at("lift-deaf", self.lift_deaf_view, "lift_deaf"),
            at("lift-warm-up", self.lift_warm_up_view, "lift_warm_up"),
            at("check", self.check_view, "check"),
            at("test", self.test_view, "test"),
            at("pair", self.pair_view, "pair"),
            at("pair/code", self.code_view, "code"),
            at("pair/typed", self.typed_view, "typed"),
            at("change-number", self.change_number_view, "change_number"),
            at("live", self.live_view, "live"),
            *super().get_urls(),
        ]

    def connect_view(self, request: HttpRequest, pk: int) -> HttpResponse:
        """Open the session at the gateway and go on to its code."""
        session = self._allowed(request, pk)
        return self._confirm(
            request,
            session,
            Confirmation(
                title=_("Conectar · %(name)s") % {"name": session.name},
                question=_(
                    "Se le pide al gateway que abra la sesión. Si hace falta vincular el teléfono, sigue el código QR."
                ),
                button=_("Conectar"),
                warning=str(pairing.RISK),
            ),
            lambda: sessions.connect(session, timezone.now(), by=current_user(request)),
            _("El gateway está abriendo la sesión."),
            back=_url("pair", session),
        )

    def disconnect_view(self, request: HttpRequest, pk: int) -> HttpResponse:
        session = self._allowed(request, pk)
        return self._confirm(
            request,
            session,
            Confirmation(
                title=_("Desconectar · %(name)s") % {"name": session.name},
                question=_(
                    "Se cierra la sesión en el gateway. Sus campañas dejan de enviar hasta que alguien la conecte."
                ),
                button=_("Desconectar"),
                tone="danger",
            ),
            lambda: sessions.disconnect(session, timezone.now(), by=current_user(request)),
            _("La sesión quedó desconectada."),
        )

    def unpause_view(self, request: HttpRequest, pk: int) -> HttpResponse:
        """A person says that what stopped it is mended."""
        session = self._allowed(request, pk)
        return self._confirm(
            request,
            session,
            Confirmation(
                title=_("Quitar la pausa · %(name)s") % {"name": session.name},
                question=_(
                    "Confirma que el problema está resuelto: en el próximo minuto se vuelve a probar la sesión."
                ),
                button=_("Quitar la pausa"),
                facts=[(_("Lo que pasó"), session.trouble or "—")],
            ),
            lambda: sessions.unpause(session, by=current_user(request), now=timezone.now()),
            _("La sesión vuelve a probarse."),
        )

    def lift_cold_view(self, request: HttpRequest, pk: int) -> HttpResponse:
        """A supervisor lets first contacts go out again, and says why."""
        session = self._liftable(request, pk)
        page = Confirmation(
            title=_("Escribir a contactos nuevos · %(name)s") % {"name": session.name},
            question=_(
                "WhatsApp rechazó contactos nuevos de esta línea. Insistir puede costarle el número: hazlo solo si "
                "sabes por qué los rechazó."
            ),
            button=_("Volver a escribirles"),
            facts=[(_("Esperan hasta"), screens.cold_end(session, timezone.now()) or NOTHING)],
            tone="danger",
        )
        return self._lift(
            request, session, page, sessions.lift_cold, _("La línea vuelve a escribir a contactos nuevos.")
        )

    def lift_deaf_view(self, request: HttpRequest, pk: int) -> HttpResponse:
        """A supervisor lets a line send again that confirms nothing, and says why."""
        session = self._liftable(request, pk)
        page = Confirmation(
            title=_("Soltar el freno · %(name)s") % {"name": session.name},
            question=_(
                "Nada de lo último que envió llegó al servidor. Si sigue así, lo que salga ahora tampoco llega: hazlo "
                "cuando veas en el teléfono que sus mensajes salen."
            ),
            button=_("Soltar el freno"),
            facts=[(_("Sin acuses desde"), screens.deaf_start(session, timezone.now()) or NOTHING)],
            tone="danger",
        )
        return self._lift(request, session, page, sessions.lift_deaf, _("La línea vuelve a enviar."))

    def lift_warm_up_view(self, request: HttpRequest, pk: int) -> HttpResponse:
        """A supervisor gives a line its own limit at once, and says why."""
        session = self._liftable(request, pk)
        page = Confirmation(
            title=_("Dar el límite completo · %(name)s") % {"name": session.name},
            question=_(
                "Un número nuevo que de golpe escribe mucho es lo que WhatsApp bloquea. Hazlo si el número ya enviaba "
                "antes, o si sabes que lo aguanta."
            ),
            button=_("Dar el límite completo"),
            facts=[(_("Hoy puede enviar"), warm_up.limit(session)), (_("Su límite"), session.daily_limit)],
            tone="danger",
        )
        return self._lift(request, session, page, warm_up.lift, _("La línea envía desde ahora hasta su límite."))

    def _liftable(self, request: HttpRequest, pk: int) -> WhatsAppSession:
        session = self.find(request, str(pk))
        if not self.has_change_permission(request, session):
            raise PermissionDenied
        return session

    def _lift(
        self,
        request: HttpRequest,
        session: WhatsAppSession,
        page: Confirmation,
        lift: Callable[..., WhatsAppSession],
        done: str,
    ) -> HttpResponse:
        """Ask for the reason, and take away what holds the line back."""

        def run(data: Mapping[str, Any]) -> str:
            lift(session, by=current_user(request), reason=data["reason"], now=timezone.now())
            return done

        return confirm_and_run(
            request,
            page=page,
            run=run,
            refusals=sessions.NothingToLift,
            back=_url("change", session),
            context={**self.admin_site.each_context(request), "opts": self.opts, "original": session},
            form_class=ReasonForm,
        )

    def check_view(self, request: HttpRequest, pk: int) -> HttpResponse:
        """Ask the gateway now; what it says is written down and told."""
        session = self._allowed(request, pk)
        if request.method == "POST":
            session = sessions.refresh(session, timezone.now())
            told = messages.success if session.is_ready(timezone.now()) else messages.warning
            word = screens.session_word(session, timezone.now())
            told(
                request,
                _("El gateway responde: %(state)s.") % {"state": word.lower()}
                if not session.trouble
                else session.trouble,
            )
        return HttpResponseRedirect(_url("change", session))

    def test_view(self, request: HttpRequest, pk: int) -> HttpResponse:
        """Ask for a message of the line to itself; the cluster sends it, and the page shows what became of it."""
        session = self._allowed(request, pk)
        return self._confirm(
            request,
            session,
            Confirmation(
                title=_("Mensaje de prueba · %(name)s") % {"name": session.name},
                question=_(
                    "La línea se escribe a sí misma: mira el chat contigo mismo en su teléfono. No gasta del límite del día."
                ),
                button=_("Enviar la prueba"),
                facts=[
                    (_("Sale de esta línea y llega a"), parsing.pretty(session.phone) if session.phone else NOTHING)
                ],
            ),
            lambda: line_tests.ask(session, by=current_user(request), now=timezone.now()),
            _("El mensaje de prueba sale en menos de un minuto: aquí ves qué pasó."),
        )

    def live_view(self, request: HttpRequest, pk: int) -> HttpResponse:
        """The state, as it was last recorded: asking the gateway is the sender's business."""
        session = self.find(request, str(pk))
        may_lift = self.has_change_permission(request, session)
        return pairing.panel(request, session, may_pair=self._may_pair(request), may_lift=may_lift)

    def pair_view(self, request: HttpRequest, pk: int) -> HttpResponse:
        session = self._allowed(request, pk)
        context = {**self.admin_site.each_context(request), "opts": self.opts, "original": session}
        return pairing.page(request, session, context)

    def code_view(self, request: HttpRequest, pk: int) -> HttpResponse:
        session = self._allowed(request, pk)
        return link_screens.code(request, session, pairing.places(session))

    def typed_view(self, request: HttpRequest, pk: int) -> HttpResponse:
        """A code to type on the phone; who comes back with GET finds the page around it."""
        session = self._allowed(request, pk)
        if request.method != "POST":
            return HttpResponseRedirect(_url("pair", session))
        return link_screens.typed(request, session, pairing.places(session))

    def change_number_view(self, request: HttpRequest, pk: int) -> HttpResponse:
        """A supervisor lets another number have this line, and says why."""
        session = self.find(request, str(pk))
        if not self.has_change_permission(request, session):
            raise PermissionDenied

        def run(data: Mapping[str, Any]) -> str:
            linking.change_number(session, by=current_user(request), reason=data["reason"], now=timezone.now())
            return _("El próximo teléfono que se vincule es el de la línea.")

        return confirm_and_run(
            request,
            page=Confirmation(
                title=_("Cambiar de número · %(name)s") % {"name": session.name},
                question=_(
                    "Se desvincula su teléfono, y el próximo que se vincule es el de la línea. Un número nuevo empieza con "
                    "pocos mensajes por día; las respuestas al número de antes ya no llegan aquí."
                ),
                button=_("Cambiar de número"),
                facts=[(_("Número de ahora"), parsing.pretty(session.phone) if session.phone else NOTHING)],
                tone="danger",
            ),
            run=run,
            refusals=(GatewayError, LinkingRefused),
            back=_url("change", session),
            context={**self.admin_site.each_context(request), "opts": self.opts, "original": session},
            form_class=ReasonForm,
        )

    def render_change_form(
        self, request: HttpRequest, context: dict[str, Any], *args: Any, **kwargs: Any
    ) -> HttpResponse:
        session = kwargs.get("obj")
        test = line_tests.last_test(session) if session else None
        kind = self._kind(request, session)
        official = registry.profile(kind).official
        context.update({"session": session, "test": test, "may_pair": self._may_pair(request)})
        context["risk"] = pairing.OFFICIAL if official else pairing.RISK
        context["official"] = official
        if session is None and current_user(request).is_administrator:
            context["kinds"] = [(value, label, value == kind) for value, label in GatewayKind.choices]
        context["may_lift"] = session is not None and self.has_change_permission(request, session)
        return super().render_change_form(request, context, *args, **kwargs)

    def _may_pair(self, request: HttpRequest) -> bool:
        return request.user.has_perm("whatsapp.pair_whatsappsession")

    def _allowed(self, request: HttpRequest, pk: int) -> WhatsAppSession:
        session = self.find(request, str(pk))
        if not self._may_pair(request):
            raise PermissionDenied
        return session

    def _confirm(
        self,
        request: HttpRequest,
        session: WhatsAppSession,
        page: Confirmation,
        act: Callable[[], object],
        done: str,
        *,
        back: str = "",
    ) -> HttpResponse:
        def run(_data: Mapping[str, Any]) -> str:
            act()
            return done

        return confirm_and_run(
            request,
            page=page,
            run=run,
            refusals=(GatewayError, LineTestRefused),
            back=back or _url("change", session),
            context={**self.admin_site.each_context(request), "opts": self.opts, "original": session},
        )


def _gateway_fields(kind: str) -> tuple[Any, dict[str, Any]]:
    """What is written of this kind of gateway: a vendor that doesn't ask for a word has no field for it."""
    asked = "verify_token" in registry.profile(kind).names
    secrets: list[tuple[str, ...]] = [("token", "webhook_secret"), ("forget_token", "forget_webhook_secret")]
    if asked:
        secrets += [("verify_token",), ("forget_verify_token",)]
    return (gettext_lazy("Gateway"), {"fields": (("gateway", "base_url"), *secrets)})


def _url(name: str, session: WhatsAppSession) -> str:
    return reverse(f"admin:whatsapp_whatsappsession_{name}", args=[session.pk])
