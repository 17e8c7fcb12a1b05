"""The content security policy of our pages. A module of its own, so that a page needs no figures to have one."""

import base64
import hashlib


def policy(style: str, script: str | None = None) -> str:
    """Return the content security policy: nothing but this style, this script and fonts in the page itself."""
    parts = ["default-src 'none'", "font-src data:", f"style-src {_digest(style)}"]
    parts += [f"script-src {_digest(script)}"] if script else []
    return "; ".join([*parts, "base-uri 'none'", "form-action 'none'"])


def _digest(text: str) -> str:
    return f"'sha256-{base64.b64encode(hashlib.sha256(text.encode('utf-8')).digest()).decode('ascii')}'"
