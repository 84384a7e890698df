"""The environment of a server: the user's own, but without keys."""

from __future__ import annotations

import re
from collections.abc import Mapping

_SECRET = re.compile(r"KEY|TOKEN|SECRET|PASSW|CREDENTIAL|AUTH", re.IGNORECASE)
_OURS = "PARALLEL_AGENT_"


def without_keys(environ: Mapping[str, str]) -> dict[str, str]:
    """What is in ``environ``, but for variables whose name calls them a key or the like, and ours.

    Requests go to this machine alone, and so nothing is to go through a proxy.
    """
    kept = {
        name: value
        for name, value in environ.items()
        if not _SECRET.search(name) and not name.startswith(_OURS)
    }
    # The models are here: nothing is to be fetched, or told to anybody.
    offline = {"HF_HUB_OFFLINE": "1", "HF_HUB_DISABLE_TELEMETRY": "1", "VLLM_NO_USAGE_STATS": "1"}
    return {**kept, **offline, "NO_PROXY": "127.0.0.1,localhost", "PYTHONUNBUFFERED": "1"}
