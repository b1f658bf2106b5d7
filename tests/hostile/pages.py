"""The forms of pages, read from what is drawn: where they lead, and what can be typed into them."""

from __future__ import annotations

from dataclasses import dataclass, field
from html.parser import HTMLParser

TYPED = {
    "text",
    "search",
    "textarea",
    "tel",
    "email",
    "url",
    "number",
    "date",
    "datetime-local",
    "time",
}


@dataclass
class Form:
    """One form of a page; `fields` are (name, type, value) as drawn."""

    action: str
    method: str
    fields: list = field(default_factory=list)

    @property
    def typed(self):
        """Names of what people type."""
        return [name for name, kind, _value in self.fields if kind in TYPED]

    @property
    def secret(self):
        return any(kind == "password" for _name, kind, _value in self.fields)

    def filled(self, words, **values):
        """As a browser sends it with `words` typed into every text field."""
        data = {}
        for name, kind, value in self.fields:
            if kind in TYPED:
                data[name] = words
            elif kind not in {"file", "submit"} and (kind != "checkbox" or name not in data):
                data.setdefault(name, value)
        return data | values


class Page(HTMLParser):
    """A page as a browser takes it apart: forms, scripts, attributes, and its words."""

    def __init__(self, html):
        super().__init__(convert_charrefs=True)
        self.forms, self.scripts, self.names, self.words, self.values = [], [], set(), [], []
        self._form = self._select = self._area = None
        self._script = False
        self.feed(html)
        self.close()

    def handle_starttag(self, tag, attrs):
        told = dict(attrs)
        self.names |= told.keys()
        self.values += [value for value in told.values() if value]
        self._script = tag == "script"
        if tag == "form":
            self._form = Form(told.get("action") or "", (told.get("method") or "get").lower())
            self.forms.append(self._form)
        elif self._form is not None:
            self._in_form(tag, told)

    def _in_form(self, tag, told):
        name = told.get("name", "")
        if tag == "option" and self._select is not None:
            if not self._select[2] or "selected" in told:
                self._select[2] = told.get("value", "")
        elif tag == "select":
            self._select = [name, "select", ""]
        elif tag == "textarea":
            self._area = name
        elif tag == "input" and name:
            self._add(name, told.get("type", "text"), told.get("value") or "")

    def _add(self, name, kind, value):
        self._form.fields.append((name, kind, value))

    def handle_endtag(self, tag):
        if tag == "form":
            self._form = None
        elif tag == "select" and self._select is not None and self._form is not None:
            self._add(*self._select)
            self._select = None
        elif tag == "textarea" and self._area is not None and self._form is not None:
            self._add(self._area, "textarea", "")
            self._area = None
        self._script = False

    def handle_data(self, data):
        (self.scripts if self._script else self.words).append(data)

    @property
    def text(self):
        """Everything a reader can see: words and values."""
        return "\n".join([*self.words, *self.values])
