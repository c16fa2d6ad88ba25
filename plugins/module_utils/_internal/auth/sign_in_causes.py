# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The steps of a sign-in check, and what a response other than the expected one means. Pure."""

from __future__ import annotations

from urllib.parse import urlsplit

from .token import json_object

SIGN_UP, SIGN_IN, TOKEN, JWKS, VERIFY, COOKIE, SIGN_OUT = "sign_up", "sign_in", "token", "jwks", "verify", "cookie", "sign_out"
# What a status other than 200 means.
CAUSES = {
    SIGN_UP: "Better Auth refuses new accounts (emailAndPassword.disableSignUp, or a hook of the application): set email and password of an existing account.",
    SIGN_IN: "A 401 means wrong credentials of the probe account, a 403 an unconfirmed address, a 500 a database that does not answer.",
    TOKEN: "A 500 means a key that the application can't decrypt (see its log), a 401 a session signed with a different secret by another pod.",
    JWKS: "Set the option jwks_url to the URL of the application's public keys.",
    VERIFY: "A 401 means that it rejects the token: check which keys it has loaded, and which issuer and audience it expects.",
    COOKIE: "A 401 means that it rejects a session's cookie of this moment: it has another secret than the one that Better Auth signs cookies with.",
    SIGN_OUT: "The session stays open until it expires. Revoke the account's sessions, or change its password.",
}
RATE_LIMIT = "Better Auth's rate limit is reached. Wait a minute and run again."
NOT_BETTER_AUTH = "answers 200, but not with JSON as Better Auth does. Correct the option url: it ends with Better Auth's base path, by default /api/auth."
TWO_FACTOR = "asks for a second factor, as the probe account has two-factor authentication. Use an account without it, or a temporary one (create: true)."
NO_COOKIE = "answers 200, but sets no cookie, so there is no session. Check that nothing between here and the application removes cookies."


def cause_of(step: str, status: int, answer: bytes, origin: str, location: str = "") -> str:
    """What the response of a step means, and the next step. ``origin``: as it was sent; ``location``: where it redirects to."""
    if 300 <= status < 400:
        target = urlsplit(location)  # without its path and query, which may hold a token
        return f"It redirects to {target.scheme}://{target.netloc}. Set the option to a URL that answers itself, for example a NodePort or a forward."
    if status == 429:
        return RATE_LIMIT
    error = json_object(answer) or {}
    code = str(error.get("code") or error.get("message") or "").upper().replace(" ", "_")
    if status == 403 and "ORIGIN" in code:
        return (
            f"The application does not trust the origin {origin}. Set the option origin to its own address (that of BETTER_AUTH_URL, for example "
            "https://app.example.org), or add this one to BETTER_AUTH_TRUSTED_ORIGINS."
        )
    if status == 403 and "VERIFIED" in code:
        return "The address of the probe account is not confirmed. Confirm it, or use another account."
    return CAUSES[step]
