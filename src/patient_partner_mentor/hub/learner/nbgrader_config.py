"""nbgrader's settings on a learner's own server: the course service is the exchange, and the Hub's name is the learner's."""

import os

from patient_partner_mentor.cohort.exchange import configure

c = get_config()  # noqa: F821 - nbgrader puts it there
configure(c)
c.CourseDirectory.student_id = os.environ.get("JUPYTERHUB_USER", "")
c.Exchange.path_includes_course = True
c.CourseServiceExchange.path_includes_course = True
