"""The reflection form: one anywidget, hosted by static pages, Voila and JupyterLab alike."""

from .form import ReflectionForm

__all__ = ["ReflectionForm"]
