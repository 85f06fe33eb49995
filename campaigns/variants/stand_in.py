"""An endpoint with OpenAI's chat completions that runs here: `python -m campaigns.variants.stand_in PORT`.

No model stands behind it. It rewords greetings and courtesies by a small table, which is enough to see the pages work
without an account anywhere.
"""

from __future__ import annotations

import contextlib
import functools
import http.server
import json
import re
import signal
import sys
from typing import Any, Final

_LARGEST: Final = 64 * 1024
_WAYS: Final = (
    ("hola", ("buenas", "qué tal", "hola, ¿cómo va?", "buen día", "saludos")),
    ("te escribimos", ("nos comunicamos", "te contactamos", "queríamos hablarte", "te hablamos", "nos acercamos")),
    ("tenemos", ("contamos con", "te ofrecemos", "hay", "disponemos de", "preparamos")),
    ("te interesa", ("te gustaría", "quieres saber más", "lo vemos juntos", "te cuento más", "te sirve")),
    ("gracias", ("muchas gracias", "mil gracias", "se agradece", "gracias por tu tiempo", "agradecidos")),
)
_ENDINGS: Final = (
    "Quedamos a disposición por este medio.",
    "Cualquier duda, responde por aquí cuando puedas.",
    "Leemos tu respuesta con gusto.",
    "Si lo prefieres, cuéntanos a qué hora llamarte.",
    "Tu consulta no molesta: escríbenos con confianza.",
)


def reword(text: str, turn: int) -> str:
    """The text with this turn's greetings, and a courtesy at its end."""
    for words, ways in _WAYS:
        way = functools.partial(_cased, ways[turn % len(ways)])
        text = re.sub(rf"\b{words}\b", way, text, flags=re.I)
    text = text.rstrip()
    return f"{text}{'' if text.endswith(tuple('.!?')) else '.'} {_ENDINGS[turn % len(_ENDINGS)]}"


def _cased(way: str, found: re.Match[str]) -> str:
    return way[0].upper() + way[1:] if found[0][0].isupper() else way


def answer(request: dict[str, Any]) -> dict[str, Any]:
    """What the endpoint answers to a request: a list in JSON, as it was asked for."""
    system, user = (str(message["content"]) for message in request["messages"])
    count = int(re.findall(r"\d+", system)[0])
    content = json.dumps([reword(user, turn) for turn in range(count)], ensure_ascii=False)
    return {
        "object": "chat.completion",
        "choices": [{"index": 0, "message": {"role": "assistant", "content": content}}],
    }


class Handler(http.server.BaseHTTPRequestHandler):
    def do_POST(self) -> None:
        length = min(int(self.headers.get("Content-Length") or 0), _LARGEST)
        try:
            found = answer(json.loads(self.rfile.read(length))) if self.path.endswith("/chat/completions") else None
        except (ValueError, KeyError, IndexError, TypeError):
            found = None
        content = json.dumps(found or {"error": {"message": "not a request for chat completions"}}).encode()
        self.send_response(200 if found else 400)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        self.wfile.write(content)

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - its name is the base class's
        """Nothing: the message's text is nobody's business."""


def serve(port: int) -> http.server.ThreadingHTTPServer:
    return http.server.ThreadingHTTPServer(("127.0.0.1", port), Handler)


def main(port: int) -> None:
    """Serve until SIGTERM or Ctrl-C."""
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    with contextlib.suppress(KeyboardInterrupt), serve(port) as server:
        server.serve_forever()


if __name__ == "__main__":
    main(int(sys.argv[1]))
