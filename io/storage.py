"""Where things lie: one path type for local folders, `file://`, `memory://` and object stores."""

import os

from upath import UPath
from zarr.abc.store import Store
from zarr.storage import FsspecStore, LocalStore

Location = str | os.PathLike[str] | UPath


def as_path(location: Location) -> UPath:
    """Turn a path or URL into a `UPath`; a local one (plain or `file://`) is made absolute."""
    path = UPath(location)
    if is_local(path):
        return UPath(os.path.abspath(path.path))  # noqa: PTH100 - resolve() would follow links
    return path


def is_local(path: UPath) -> bool:
    """Say whether `path` lies on a file system of this machine."""
    return path.protocol in ("", "file", "local")


def local_path(path: UPath) -> str:
    """Return the file system's own spelling of a local `path`; raises ValueError for a remote one."""
    if not is_local(path):
        raise ValueError(f"{path} is not on a local file system.")
    return os.fspath(path.path)


def zarr_store(path: UPath, *, read_only: bool = False) -> Store:
    """Open the zarr store at `path`: zarr's own local store, else the one over fsspec."""
    if is_local(path):
        return LocalStore(local_path(path), read_only=read_only)
    return FsspecStore.from_url(str(path), storage_options=dict(path.storage_options), read_only=read_only)
