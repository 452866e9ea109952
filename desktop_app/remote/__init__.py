"""An analysis server as the desktop sees it: the HTTP client and what travels. No Qt, no SQL."""
