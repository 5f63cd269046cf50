"""The errors of this package, in one tree.

::

    CourseError                 anything that this package refuses, with a sentence for people
    ├── CurriculumError         a module.yml, notebook or setting that cannot be used
    ├── RecordError             an answer, journal or copy that cannot be read
    │   └── NewerRecordError    it was written by a newer version than this one
    ├── JournalError            a journal's file cannot be read or written just now
    ├── BuildError              the book could not be built
    └── CohortError             a course folder, its gradebook or its grading cannot go on
"""

from __future__ import annotations

import errno


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


class JournalError(CourseError):
    """A journal's file cannot be read or written just now. The message holds no path and no text.

    :param reason: ``full``, ``unwritable`` or ``busy``
    """

    def __init__(self, reason: str, message: str) -> None:
        self.reason = reason
        super().__init__(message)

    @classmethod
    def of(cls, error: OSError) -> JournalError:
        """What an error of the system means to a learner."""
        if error.errno in (errno.ENOSPC, errno.EDQUOT, errno.EFBIG):
            return cls("full", "There is no room left where the journal is kept. Nothing was changed. Make room, and it is tried again.")
        return cls("unwritable", "The journal's folder cannot be read or written. It may belong to another account or be read-only. Nothing was changed.")


class BuildError(CourseError):
    """The book could not be built."""


class CohortError(CourseError):
    """A facilitator's folder of a course, its gradebook, or what was asked of them cannot be used as it is."""
