"""Patient Partner Mentor: a reflective course for patients and caregivers, as a Jupyter Book and notebooks."""

__version__ = "0.1.0"
COURSE_ID = "patient-partner-mentor"


def module(name: str):
    """The course module of this name, for a notebook cell: ``module("1-patient-partner").step(2)``.

    :param name: a module folder's name, or a path to one
    :raises CurriculumError: if the module cannot be found or read
    """
    from .cells import find_module  # late: it needs IPython, which the data modules do without

    return find_module(name)


def portfolio() -> None:
    """Show everything that this learner wrote, for the portfolio's notebook.

    :raises CurriculumError: if the course cannot be found or read
    """
    from .cells import show_portfolio

    show_portfolio()
