"""A cohort with nbgrader: assignments, exchange, grading, gradebook, feedback. nbgrader is imported here and nowhere else."""
