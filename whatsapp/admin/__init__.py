"""Sessions on the supervisors' desk."""

from whatsapp.admin.session import WhatsAppSessionAdmin

__all__ = ["WhatsAppSessionAdmin"]
