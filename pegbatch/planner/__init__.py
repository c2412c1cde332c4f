"""Model to model: a visible tuple of refinements turns a workflow into a plan."""
