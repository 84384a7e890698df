"""What machine this is, and how busy others keep it."""

from __future__ import annotations

import os
import platform
import re
import time
from collections.abc import Iterator, Sequence
from pathlib import Path

import psutil
from pydantic import BaseModel, ConfigDict

_CPUS = Path("/sys/devices/system/cpu")
_CGROUPS = Path("/sys/fs/cgroup")
_UNITS = {"": 1, "K": 1 << 10, "M": 1 << 20, "G": 1 << 30}


_INSTRUCTION_SETS = {"sse4_2": "sse4.2"} | {
    name: name for name in ("avx", "fma", "bmi2", "avx2", "avx512f", "avx512bw", "avx512vl")
}
"""Names in /proc/cpuinfo, and those that compilers know."""


class Cache(BaseModel):
    """One level of the first usable core's caches; ``kind`` is Data, Instruction or Unified."""

    model_config = ConfigDict(frozen=True)

    level: int
    kind: str
    bytes: int


def wider_isa(flags: Sequence[str]) -> str:
    """An instruction set that this processor has and the compiler's flags do not ask for.

    By the name that ``__builtin_cpu_supports`` and the attribute ``target`` know: ``avx2``, which
    rounds as the baseline does (no fused multiply-add); empty if there is none, or where flags
    choose an instruction set themselves.
    """
    if platform.machine() != "x86_64" or any(flag.startswith("-m") for flag in flags):
        return ""
    described = _read(Path("/proc/cpuinfo")) or ""
    return "avx2" if re.search(r"^flags\s*:.*\bavx2\b", described, re.MULTILINE) else ""


def instruction_sets() -> tuple[str, ...]:
    """What this processor has beyond the baseline of x86-64; empty on other machines.

    By the names that ``__builtin_cpu_supports`` and the attribute ``target`` know.
    """
    if platform.machine() != "x86_64":
        return ()
    described = re.search(r"^flags\s*:(.*)$", _read(Path("/proc/cpuinfo")) or "", re.MULTILINE)
    flags = set(described[1].split()) if described else set()
    return tuple(name for flag, name in _INSTRUCTION_SETS.items() if flag in flags)


class Machine(BaseModel):
    """The machine as far as measurements depend on it; sizes in bytes."""

    model_config = ConfigDict(frozen=True)

    cpu: str
    logical_cores: int
    """Logical cores that this process may use."""
    physical_cores: int
    """Physical cores among them, or fewer where a control group grants less time."""
    caches: tuple[Cache, ...]
    memory_bytes: int
    kernel: str
    compiler: str = ""

    def cache_bytes(self, level: int) -> int | None:
        """The size of the cache for data at a level; None if unknown."""
        sizes = [c.bytes for c in self.caches if c.level == level and c.kind != "Instruction"]
        return max(sizes, default=None)

    @property
    def data_caches(self) -> dict[str, int]:
        """Bytes of the caches that data goes through, by name (``L1d``, ``L2``), nearest first."""
        return {
            f"L{cache.level}{'d' if cache.kind == 'Data' else ''}": cache.bytes
            for cache in self.caches
            if cache.kind != "Instruction"
        }

    @property
    def last_cache_bytes(self) -> int | None:
        """The size of the last cache before memory; None if unknown."""
        levels = [c.level for c in self.caches]
        return self.cache_bytes(max(levels)) if levels else None


class Load(BaseModel):
    """How busy the machine is."""

    model_config = ConfigDict(frozen=True)

    average: float
    """The system's load average over the last minute, in running threads."""
    others: float
    """The share of all logical cores, 0 to 1, that other processes took while it was sampled."""


