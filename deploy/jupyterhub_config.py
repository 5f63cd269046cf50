"""JupyterHub for cohorts. Everything is said in one settings file, named by PPM_HUB_SETTINGS; see README.md beside this."""

from pathlib import Path

from patient_partner_mentor.hub.configure import configure
from patient_partner_mentor.hub.hub_settings import load_hub_settings

configure(load_hub_settings(), get_config(), Path(__file__).parent / "proxy")  # noqa: F821 - JupyterHub puts it there
