"""The token: how a client shows it, and how a person's browser gets it out of the link that `serve` printed."""

from __future__ import annotations

import hmac
import html
import secrets

from aiohttp import web

from graph_web.errors import Failure

__all__ = ["COOKIE", "SignIn", "new_token"]

COOKIE = "graph_engine_token"
_PAGE = """<!doctype html><html lang="en"><head><meta charset="utf-8"><title>graph-engine</title>{head}</head>
<body>{text}</body></html>"""
_FORM = """<main class="broken"><h1>Sign in to graph-engine</h1><p>{text}</p><form action="/" method="get">
<p><label for="token">Token</label> <input id="token" name="token" type="password" required autofocus
autocomplete="current-password"> <button class="primary">Sign in</button></p></form></main>"""
_STYLE = """<meta name="viewport" content="width=device-width, initial-scale=1">
<link rel="icon" href="/static/icon.svg"><link rel="stylesheet" href="/static/index.css">"""
_POLICY = (
    "default-src 'none'; style-src 'self'; img-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
)
_REOPEN = '<meta http-equiv="refresh" content="0;url=/">'


def new_token() -> str:
    """A token that nobody can guess: 256 random bits, safe in links and cookies."""
    return secrets.token_urlsafe(32)


class SignIn:
    """Compares what clients show with the server's token; with no token, everybody is welcome."""

    def __init__(self, token: str | None) -> None:
        self._token = None if token is None else token.encode()

    def knows(self, request: web.Request) -> bool:
        """True when the request carries the token as a cookie or as `Authorization: Bearer`."""
        scheme, _, bearer = request.headers.get("Authorization", "").partition(" ")
        shown = [bearer.strip()] if scheme.lower() == "bearer" else []
        return self._token is None or any(self._fits(one) for one in [*shown, request.cookies.get(COOKIE, "")])

    def _fits(self, shown: str) -> bool:
        given = shown.encode("utf-8", "surrogateescape")
        return bool(given) and self._token is not None and hmac.compare_digest(given, self._token)

    def open_page(self, request: web.Request, *, https: bool, strange: bool) -> web.Response | None:
        """The answer to `GET /` that comes before the page itself, if there is one.

        A link with the right token sets the cookie and leads to the page without the token in its address. strange: the
        click was on another site, from where browsers send no SameSite=Strict cookie, not even along a redirect; so an
        empty page opens `/` anew, which is then the server's own click.
        """
        links = request.query.getall("token", [])
        right = any(self._fits(link) for link in links)
        if not (links and (right or self.knows(request))) and not strange:
            return None
        if strange:
            response = web.Response(
                text=_PAGE.format(head=_REOPEN, text="<p>Opening ...</p>"), content_type="text/html"
            )
        else:
            response = web.Response(status=303, headers={"Location": "/"})
        if right:
            shown = next(link for link in links if self._fits(link))
            response.set_cookie(COOKIE, shown, path="/", httponly=True, samesite="Strict", secure=https)
        response.headers["Cache-Control"] = "no-store"
        return response

    def refuse(self, request: web.Request) -> web.Response | None:
        """None when the request may pass; raises Failure 401, which a person who opens `/` gets as a page."""
        if self.knows(request):
            return None
        stale = "the token in this link is not this server's; " if "token" in request.query else ""
        message = (
            f"{stale}open the link with ?token=... that 'graph-engine serve' printed, or send the token, which is also "
            "in the file 'token' of the server's data folder, as the header 'Authorization: Bearer TOKEN'"
        )
        challenge = {"WWW-Authenticate": "Bearer"}
        if request.path == "/" and "text/html" in request.headers.get("Accept", ""):
            text = html.escape(message[0].upper() + message[1:] + ".")
            page = _PAGE.format(head=_STYLE, text=_FORM.format(text=text))
            headers = {**challenge, "Content-Security-Policy": _POLICY}
            return web.Response(status=401, text=page, content_type="text/html", headers=headers)
        raise Failure(401, "NoToken", message, headers=challenge)
