"""The ground floor: records with their lineage, settings, seeds, errors, files and the workspace of a stage."""
