"""Guards: who looks at a record before a model is shown it, and at the answer before it is taken."""
