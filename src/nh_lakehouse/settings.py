"""Run profiles: which engine, how much side by side, settings of Spark.

    # conf/local.yaml
    engine: auto          # auto = sail where it is installed, else spark
    parallel: 2
    spark:
      conf:
        spark.driver.memory: 2g

`--profile local` reads `conf/local.yaml` below the working directory, else the profile of that name in the package.
"""

from __future__ import annotations

import importlib.util
import os
import re
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Literal

import yaml
from pydantic import BaseModel, ConfigDict, Field, ValidationError, field_validator

from nh_lakehouse.engines import Engine, open_engine
from nh_lakehouse.errors import ConfigError

__all__ = ["Profile", "SparkSettings", "choose_engine", "load_profile", "profile_names"]

_PACKAGED = Path(__file__).parent / "conf"
_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9_-]*\Z")
#: Settings by which Delta's JARs may come, other than by lying beside PySpark.
_JAR_SETTINGS = ("spark.jars", "spark.jars.packages", "spark.driver.extraClassPath")


class _Model(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class SparkSettings(_Model):
    """Settings handed to Spark; they win over those of the package."""

    conf: dict[str, str] = Field(default_factory=dict)

    @field_validator("conf", mode="before")
    @classmethod
    def _as_text(cls, value: Any) -> Any:
        """YAML reads `2` and `true` as numbers and booleans; Spark wants text."""
        if not isinstance(value, Mapping):
            return value
        return {str(k): str(v).lower() if isinstance(v, bool) else str(v) for k, v in value.items()}


class Profile(_Model):
    """How to run.

    Attributes:
        engine: sail, spark, or auto (sail where it is installed, else spark).
        parallel: tables computed side by side; the engine's own default if None.
        spark: settings of Spark.
    """

    engine: Literal["auto", "sail", "spark"] = "auto"
    parallel: int | None = Field(default=None, ge=1, le=64)
    spark: SparkSettings = Field(default_factory=SparkSettings)

    def engine_name(self, wanted: str | None = None) -> str:
        """Engine that will run: the one asked for on the command line, else the profile's."""
        return choose_engine(wanted or self.engine)

    def open_engine(self, wanted: str | None = None) -> Engine:
        """The engine, not yet started.

        Raises:
            ConfigError: there is no engine of that name.
            EngineUnavailableError: it cannot start on this machine; the message names the remedy.
        """
        name = self.engine_name(wanted)
        options: dict[str, Any] = {} if self.parallel is None else {"parallel": self.parallel}
        if name == "spark":
            from nh_lakehouse.doctor import require_spark

            require_spark(jars=not any(s in self.spark.conf for s in _JAR_SETTINGS))
            options["conf"] = self.spark.conf
        return open_engine(name, **options)


def choose_engine(name: str) -> str:
    """`sail` or `spark`; `auto` is sail where it is installed, and spark inside a session that a platform made."""
    if name != "auto":
        return name
    submitted = "PYSPARK_GATEWAY_PORT" in os.environ
    return "sail" if importlib.util.find_spec("pysail") is not None and not submitted else "spark"


def profile_names(folders: Sequence[Path] | None = None) -> list[str]:
    """Names of the profiles that can be chosen."""
    return sorted({p.stem for folder in folders or _folders() for p in folder.glob("*.yaml")})


def load_profile(name: str | None, folders: Sequence[Path] | None = None) -> Profile:
    """A profile by name.

    Args:
        name: name of a profile, or path of its YAML file; None gives the defaults.
        folders: where to look; `./conf`, then the package, if None.
    Raises:
        ConfigError: there is no such profile, or a field is wrong; file, line and field are named.
    """
    if name is None:
        return Profile()
    path = _find(name, folders or _folders())
    document = _read(path)
    try:
        return Profile.model_validate(document)
    except ValidationError as error:
        raise ConfigError(_explain(path, error), option="--profile", file=str(path)) from error


def _folders() -> tuple[Path, ...]:
    return (Path("conf"), _PACKAGED)


def _find(name: str, folders: Sequence[Path]) -> Path:
    if name.endswith((".yaml", ".yml")):
        candidates = [Path(name)]
    elif _NAME.match(name):
        candidates = [folder / f"{name}.yaml" for folder in folders]
    else:
        raise ConfigError(f"--profile {name}: expected a name or the path of a .yaml file", option="--profile")
    for path in candidates:
        if path.is_file():
            return path
    known = ", ".join(profile_names(folders)) or "none"
    raise ConfigError(
        f"--profile {name}: there is no file {candidates[0]}; known profiles: {known}", option="--profile"
    )


def _read(path: Path) -> dict[str, Any]:
    try:
        document = yaml.safe_load(path.read_text(encoding="utf-8"))
    except yaml.YAMLError as error:
        mark = getattr(error, "problem_mark", None)
        line = mark.line + 1 if mark else 1
        problem = getattr(error, "problem", None) or "cannot be read"
        raise ConfigError(f"{path}, line {line}: not valid YAML: {problem}", option="--profile", line=line) from error
    except (OSError, UnicodeDecodeError) as error:
        raise ConfigError(f"{path} cannot be read: {error}", option="--profile") from error
    if document is None:
        return {}
    if not isinstance(document, dict):
        raise ConfigError(
            f"{path}, line 1: expected fields such as `engine: sail`, found {type(document).__name__}",
            option="--profile",
        )
    return document


def _explain(path: Path, error: ValidationError) -> str:
    """Every wrong field with its line and what was expected."""
    node = yaml.compose(path.read_text(encoding="utf-8"), Loader=yaml.SafeLoader)
    lines = []
    for item in error.errors():
        location = item["loc"]
        field = ".".join(str(part) for part in location) or "the document"
        if item["type"] == "extra_forbidden":
            message = f"there is no such field; fields: {', '.join(Profile.model_fields)}"
            if location[0] == "spark":
                message = f"there is no such field; fields of spark: {', '.join(SparkSettings.model_fields)}"
        else:
            message = f"{item['msg']}, found {item['input']!r}"
        lines.append(f"{path}, line {_line_of(node, location)}: {field}: {message}")
    return "\n".join(lines)


def _line_of(node: Any, location: Sequence[Any]) -> int:
    """Line of the field at a location, or of the nearest one around it."""
    line = 1
    for step in location:
        if not isinstance(node, yaml.MappingNode):
            break
        found = next(((k, v) for k, v in node.value if k.value == str(step)), None)
        if found is None:
            break
        line, node = found[0].start_mark.line + 1, found[1]
    return line
