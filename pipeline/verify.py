"""Verify: the reel's source, its store, the stages' products and the masters, each against its digests."""

from collections.abc import Iterator
from dataclasses import dataclass
from fractions import Fraction

from reelfix.io.errors import SourceError, StoreError
from reelfix.io.filters import IVTC_RATE
from reelfix.io.fixity import digest
from reelfix.io.framemd5 import Comparison, compare
from reelfix.io.source_info import SourceInfo
from reelfix.io.sources import Source, find_source
from reelfix.io.storage import Location
from reelfix.pipeline.events import Emit, IngestProgress
from reelfix.pipeline.finding import Finding
from reelfix.pipeline.reel import Reel
from reelfix.pipeline.verify_stages import verify_stages

_PROGRESS_FRAMES = 32


@dataclass(frozen=True)
class VerifyReport:
    """All that was verified of a reel."""

    findings: tuple[Finding, ...]

    @property
    def ok(self) -> bool:
        """Whether everything held."""
        return all(finding.ok for finding in self.findings)


def verify(reel: Reel, emit: Emit, *, master: Location | None = None) -> VerifyReport:
    """Verify a reel: fixity of its source, store against source, products against commits, and a master.

    What does not hold is a finding, never an exception; raises ReelError where there is no reel.
    """
    info = reel.info
    findings = [*_verify_source(reel, info, emit), *verify_stages(reel)]
    if master is not None:
        from reelfix.pipeline.verify_master import verify_master

        findings += verify_master(reel, master, emit)
    return VerifyReport(tuple(findings))


def _verify_source(reel: Reel, info: SourceInfo, emit: Emit) -> Iterator[Finding]:
    try:
        source = find_source(info.path, fps=_sequence_rate(info))
        sha256 = digest(
            source, progress=lambda done: emit(IngestProgress(str(reel), "hash", done, source.size))
        )
    except SourceError as error:
        yield Finding("source", False, str(error))
        return
    if sha256 != info.sha256:
        yield Finding(
            "source",
            False,
            f"{info.path} has SHA-256 {sha256}, the reel was made from {info.sha256}. "
            "Bring back the right file.",
        )
        return
    yield Finding("source", True, f"{info.path} has SHA-256 {sha256}, as when it was ingested")
    yield _verify_store(reel, source, info, emit)


def _sequence_rate(info: SourceInfo) -> Fraction | None:
    """The rate that a sequence was read at; a file has its own."""
    if info.kind == "file":
        return None
    ivtc = info.filters is not None and "decimate" in info.filters
    return info.video.rate_fraction / (IVTC_RATE if ivtc else 1)


def _verify_store(reel: Reel, source: Source, info: SourceInfo, emit: Emit) -> Finding:
    remedy = "Ingest again with --force."
    try:
        outcome = _compare(reel, source, info, emit)
    except (StoreError, SourceError) as error:
        return Finding("store", False, f"{error} {remedy}")
    if outcome.difference is not None:
        return Finding("store", False, f"{outcome.difference}. {remedy}")
    damaged = (
        f", {outcome.concealed} of them damaged in the source and concealed" if outcome.concealed else ""
    )
    return Finding(
        "store", True, f"all {outcome.frames} frames have the source's framemd5 by the stock ffmpeg{damaged}"
    )


def _compare(reel: Reel, source: Source, info: SourceInfo, emit: Emit) -> Comparison:
    store = reel.store()
    if store.frame_count != info.frame_count:
        raise StoreError(f"the store has {store.frame_count} frames, reel.json says {info.frame_count}.")
    for outcome in compare(store, source, info):
        if isinstance(outcome, Comparison):
            return outcome
        if outcome % _PROGRESS_FRAMES == 0 or outcome == info.frame_count:
            emit(IngestProgress(str(reel), "verify", outcome, info.frame_count))
    raise AssertionError("a comparison ends with its outcome")
