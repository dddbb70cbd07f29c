"""Time and memory limits of the oracles, and their thresholds."""

from hornbook.base.settings import Settings, setting
from hornbook.teacher.settings import TeacherSettings


class OracleSettings(Settings):
    """Limits and thresholds of the oracles."""

    seconds: float = setting(10.0, "longest that one judgement may take; what takes longer is a failure", gt=0)
    memory_mb: int = setting(2048, "address space of the process that judges, and of a program under test", ge=256)
    similarity: float = setting(0.85, "fuzzy: least similarity to the reference that is right", gt=0, le=1)
    teacher: TeacherSettings | None = setting(None, "judge: the model that judges")
