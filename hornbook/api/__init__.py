"""The Python API: one function for each stage. `import hornbook` gives them all."""
