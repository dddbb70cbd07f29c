"""Fill in the middle: the part that was cut out is the ground truth (report D.2)."""