def describe(compiler: str = "") -> Machine:
    """Describe this machine; ``compiler`` is the version line to put on record."""
    usable = sorted(os.sched_getaffinity(0))
    quota = cpu_quota()
    physical = len({_core_of(cpu) for cpu in usable})
    return Machine(
        cpu=_cpu_model(),
        logical_cores=len(usable),
        physical_cores=physical if quota is None else max(1, min(physical, int(quota))),
        caches=tuple(_caches(usable[0])),
        memory_bytes=psutil.virtual_memory().total,
        kernel=f"{platform.system()} {platform.release()}",
        compiler=compiler,
    )


def load(seconds: float = 0.2) -> Load:
    """Sample for some seconds what other processes than this one (and its children) take."""
    busy_before, own_before, started = _busy_seconds(), _own_seconds(), time.perf_counter()
    time.sleep(seconds)
    elapsed = time.perf_counter() - started
    busy, own = _busy_seconds() - busy_before, _own_seconds() - own_before
    share = (busy - own) / (elapsed * (psutil.cpu_count() or 1))
    return Load(average=os.getloadavg()[0], others=min(1.0, max(0.0, share)))


def cpu_quota(root: Path = _CGROUPS, membership: Path = Path("/proc/self/cgroup")) -> float | None:
    """The cores' worth of time that this process's control groups grant; None if unlimited.

    The tightest of the group and of the groups above it counts (cgroup v2 ``cpu.max``, v1
    ``cpu.cfs_quota_us``).
    """
    quotas = []
    for line in (_read(membership) or "").splitlines():
        _, controllers, path = line.split(":", 2)
        if controllers == "":
            quotas += [_quota_v2(group) for group in _upward(root, path)]
        elif "cpu" in controllers.split(","):
            for mount in (root / "cpu", root / controllers):
                quotas += [_quota_v1(group) for group in _upward(mount, path)]
    return min((quota for quota in quotas if quota is not None), default=None)


def _upward(root: Path, path: str) -> Iterator[Path]:
    """The group's folder and those above it. In a container only the root may be there."""
    group = root / path.strip("/")
    yield group
    while group != root:
        group = group.parent
        yield group


def _quota_v2(group: Path) -> float | None:
    limit, _, period = (_read(group / "cpu.max") or "max").partition(" ")
    return None if limit == "max" else int(limit) / int(period or 100_000)


def _quota_v1(group: Path) -> float | None:
    limit = int(_read(group / "cpu.cfs_quota_us") or -1)
    period = int(_read(group / "cpu.cfs_period_us") or 0)
    return limit / period if limit > 0 and period > 0 else None


def _core_of(cpu: int) -> tuple[str, str]:
    """Package and core of a logical core; a core of its own where the system does not say."""
    topology = _CPUS / f"cpu{cpu}" / "topology"
    package = _read(topology / "physical_package_id") or ""
    return package, _read(topology / "core_id") or f"cpu{cpu}"


def _caches(cpu: int) -> Iterator[Cache]:
    for index in sorted((_CPUS / f"cpu{cpu}" / "cache").glob("index*")):
        level, kind = _read(index / "level"), _read(index / "type")
        size = re.fullmatch(r"(\d+)([KMG]?)", _read(index / "size") or "")
        if level and kind and size:
            yield Cache(level=int(level), kind=kind, bytes=int(size[1]) * _UNITS[size[2]])


def _cpu_model() -> str:
    match = re.search(r"^model name\s*:\s*(.+)$", _read(Path("/proc/cpuinfo")) or "", re.MULTILINE)
    return match[1] if match else platform.processor() or platform.machine()


def _busy_seconds() -> float:
    times = psutil.cpu_times()
    # Guests' time is in user and nice already; a waiting disk leaves the core free.
    return times.user + times.nice + times.system + times.irq + times.softirq + times.steal


def _own_seconds() -> float:
    me = psutil.Process()
    total = 0.0
    for process in (me, *me.children(recursive=True)):
        try:
            times = process.cpu_times()
        except psutil.Error:
            continue
        total += times.user + times.system
    return total


def _read(path: Path) -> str | None:
    try:
        return path.read_text().strip()
    except OSError:
        return None
