"""Model cards: what weights are, of what they were made, and how; a head in TOML, and text."""

import tomllib
from pathlib import Path
from typing import Any

import tomli_w
from pydantic import BaseModel, ConfigDict, Field, ValidationError

from reelfix.restoration.models.errors import ModelError

FENCE = "+++\n"
"""The line before the head and after it."""


class Data(BaseModel):
    """Something that weights were made of."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    name: str
    terms: str
    """Licence or terms of use."""
    use: str = ""
    """What it was used for."""


class CardHead(BaseModel):
    """What programs read of a card; it is also where the weights' digest is registered."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    name: str
    summary: str = ""
    architecture: str
    file: str
    """The weights' file name, in the card's folder."""
    sha256: str = Field(pattern="^[0-9a-f]{64}$")
    bytes: int = Field(ge=0)
    licence: str = ""
    """Of the weights."""
    seed: int | None = None
    recipe: tuple[str, ...] = ()
    """Commands, in order: from nothing to these weights."""
    data: tuple[Data, ...] = ()
    limits: tuple[str, ...] = ()
    """What is known not to go well."""
    metrics: dict[str, Any] = Field(default_factory=dict)

    def gaps(self) -> list[str]:
        """Return what a card of weights that are shipped must say and this one does not."""
        wanted = ("summary", "licence", "recipe", "data", "limits")
        return [name for name in wanted if not getattr(self, name)]


class Card(BaseModel):
    """A card: its head, and its text in Markdown."""

    model_config = ConfigDict(frozen=True)

    head: CardHead
    text: str

    def render(self) -> str:
        """Return the card as a file has it."""
        head = {key: value for key, value in self.head.model_dump(mode="json").items() if value is not None}
        return f"{FENCE}{tomli_w.dumps(head, multiline_strings=False)}{FENCE}\n{self.text.strip()}\n"


def is_card(path: Path) -> bool:
    """Whether there is a file there that begins as a card does."""
    if not path.is_file():
        return False
    with path.open("rb") as file:
        return file.read(len(FENCE)) == FENCE.encode()


def parse_card(content: str, where: str) -> Card:
    """Read a card; `where` names it in messages. Raises ModelError naming what is wrong with it."""
    before, fence, rest = content.partition(FENCE)
    head, closing, text = rest.partition(f"\n{FENCE}")
    if before or not fence or not closing:
        raise ModelError(f"{where} is no model card: it must begin with a head in TOML between lines of +++.")
    try:
        return Card(head=CardHead.model_validate(tomllib.loads(head)), text=text.strip())
    except tomllib.TOMLDecodeError as error:
        raise ModelError(f"{where}: the card's head is no TOML: {error}. Mend it.") from error
    except ValidationError as error:
        raise ModelError(f"{where}: {_told(error)}") from error


def read_card(path: Path) -> Card:
    """Read the card in a file."""
    return parse_card(path.read_text(encoding="utf-8"), str(path))


def _told(error: ValidationError) -> str:
    """Say the first thing that is wrong with a head, unknown names before missing ones."""
    problems = sorted(error.errors(), key=lambda problem: problem["type"] == "missing")
    problem = problems[0]
    name = ".".join(str(part) for part in problem["loc"])
    if problem["type"] == "missing":
        return f"the card does not say its {name}. Add it."
    if problem["type"] == "extra_forbidden":
        return f"a card has no {name!r}. Known: {', '.join(CardHead.model_fields)}."
    return f"{name} = {problem['input']!r} is not allowed in a card: {problem['msg'].lower()}."
