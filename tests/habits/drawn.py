"""The forms of a page as a person fills them in: what is drawn is kept, what is empty gets an answer of its kind."""

from __future__ import annotations

import io
from dataclasses import dataclass, field
from datetime import timedelta
from functools import cache
from html.parser import HTMLParser
from itertools import count

from PIL import Image

from core.clock import now

PASSWORD = "ein langes Wort"
LEFT_ALONE = {"file", "button", "reset", "image"}
_numbers = count(1)


@dataclass
class Control:
    """One input, select, textarea or named button; `options` are a select's values."""

    name: str
    kind: str
    value: str = ""
    checked: bool = False
    inputmode: str = ""
    options: list[str] = field(default_factory=list)


@dataclass
class Form:
    """A form of a page with its controls, those that name it by `form=` too."""

    action: str
    method: str
    id: str
    controls: list[Control] = field(default_factory=list)

    def filled(self, *, drawn=False):
        """What a browser would send once every empty field is answered: name -> value or list of values.

        `drawn`: nothing is typed; what is empty stays so.
        """
        sent: dict[str, str | list[str]] = {}
        for name in dict.fromkeys(control.name for control in self.controls):
            given = [found for found in self._answers(name, drawn) if found is not None]
            if given:
                sent[name] = given if len(given) > 1 else given[0]
        return sent

    def _answers(self, name, drawn):
        mine = [control for control in self.controls if control.name == name]
        picks = [c for c in mine if c.kind in {"checkbox", "radio"}]
        if any(c.kind == "submit" for c in mine):
            return [mine[0].value]
        # A group needs a choice; a lone box is an answer as it stands.
        if picks and not any(c.checked for c in picks) and (len(picks) > 1 or _is_radio(picks)):
            return [] if drawn else [picks[0].value]
        return [answer(control, drawn=drawn) for control in mine]


def _is_radio(picks):
    return picks[0].kind == "radio"


def answer(control, *, drawn=False):
    """The value of one control, or None when nothing is sent for it."""
    if control.kind in LEFT_ALONE:
        return None
    if control.kind in {"checkbox", "radio"}:
        return control.value if control.checked else None
    if drawn:
        return control.value or (control.options[0] if control.options else "")
    if control.kind == "select":
        return control.value or next(filter(None, control.options), "")
    if control.value or control.kind == "hidden":
        return control.value
    return _typed(control)


def _typed(control):
    number, soon = next(_numbers), now() + timedelta(days=1)
    if control.inputmode in {"decimal", "numeric"} and not control.name.endswith(("code", "tail")):
        return "1"
    return {
        "email": f"n{number}@example.org",
        "tel": f"+8613800{number:06}",
        "number": "1",
        "date": f"{soon:%Y-%m-%d}",
        "datetime-local": f"{soon:%Y-%m-%dT%H:%M}",
        "time": "09:00",
        "month": f"{soon:%Y-%m}",
        "url": "https://example.org/",
        "color": "#336699",
        "password": PASSWORD,
    }.get(control.kind, f"Words {number}")


class _Reader(HTMLParser):
    def __init__(self, page, path):
        super().__init__(convert_charrefs=True)
        self.forms, self.outside, self.path = [], [], path
        self._form = self._control = None
        self._quiet = 0
        self.feed(page)
        self.close()
        for name, control in self.outside:
            for form in self.forms:
                if form.id == name:
                    form.controls.append(control)

    def handle_starttag(self, tag, attrs):
        told = dict(attrs)
        if tag == "template":
            self._quiet += 1
        if self._quiet:
            return
        if tag == "form":
            action = told.get("action") or self.path
            self._form = Form(action, (told.get("method") or "get").lower(), told.get("id", ""))
            self.forms.append(self._form)
        elif tag == "option" and self._control is not None and self._control.kind == "select":
            self._option(told)
        elif tag in {"input", "select", "textarea", "button"} and "disabled" not in told:
            self._add(tag, told)

    def _option(self, told):
        if "disabled" in told:
            return
        self._control.options.append(told.get("value", ""))
        if "selected" in told:
            self._control.value = told.get("value", "")

    def _add(self, tag, told):
        kind = (
            tag
            if tag in {"select", "textarea"}
            else told.get("type", "text" if tag == "input" else "submit")
        )
        made = Control(
            told.get("name", ""), kind, told.get("value") or ("on" if kind == "checkbox" else ""),
            "checked" in told, told.get("inputmode", ""),
        )  # fmt: skip
        if tag in {"select", "textarea"}:
            self._control = made
        if not made.name:
            return
        if told.get("form"):
            self.outside.append((told["form"], made))
        elif self._form is not None:
            self._form.controls.append(made)

    def handle_endtag(self, tag):
        if tag == "template":
            self._quiet -= 1
        elif tag == "form":
            self._form = None
        elif tag in {"select", "textarea"}:
            self._control = None

    def handle_data(self, data):
        if self._control is not None and self._control.kind == "textarea":
            self._control.value += data.strip()


def forms_of(page, path):
    """The forms that a page sends by POST; `path` is where one without an action leads."""
    return [form for form in _Reader(page, path).forms if form.method == "post"]


@cache
def jpeg():
    """A picture as a phone takes it, only smaller."""
    out = io.BytesIO()
    Image.new("RGB", (40, 30), "#336699").save(out, "JPEG")
    return out.getvalue()


def photo():
    """A picture as the test client uploads it; made anew for every request."""
    return io.BytesIO(jpeg()), "photo.jpg"
