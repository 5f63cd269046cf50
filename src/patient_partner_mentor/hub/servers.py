"""Servers of learners' own: none, unless the settings say so."""

from __future__ import annotations

from typing import Any

from jupyterhub.spawner import Spawner

from .hub_settings import HubSettings


class NoServer(Spawner):
    """Starts nothing: on this Hub, learners work in the course itself."""

    async def start(self) -> Any:
        """Refuse."""
        raise RuntimeError("This Hub starts no servers for learners.")

    async def stop(self, now: bool = False) -> None:
        """Nothing runs."""

    async def poll(self) -> int:
        """It does not run."""
        return 0


def own_servers(settings: HubSettings, c: Any) -> None:
    """Have each learner's server run as the learner's own system account."""
    raise NotImplementedError
