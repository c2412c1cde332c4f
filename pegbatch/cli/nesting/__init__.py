"""Planning and running a sub-workflow inside a job of the run that it belongs to."""
