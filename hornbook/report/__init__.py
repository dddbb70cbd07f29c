"""A finished run in; a table for the terminal and one page that a person would rather look at than read out."""
