"""The topics of documents, and the two paths by which they are chosen (report §2.3).

A quality classifier favours the words of science and technology; so the other topics are chosen on a path of their own.
"""

STEM = ("mathematics", "physics", "chemistry", "biology", "medicine", "earth-space", "engineering", "computing")
OTHERS = (
    "economics",
    "law",
    "social-science",
    "history",
    "biography",
    "arts",
    "literature",
    "travel",
    "culture",
    "entertainment",
    "sport",
    "other",
)
TOPICS = (*STEM, *OTHERS)
GRADES = ("educational_value", "reasoning", "facts")
HIGHEST = 5  # grade; the lowest is 0
PATHS = ("stem", "others")


def path_of(topic: str) -> str:
    """The path by which documents of this topic are chosen: "stem" or "others"."""
    return "stem" if topic in STEM else "others"
