"""Recipes: read and check a YAML file, plan its stages, run them, resume and reuse finished ones."""
