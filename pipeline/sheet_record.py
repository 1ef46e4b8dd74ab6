"""The records beside the sheets: what each shows, and what the page carries of it."""

from dataclasses import asdict, dataclass
from typing import Any

from reelfix.io.documents import read_json, write_json
from reelfix.io.errors import StoreError
from reelfix.pipeline.reel import Reel
from reelfix.pipeline.sheet_entry import SheetEntry

Pictures = dict[str, Any]
"""Pictures (base64 of WebP) and curves of a shot, by name: see `sheet_pictures`."""


@dataclass(frozen=True)
class SheetRecord:
    """What the page needs of a shot: `shot-0003.json`; its large pictures lie apart, read where they fit."""

    identity: str
    entry: SheetEntry
    small: Pictures

    @property
    def alarms(self) -> dict[str, Any]:
        """What `alarms.json` says of the shot."""
        entry = self.entry
        named = {"shot": entry.number, "start": entry.start, "stop": entry.stop}
        return {**named, "identity": self.identity, "alarms": entry.alarms}


def write_record(reel: Reel, name: str, record: SheetRecord, large: list[Pictures]) -> None:
    """Write a shot's record, after its pictures: the record is what says that a sheet is whole."""
    write_json(_folder(reel) / f"{name}.pictures.json", large)
    write_json(_folder(reel) / f"{name}.json", asdict(record))


def read_record(reel: Reel, name: str) -> SheetRecord | None:
    """Read a shot's record; None where there is none, or none that this version wrote."""
    try:
        content = read_json(_folder(reel) / f"{name}.json")
        return SheetRecord(**{**content, "entry": SheetEntry(**content["entry"])})
    except (FileNotFoundError, KeyError, TypeError, StoreError):
        return None


def read_large(reel: Reel, name: str) -> list[Pictures]:
    """Read a shot's large pictures; raises FileNotFoundError where they are gone."""
    pictures: list[Pictures] = read_json(_folder(reel) / f"{name}.pictures.json")
    return pictures


def remove_strays(reel: Reel) -> None:
    """Remove the sheets and records of shots that are no more."""
    names = {shot.name for shot in reel.shots()}
    if not _folder(reel).exists():
        return
    for path in list(_folder(reel).iterdir()):
        is_ours = path.suffix in (".png", ".json") and path.name.startswith("shot-")
        if is_ours and path.name.split(".")[0] not in names:
            path.unlink()


def _folder(reel: Reel) -> Any:
    return reel.root / "sheets"
