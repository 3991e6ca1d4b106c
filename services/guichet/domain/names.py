"""A name in the three languages of the counter."""

from collections.abc import Mapping
from dataclasses import dataclass

LANGUAGES = ("fr", "ar", "en")


@dataclass(frozen=True, slots=True)
class Names:
    fr: str
    ar: str
    en: str

    @classmethod
    def of(cls, names: Mapping[str, str]) -> "Names":
        return cls(names["fr"], names["ar"], names["en"])

    def within(self, language: str) -> str:
        """In the language asked for; French, the counter's first language, for any other."""
        return {"ar": self.ar, "en": self.en}.get(language, self.fr)

    def as_dict(self) -> dict[str, str]:
        return {"fr": self.fr, "ar": self.ar, "en": self.en}
