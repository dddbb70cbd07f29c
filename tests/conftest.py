"""For all tests: a property holds or not, however busy the machine is. What hangs is stopped by pytest-timeout."""

from hypothesis import settings

settings.register_profile("any machine", deadline=None)
settings.load_profile("any machine")
