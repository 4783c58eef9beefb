"""Which cluster a person means: the files of a kubeconfig, and one context of them.

The client library merges several files in another way than kubectl does (its last
``current-context`` wins, kubectl's first one does), and kmigrate must never talk to another
cluster than kubectl would. So the choice is made here, and the library gets a kubeconfig
with that one context.
"""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any
from urllib.parse import quote

import msgspec
import yaml

from migrate.cluster.yamltext import documents, fault
from migrate.errors import UsageError
from migrate.objects import Json

_FILES = {
    "clusters": ("certificate-authority",),
    "users": ("client-certificate", "client-key", "tokenFile"),
}


class Choice(msgspec.Struct, frozen=True):
    """A context and all that belongs to it, as a kubeconfig of its own with absolute paths."""

    context: str
    files: tuple[Path, ...]
    config: dict[str, Any]

    @property
    def cluster(self) -> dict[str, Any]:
        """The entry of the cluster."""
        cluster: dict[str, Any] = self.config["clusters"][0]["cluster"]
        return cluster

    @property
    def origin(self) -> str:
        """The files, as $KUBECONFIG has them."""
        return os.pathsep.join(map(str, self.files))

    @property
    def plugin(self) -> str:
        """The credential plugin's command; empty where there is none."""
        return str(_map(self._user.get("exec")).get("command", ""))

    @property
    def refreshes(self) -> bool:
        """Whether the library gets the token itself and stores a newer one in the files."""
        return bool(self._user.get("auth-provider"))

    @property
    def impersonation(self) -> tuple[tuple[str, str], ...]:
        """The headers by which one acts as somebody else; the library does not send them."""
        user = self._user
        found = [("Impersonate-User", user.get("as")), ("Impersonate-Uid", user.get("as-uid"))]
        found += [("Impersonate-Group", group) for group in user.get("as-groups") or ()]
        for key, values in _map(user.get("as-user-extra")).items():
            found += [(f"Impersonate-Extra-{quote(key, safe='')}", value) for value in values]
        return tuple((name, str(value)) for name, value in found if value)

    @property
    def _user(self) -> dict[str, Any]:
        users = self.config["users"]
        user: dict[str, Any] = users[0]["user"] if users else {}
        return user


def choose(kubeconfig: str | None, context: str | None) -> Choice | None:
    """Return the context to use, or None where there is no kubeconfig at all.

    Files: ``kubeconfig``, else those of $KUBECONFIG, else ~/.kube/config. Context:
    ``context``, else the first ``current-context``. Raise UsageError where a file or the
    context is missing or broken.
    """
    files = _files(kubeconfig)
    if not files:
        return None
    merged = _Merged(files)
    name = context or merged.current
    if not name:
        raise UsageError(f"no current-context in {merged}; {merged.offer}", "--context NAME")
    choice = Choice(name, files, merged.only(name))
    if not choice.cluster.get("server"):
        raise UsageError(f"context {name!r} of {merged}: its cluster has no server")
    return choice


def _files(kubeconfig: str | None) -> tuple[Path, ...]:
    listed = os.environ.get("KUBECONFIG", "").split(os.pathsep)
    wanted = [kubeconfig] if kubeconfig else [name for name in listed if name]
    paths = [Path(name).expanduser() for name in wanted or ["~/.kube/config"]]
    files = tuple(path for path in paths if path.exists())
    if wanted and not files:
        raise UsageError(f"no such kubeconfig: {', '.join(map(str, paths))}", "--kubeconfig FILE")
    return files


class _Merged:
    """Several kubeconfigs as one: of two entries with one name, the first one counts."""

    def __init__(self, files: tuple[Path, ...]) -> None:
        self._files = files
        self.current = ""
        self._entries: dict[str, dict[str, dict[str, Any]]] = {}
        for path in files:
            config = _read(path)
            self.current = self.current or str(config.get("current-context") or "")
            for section in ("contexts", "clusters", "users"):
                self._take(section, config, path)

    def __str__(self) -> str:
        return ", ".join(map(str, self._files))

    @property
    def offer(self) -> str:
        """The contexts that there are, for people."""
        names = sorted(self._entries["contexts"])
        return f"its contexts: {', '.join(names)}" if names else "it has no contexts"

    def only(self, context: str) -> dict[str, Any]:
        """Return a kubeconfig with this context and what it refers to, and nothing else."""
        chosen = self._entries["contexts"].get(context)
        if chosen is None:
            raise UsageError(f"no context {context!r} in {self}; {self.offer}", "--context NAME")
        names = chosen["context"]
        users = [self._referred("users", names, context)] if names.get("user") else []
        clusters = [self._referred("clusters", names, context)]
        sections = {"contexts": [chosen], "clusters": clusters, "users": users}
        return {"current-context": context, **sections}

    def _referred(self, section: str, names: dict[str, Any], context: str) -> dict[str, Any]:
        name = names.get(section.removesuffix("s"))
        entry = self._entries[section].get(str(name))
        if entry is None:
            raise UsageError(f"context {context!r} names {name!r}, which {section} of {self} lack")
        return entry

    def _take(self, section: str, config: dict[str, Any], path: Path) -> None:
        entries = self._entries.setdefault(section, {})
        for entry in config.get(section) or []:
            if not isinstance(entry, dict) or "name" not in entry:
                raise UsageError(f"{path}: an entry of {section} has no name")
            entries.setdefault(str(entry["name"]), _absolute(section, entry, path))


def _read(path: Path) -> dict[str, Any]:
    try:
        config = next(documents(path.read_bytes()), None) or {}
    except (yaml.YAMLError, ValueError) as error:
        raise UsageError(f"kubeconfig {path}: {fault(error)}") from error
    except OSError as error:
        raise UsageError(f"kubeconfig {path}: {error.strerror}") from error
    if not isinstance(config, dict):
        raise UsageError(f"{path} is no kubeconfig: it holds no map")
    return config


def _absolute(section: str, entry: dict[str, Any], path: Path) -> dict[str, Any]:
    inner, folder = section.removesuffix("s"), path.parent.absolute()
    fields = dict(_map(entry.get(inner)))
    for key in _FILES.get(section, ()):
        if fields.get(key):
            fields[key] = str(folder / str(fields[key]))
    plugin = _map(fields.get("exec"))
    if os.sep in str(plugin.get("command", "")):
        fields["exec"] = {**plugin, "command": str(folder / plugin["command"])}
    return {**entry, inner: fields}


def _map(value: Json) -> dict[str, Any]:
    return value if isinstance(value, dict) else {}
