"""What a run took, in numbers: tables, cost, distributions, timeline; folds of its history."""
