"""Which column of a file holds which field; pure."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from difflib import get_close_matches

_ALIKE = 0.75
# Other names of what a file may leave out, and would be left out without a word.
_MEANT = {
    **dict.fromkeys(("email", "e_mail", "email_address", "to", "to_email", "address"), "recipient"),
    **dict.fromkeys(("leads", "lead_count"), "total_leads"),
    **dict.fromkeys(("launch", "launch_date", "date_launched"), "launched_at"),
    **dict.fromkeys(("creation_date", "date_created"), "created_at"),
}
_BETWEEN_WORDS = re.compile(r"[\s_-]+")
_SMALL_THEN_CAPITAL = re.compile(r"(?<=[a-z])(?=[A-Z])")


class UnreadableFile(ValueError):
    """A file that can't be imported as it is; the message says why."""


@dataclass(frozen=True, kw_only=True)
class Columns:
    """The fields to read, and the names of the columns that hold them.

    A column is known by its field's name in any case, with blanks around it and between its words;
    ``mapped`` names other columns by their field, ``ignored`` those that are meant to be left
    out. ``unused`` collects the names of columns that hold no field.
    """

    fields: Sequence[str]
    required: Sequence[str] = ()
    mapped: Mapping[str, str] = field(default_factory=dict)
    ignored: Sequence[str] = ()
    unused: dict[str, None] = field(default_factory=dict)

    def places(self, names: Sequence[str], *, complete: bool = True) -> list[int | None]:
        """Where each field is among the names, None where it has none.

        Raises UnreadableFile if a field has several columns or a column looks like a field that
        has none, and if ``complete``, for a required or a mapped field without a column.
        """
        held = {name: self._field(name) for name in names}
        found = [each for name in names if (each := held[name])]
        if doubled := sorted({each for each in found if found.count(each) > 1}):
            raise UnreadableFile(f"it has the column {', '.join(doubled)} twice")
        missing = [each for each in self.fields if each not in found]
        unused = [name for name in names if held[name] is None]
        if complete:
            self._refuse_missing(missing, names)
        self._refuse_alike(missing, unused)
        self.unused.update(dict.fromkeys(unused))
        return [
            next((place for place, name in enumerate(names) if held[name] == each), None)
            for each in self.fields
        ]

    def _field(self, name: str) -> str | None:
        spelled = _spelled(name)
        for each, column in self.mapped.items():
            if name == column or spelled == _spelled(column):
                return each
        known = spelled in self.fields and spelled not in self.mapped
        return spelled if known and name not in self.ignored else None

    def _refuse_missing(self, missing: Sequence[str], names: Sequence[str]) -> None:
        lacking = [each for each in missing if each in self.required or each in self.mapped]
        if lacking:
            columns = ", ".join(self.mapped.get(each, each) for each in lacking)
            has = ", ".join(map(shown_name, names))
            raise UnreadableFile(f"the header lacks the column {columns}; it has {has:.500}")

    def _refuse_alike(self, missing: Sequence[str], unused: Sequence[str]) -> None:
        for name in unused:
            spelled = _spelled(name)
            meant = [each for each in missing if each == _MEANT.get(spelled)]
            alike = meant or get_close_matches(spelled, missing, n=1, cutoff=_ALIKE)
            if alike and name not in self.ignored:
                raise UnreadableFile(
                    f"the column {shown_name(name)} looks like {alike[0]} but is not it: say "
                    f"--map {alike[0]}={shown_name(name)} or --ignore {shown_name(name)}"
                )


def _spelled(name: str) -> str:
    words = _SMALL_THEN_CAPITAL.sub("_", name.strip())
    return _BETWEEN_WORDS.sub("_", words).lower()


def shown_name(name: str) -> str:
    """The name of a column, fit for a terminal."""
    return name if name.isprintable() and name else repr(name)[:50]
