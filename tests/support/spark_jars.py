"""The jars with which PyPI's PySpark reads and writes Iceberg tables, without Maven.

PyPI's package of Iceberg's Spark runtime lacks the two copies of Jackson that Iceberg's own build moves into it.
PySpark ships the same classes under their usual names: here they are written anew under the names of Iceberg's build.
"""

import importlib.util
import struct
from collections.abc import Iterator
from pathlib import Path
from zipfile import ZipFile

RUNTIME = "iceberg-spark-runtime-3.5_2.12-*.jar"
SHADED = "org/apache/iceberg/shaded"
# Which of PySpark's jars are moved: package as it stands in them, package that Iceberg looks for.
MOVES = {
    "jackson-annotations-2*.jar": ("com/fasterxml/jackson", f"{SHADED}/com/fasterxml/jackson"),
    "jackson-core-2*.jar": ("com/fasterxml/jackson", f"{SHADED}/com/fasterxml/jackson"),
    "jackson-databind-2*.jar": ("com/fasterxml/jackson", f"{SHADED}/com/fasterxml/jackson"),
    "parquet-jackson-*.jar": (
        "shaded/parquet/com/fasterxml/jackson",
        f"{SHADED}/org/apache/parquet/shaded/com/fasterxml/jackson",
    ),
}

# The constants of a class file, https://docs.oracle.com/javase/specs/jvms/se17/html/jvms-4.html#jvms-4.4
_HEADER = 8
_UTF8 = 1
_SIZES = {3: 5, 4: 5, 5: 9, 6: 9, 7: 3, 8: 3, 9: 5, 10: 5, 11: 5, 12: 5, 15: 4, 16: 3, 17: 5, 18: 5, 19: 3, 20: 3}
_TAKES_TWO_PLACES = {5, 6}


def iceberg_jars(folder: Path) -> list[Path]:
    """Return what belongs into ``spark.jars``; the moved classes are written into a folder."""
    moved = folder / "jackson-for-iceberg.jar"
    with ZipFile(moved, "w") as jar:
        for pattern, (package, wanted) in MOVES.items():
            _move(_find("pyspark", pattern), package, wanted, jar)
    return [_find("snowpark_connect_deps_iceberg", RUNTIME), moved]


def _find(module: str, pattern: str) -> Path:
    spec = importlib.util.find_spec(module)
    assert spec is not None, f"{module} is missing: requirements/install dev"
    assert spec.origin is not None
    [found] = (Path(spec.origin).parent / "jars").glob(pattern)
    return found


def _move(source: Path, package: str, wanted: str, jar: ZipFile) -> None:
    names = {old.encode(): new.encode() for old, new in ((package, wanted), (_dotted(package), _dotted(wanted)))}
    with ZipFile(source) as classes:
        for name in classes.namelist():
            if name.startswith(f"{package}/") and name.endswith(".class"):
                jar.writestr(wanted + name.removeprefix(package), renamed(classes.read(name), names))


def _dotted(package: str) -> str:
    return package.replace("/", ".")


def renamed(class_file: bytes, names: dict[bytes, bytes]) -> bytes:
    """Return a class file with other names in its text constants, through which it refers to every class."""
    (count,) = struct.unpack_from(">H", class_file, _HEADER)
    start = _HEADER + 2
    parts = [class_file[:start]]
    for tag, constant in _constants(class_file, start, count):
        start += len(constant)
        if tag == _UTF8:
            text = constant[3:]
            for old, new in names.items():
                text = text.replace(old, new)
            constant = struct.pack(">BH", _UTF8, len(text)) + text
        parts.append(constant)
    return b"".join([*parts, class_file[start:]])


def _constants(class_file: bytes, start: int, count: int) -> Iterator[tuple[int, bytes]]:
    place = 1
    while place < count:
        tag = class_file[start]
        size = 3 + struct.unpack_from(">H", class_file, start + 1)[0] if tag == _UTF8 else _SIZES[tag]
        yield tag, class_file[start : start + size]
        start += size
        place += 2 if tag in _TAKES_TWO_PLACES else 1
