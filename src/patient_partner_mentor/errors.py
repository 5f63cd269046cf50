"""The errors of this package, in one tree.

::

    CourseError                 anything that this package refuses, with a sentence for people
    ├── CurriculumError         a module.yml, notebook or setting that cannot be used
    ├── RecordError             an answer, journal or copy that cannot be read
    │   └── NewerRecordError    it was written by a newer version than this one
    └── BuildError              the book could not be built
"""


class CourseError(Exception):
    """Something was refused; the message says what happened, the likely cause and what to do next."""


class CurriculumError(CourseError):
    """A file of the curriculum cannot be used as it is."""


class RecordError(CourseError):
    """A record cannot be read. The message never holds any of the record's text."""


class NewerRecordError(RecordError):
    """A record names a newer schema than this version knows.

    :param found: the schema version that the record names
    :param known: the newest schema version that this reader knows
    """

    def __init__(self, found: int, known: int) -> None:
        self.found, self.known = found, known
        super().__init__(
            f"This record has schema version {found}; this version of the course knows up to {known}. "
            "It was probably written by a newer version of the course. Update the course, then open it again. "
            "Nothing was changed."
        )


class BuildError(CourseError):
    """The book could not be built."""
