"""What all packages use: records with their lineage, settings, random seeds, errors, files, a stage's folder."""
