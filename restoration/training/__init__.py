"""Training of the nets: recipes, what they learn from, and the trainer that runs them to the step."""
