"""Reading everything that a plan is made from: a workflow, its catalogs, its sub-workflows."""
