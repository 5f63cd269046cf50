"""What the service does by itself, once an hour: the end of keeping in its steps, and at night the files of the store."""

from __future__ import annotations

import asyncio
import logging

from ..errors import CourseError
from . import keeping
from .clock import moment
from .marks import in_files
from .service_settings import ServiceSettings
from .store import Store, now
from .tidying import Tidying

log = logging.getLogger("ppm.service")
HOUR = 3600


async def hourly(store: Store, settings: ServiceSettings, tidy: Tidying) -> None:
    """Do it until called off."""
    while True:
        try:
            if await keeping.keep(store, settings.courses) or await store.read(in_files):
                await tidy.emptied()
            await tidy.night(moment(now()))
        except CourseError:
            log.warning("The store cannot be looked after now. The next hour tries again.")
        except Exception as error:  # the type alone, since a message may hold words; and the next hour is not lost for it
            log.error("Looking after the store ended with %s. The next hour tries again.", type(error).__name__)
        await asyncio.sleep(HOUR)
