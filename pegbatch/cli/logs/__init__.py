"""`pegbatch logs`: which log is wanted, where it lies, and how it is printed."""
