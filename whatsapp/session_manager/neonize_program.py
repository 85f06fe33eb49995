"""The phone's process: WhatsApp's protocol by neonize (whatsmeow). The only module that knows it.

Not tried against WhatsApp itself. It reads one JSON object per line from its input and writes one per line to its output;
see child_phone.py for both. It ends when it is told to, when its input ends, and when the connection is over.
"""

from __future__ import annotations

import contextlib
import importlib
import json
import logging
import os
import re
import signal
import sys
import threading
from collections.abc import Callable
from typing import Any

from whatsapp.session_manager.phone import End, Trouble
from whatsapp.session_manager.whatsapp_words import chat_id, read_content, read_send_error, seconds

NAME = "LeadMaster"  # among the linked devices on the phone
DEAF_AFTER = 3  # keep-alives without an answer
ENDING = 4.0  # seconds until a connection that does not end is left as it is
_DIGITS = re.compile(r"\d{5,}")


class NoNumbers(logging.Filter):
    """The library names people in its log; ours is read by others."""

    def filter(self, record: logging.LogRecord) -> bool:
        record.msg, record.args = _DIGITS.sub("…", record.getMessage()), ()
        return True


class Program:
    """One connection of one line."""

    def __init__(self, hello: dict[str, str], output: Any) -> None:
        self._output = output
        self._writing = threading.Lock()
        self._ended = threading.Event()
        self._jids: dict[str, Any] = {}
        self._client_module = importlib.import_module("neonize.client")
        self._events = importlib.import_module("neonize.events")
        self._enums = importlib.import_module("neonize.utils.enum")
        self._build_jid = importlib.import_module("neonize.utils.jid").build_jid
        for name in ("neonize", "whatsmeow", "Whatsmeow"):
            logging.getLogger(name).setLevel(logging.WARNING)
        for printer in logging.getLogger().handlers:
            printer.addFilter(NoNumbers())
        logging.getLogger("neonize.utils.log").setLevel(logging.WARNING)
        props = self._client_module.DeviceProps(
            os=NAME, platformType=self._client_module.DeviceProps.PlatformType.Value("DESKTOP")
        )
        self._proxy = hello.get("proxy", "")
        self._client = self._client_module.NewClient(hello["credentials"], props=props, uuid="line")
        self._client.qr(lambda _client, code: self._tell("qr", code=code.decode()))
        for name, handler in self._handlers().items():
            self._client.event(getattr(self._events, name))(self._guarded(handler))

    def run(self) -> None:
        """Dial, and stay until the connection is over."""
        proxy = self._client_module.ProxySettings(proxy_address=self._proxy) if self._proxy else None
        try:
            self._client.connect(proxy)
            self._gone(End.NETWORK, "the connection ended")
        except Exception as error:  # noqa: BLE001 - the manager is told
            self._gone(End.NETWORK, _DIGITS.sub("…", str(error)))

    def obey(self, lines: Any) -> None:
        """What the manager asks, until it asks no more."""
        for line in lines:
            asked = json.loads(line)
            if asked["do"] == "close":
                break
            threading.Thread(target=self._do, args=(asked,), daemon=True).start()
        self._ended.set()
        threading.Thread(target=self._client.stop, daemon=True).start()
        threading.Timer(ENDING, os._exit, (0,)).start()

    # --- What is asked ------------------------------------------------------------------------------------------------

    def _do(self, asked: dict[str, Any]) -> None:
        verbs: dict[str, Callable[[dict[str, Any]], Any]] = {
            "send": lambda asked: self._send(asked["to"], asked["text"]),
            "typing": lambda asked: self._show_typing(asked["to"], asked["seconds"]),
            "pair": lambda asked: self._client.PairPhone(asked["phone"], True),
            "logout": lambda _asked: self._client.logout(),
        }
        try:
            self._write({"n": asked["n"], "ok": verbs[asked["do"]](asked) or ""})
        except _NotDone as error:
            self._write({"n": asked["n"], "trouble": error.trouble, "detail": error.detail, "code": error.code})
        except Exception as error:  # noqa: BLE001 - the manager is told
            detail = _DIGITS.sub("…", f"{type(error).__name__}: {error}")
            limited = asked["do"] == "pair" and ("rate-overlimit" in detail or "429" in detail)
            trouble = Trouble.RATE_LIMITED if limited else Trouble.UNKNOWN
            self._write({"n": asked["n"], "trouble": trouble, "detail": detail})

    def _send(self, to: str, text: str) -> str:
        jid = self._jid(to)
        try:
            # As a whole protobuf: text is taken for mentions and links otherwise.
            sent = self._client.send_message(jid, self._client_module.Message(conversation=text))
        except Exception as error:
            trouble, code = read_send_error(str(error))
            raise _NotDone(trouble, _DIGITS.sub("…", str(error)), code) from error
        return str(sent.ID)

    def _jid(self, phone: str) -> Any:
        """Who WhatsApp says that this number is: in some countries it is written otherwise there."""
        if phone not in self._jids:
            try:
                (found,) = self._client.is_on_whatsapp(f"+{phone}")
            except Exception as error:
                connected = self._client.is_connected
                trouble = Trouble.NOT_SENT if connected else Trouble.NOT_CONNECTED
                raise _NotDone(trouble, "WhatsApp could not be asked for the number", None) from error
            if not found.IsIn:
                raise _NotDone(Trouble.NOT_ON_WHATSAPP, "the number has no WhatsApp", None)
            self._jids[phone] = found.JID
        return self._jids[phone]

    def _show_typing(self, to: str, for_seconds: float) -> None:
        jid = self._jid(to)
        states, media = self._enums.ChatPresence, self._enums.ChatPresenceMedia.CHAT_PRESENCE_MEDIA_TEXT

        def paused() -> None:
            with contextlib.suppress(Exception):
                self._client.send_chat_presence(jid, states.CHAT_PRESENCE_PAUSED, media)

        self._client.send_chat_presence(jid, states.CHAT_PRESENCE_COMPOSING, media)
        timer = threading.Timer(for_seconds, paused)
        timer.daemon = True
        timer.start()

    # --- What is told -------------------------------------------------------------------------------------------------

    def _handlers(self) -> dict[str, Callable[[Any], None]]:
        return {
            "PairStatusEv": self._paired,
            "ConnectedEv": lambda _event: self._tell("connected", phone=self._own_number()),
            "DisconnectedEv": lambda _event: self._gone(End.NETWORK, "disconnected"),
            "StreamErrorEv": lambda event: self._gone(End.NETWORK, f"stream error {event.Code}"),
            "KeepAliveTimeoutEv": self._silence,
            "LoggedOutEv": lambda _event: self._gone(End.LOGGED_OUT, "logged out by the phone or by WhatsApp"),
            "TemporaryBanEv": lambda event: self._gone(End.BANNED, f"code {event.Code}, for {event.Expire} s"),
            "ConnectFailureEv": self._refused,
            "ClientOutdatedEv": lambda _event: self._gone(End.CLIENT_OUTDATED, "neonize has to be updated"),
            "StreamReplacedEv": lambda _event: self._gone(End.REPLACED, "another program uses this line's credentials"),
            "ReceiptEv": self._acknowledged,
            "MessageEv": self._received,
        }

    def _paired(self, event: Any) -> None:
        if event.Status == type(event).SUCCESS:
            self._tell("paired", phone=f"+{event.ID.User}")

    def _silence(self, event: Any) -> None:
        if event.ErrorCount >= DEAF_AFTER:
            self._gone(End.NETWORK, "WhatsApp answers no keep-alive")

    def _refused(self, event: Any) -> None:
        reasons = self._events.ConnectFailureEv.DESCRIPTOR.fields_by_name["Reason"].enum_type.values_by_number
        name = reasons[event.Reason].name if event.Reason in reasons else ""
        ends = {
            "LOGGED_OUT": End.LOGGED_OUT, "UNKNOWN_LOGOUT": End.LOGGED_OUT, "MAIN_DEVICE_GONE": End.LOGGED_OUT,
            "TEMP_BANNED": End.BANNED, "CLIENT_OUTDATED": End.CLIENT_OUTDATED, "BAD_USER_AGENT": End.CLIENT_OUTDATED,
        }  # fmt: skip
        self._gone(ends.get(name, End.NETWORK), f"WhatsApp refused the connection: {name or event.Reason}")

    def _acknowledged(self, event: Any) -> None:
        types = type(event)
        ack = {types.DELIVERED: "delivered", types.READ: "read", types.PLAYED: "read"}.get(event.Type)
        source = event.MessageSource
        if ack is not None and not source.IsFromMe and not source.IsGroup:
            self._tell("ack", ids=list(event.MessageIDs), ack=ack, at=seconds(event.Timestamp))

    def _received(self, event: Any) -> None:
        info = event.Info
        source = info.MessageSource
        sender, content = chat_id(source.Sender), read_content(event.Message)
        if source.IsFromMe or source.IsGroup or not chat_id(source.Chat) or not sender or content is None:
            return
        self._tell(
            "received",
            id=info.ID,
            sender=sender,
            sender_phone=self._phone_behind(source.Sender, source.SenderAlt),
            kind=content[0],
            text=content[1],
            at=seconds(info.Timestamp),
        )

    def _phone_behind(self, sender: Any, other: Any) -> str:
        """Digits; empty where WhatsApp hides them and has never told us."""
        for jid in (sender, other):
            if jid.Server == "s.whatsapp.net":
                return str(jid.User)
        with contextlib.suppress(Exception):
            return str(self._client.get_pn_from_lid(sender).User)
        return ""

    def _own_number(self) -> str:
        with contextlib.suppress(Exception):
            if user := self._client.get_me().JID.User:
                return f"+{user}"
        return ""

    def _gone(self, end: End, detail: str) -> None:
        """Told once: the first thing that ended it is the reason."""
        if not self._ended.is_set():
            self._ended.set()
            self._write({"event": "gone", "end": end, "detail": detail})

    def _tell(self, event: str, **values: Any) -> None:
        self._write({"event": event, **values})

    def _guarded(self, handler: Callable[[Any], None]) -> Callable[[Any, Any], None]:
        def guarded(_client: Any, event: Any) -> None:
            try:
                handler(event)
            except Exception:
                logging.getLogger(__name__).exception("an event could not be read")

        return guarded

    def _write(self, value: dict[str, Any]) -> None:
        with self._writing, contextlib.suppress(OSError):
            self._output.write(json.dumps(value) + "\n")
            self._output.flush()


class _NotDone(Exception):
    def __init__(self, trouble: Trouble, detail: str, code: int | None) -> None:
        super().__init__(detail)
        self.trouble, self.detail, self.code = trouble, detail, code


def main() -> int:
    os.umask(0o077)
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    # The library prints; what the manager reads is ours alone.
    output = os.fdopen(os.dup(1), "w", encoding="utf-8")
    os.dup2(2, 1)
    program = Program(json.loads(sys.stdin.readline()), output)
    threading.Thread(target=program.obey, args=(sys.stdin,), daemon=True).start()
    program.run()
    return 0


if __name__ == "__main__":
    code = main()
    sys.stderr.flush()
    os._exit(code)  # the library's own threads would keep it
