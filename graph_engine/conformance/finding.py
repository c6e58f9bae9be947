"""One thing that a publisher should mend."""

from dataclasses import dataclass

__all__ = ["Finding"]


@dataclass(frozen=True)
class Finding:
    """check: project, import, hooks, docs, behaviour or workflows; message: what is wrong and what to do."""

    check: str
    message: str

    def __str__(self) -> str:
        return f"{self.check}: {self.message}"
