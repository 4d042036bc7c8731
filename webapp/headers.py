"""What every answer carries besides its content: the browser's orders, caching, compression."""

import gzip
from functools import lru_cache

from flask import Flask, Response, request

CONTENT_SECURITY_POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; font-src 'self'; connect-src 'self'; "
    "form-action 'self'; frame-ancestors 'none'; base-uri 'none'"
)
ALWAYS = {
    "Content-Security-Policy": CONTENT_SECURITY_POLICY,
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Referrer-Policy": "same-origin",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Permissions-Policy": "camera=(), geolocation=(), microphone=(), payment=(), usb=()",
}
TEXT = {"text/html", "text/css", "text/javascript", "application/javascript", "image/svg+xml", "text/plain", "text/csv"}
WORTH_COMPRESSING = 1024
LEVEL = 5


def init_app(app: Flask) -> None:
    """Put the headers on every answer. HTTPS is only insisted on where the deployment says it has it."""
    secure = bool(app.config.get("SECURE_COOKIES"))

    @app.after_request
    def add_headers(response: Response) -> Response:
        for name, value in ALWAYS.items():
            response.headers.setdefault(name, value)
        if secure:
            response.headers.setdefault("Strict-Transport-Security", "max-age=31536000; includeSubDomains")
        _set_caching(response)
        return _compressed(response)


def _set_caching(response: Response) -> None:
    """Pages hold balances and names: never kept. A file named by its version or its content's mark never changes; that
    there is none may change any moment."""
    if request.endpoint != "static" or response.status_code >= 400:
        response.headers.setdefault("Cache-Control", "no-store")
    elif response.status_code == 200 and ("v" in request.args or request.path.startswith("/static/vendor/")):
        response.headers["Cache-Control"] = "public, max-age=31536000, immutable"


def _compressed(response: Response) -> Response:
    """Text of some length, compressed for a browser that asks for it; files once, pages each time."""
    if (
        response.mimetype not in TEXT
        or response.status_code in (204, 206, 304)
        or "Content-Encoding" in response.headers
    ):
        return response
    is_file = response.direct_passthrough
    if response.is_streamed and not is_file:
        return response
    response.vary.add("Accept-Encoding")
    if request.accept_encodings["gzip"] <= 0:
        return response
    response.direct_passthrough = False
    body = response.get_data()
    if len(body) < WORTH_COMPRESSING:
        return response
    response.set_data(_compressed_file(body) if is_file else gzip.compress(body, LEVEL, mtime=0))
    response.headers["Content-Encoding"] = "gzip"
    if etag := response.get_etag()[0]:
        response.set_etag(etag, weak=True)
    return response


@lru_cache(maxsize=32)
def _compressed_file(content: bytes) -> bytes:
    return gzip.compress(content, 9, mtime=0)
