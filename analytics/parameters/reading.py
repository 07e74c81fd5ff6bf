"""Each parameter at most once, spelled exactly, or refused by name."""

from collections.abc import Mapping

from django.http import QueryDict
from django.utils.translation import gettext as _

from analytics.parameters.mistakes import InvalidParameters, Mistake, MistakeType
from analytics.parameters.values import Reader, Refused


class Parameters:
    """The values of a request by name, and what is wrong with it.

    Every parameter that ``readers`` does not name is a mistake: a misspelled filter would answer
    another question.
    """

    def __init__(self, data: QueryDict, readers: Mapping[str, Reader]) -> None:
        self.values: dict[str, object] = {}
        self.mistakes: list[Mistake] = []
        for name, texts in data.lists():
            try:
                self.values[name] = _read(name, texts, readers)
            except Refused as refused:
                self.refuse(name, refused.type, refused.message)

    def refuse(self, name: str, type_: MistakeType, message: str) -> None:
        self.mistakes.append(Mistake(name=name, type=type_, message=message))

    def refused(self, *names: str) -> bool:
        """Whether anything is wrong with one of them."""
        return any(mistake.name in names for mistake in self.mistakes)

    def check(self) -> None:
        """Raise InvalidParameters if anything is wrong."""
        if self.mistakes:
            raise InvalidParameters(self.mistakes)


def _read(name: str, texts: list[str], readers: Mapping[str, Reader]) -> object:
    if name not in readers:
        message = _("There is no such parameter; there are none.")
        if readers:
            message = _("There is no such parameter; the parameters are %(known)s.")
        raise Refused(MistakeType.UNKNOWN_PARAMETER, message % {"known": ", ".join(readers)})
    if len(texts) > 1:
        raise Refused(MistakeType.REPEATED, _("Give it once."))
    (text,) = texts
    if not text:
        raise Refused(MistakeType.EMPTY, _("Give it a value or leave it out."))
    return readers[name](text)
