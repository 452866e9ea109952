"""The interface as one plain page: no script, nothing loaded from elsewhere, so that it works without internet.

Pure; any thread. Called by the route of `/docs`; the whole schema is at `/openapi.json`.
"""

from __future__ import annotations

import html
import json
from typing import Any

_STYLE = (
    "body{font:15px/1.5 system-ui,sans-serif;max-width:60rem;margin:2rem auto;padding:0 1rem;color:#1d2330;"
    "background:#fff}h2{margin-top:2.2rem;font-size:1.05rem}code,pre{font:13px/1.45 ui-monospace,monospace}"
    "pre{background:#f3f4f7;padding:.8rem;overflow:auto;border-radius:6px}b{display:inline-block;min-width:4.2rem}"
    "@media(prefers-color-scheme:dark){body{background:#16181d;color:#e5e7ec}pre{background:#22252c}a{color:#8ab4f8}}"
)


def page(schema: dict[str, Any]) -> str:
    """The page for this OpenAPI schema."""
    parts = [
        "<!doctype html><html lang=en><meta charset=utf-8><meta name=viewport content='width=device-width'>",
        f"<title>{html.escape(schema['info']['title'])}</title><style>{_STYLE}</style>",
        f"<h1>{html.escape(schema['info']['title'])} {html.escape(schema['info']['version'])}</h1>",
        f"<p>{html.escape(schema['info'].get('description', ''))} <a href=/openapi.json>openapi.json</a></p>",
    ]
    for path, methods in schema["paths"].items():
        for method, found in methods.items():
            said = html.escape(found.get("description") or found.get("summary", ""))
            parts.append(f"<h2><b>{method.upper()}</b> <code>{html.escape(path)}</code></h2><p>{said}</p>")
            wanted = [
                f"{parameter['name']} ({parameter['in']}{', needed' if parameter.get('required') else ''})"
                for parameter in found.get("parameters", [])
            ]
            if wanted:
                parts.append(f"<p>Parameters: <code>{html.escape(', '.join(wanted))}</code></p>")
    shapes = json.dumps(schema.get("components", {}).get("schemas", {}), indent=1, ensure_ascii=False)
    parts.append(f"<h2>Bodies</h2><pre>{html.escape(shapes)}</pre></html>")
    return "".join(parts)
