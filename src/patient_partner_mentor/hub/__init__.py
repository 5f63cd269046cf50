"""The cohort's part on JupyterHub: the course service, and how a Hub is configured for it.

The service has two faces over one store: one for learners (the book, the journal, sharing, comments) and one for nbgrader
(its exchange over HTTP). Who asks and when is said by the Hub's token and the service's clock, never by the request.
"""
