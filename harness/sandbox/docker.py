"""Sandboxes by Docker: a container a program, of an image that is there already."""

from __future__ import annotations

import itertools
import os
import shutil
import subprocess
from typing import TYPE_CHECKING

from harness.errors import SandboxError
from harness.sandbox.bubblewrap import GUEST_ENVIRONMENT, NOBODY, guest_arguments
from harness.sandbox.guest_folder import guest_folder
from harness.sandbox.process import Launch

if TYPE_CHECKING:
    from collections.abc import Mapping

    from harness.sandbox.job import Kind, Limits

IMAGE = "python:3.12-slim"
"""What containers are made of when no other image is named."""
_PATIENCE_S = 5.0
_GRACE_S = 20.0
_REACHES_ENGINE = (
    "DOCKER_HOST",
    "DOCKER_CONTEXT",
    "DOCKER_TLS_VERIFY",
    "DOCKER_CERT_PATH",
    "DOCKER_CONFIG",
    "HOME",
    "PATH",
)
_SPARE_MB = 64


class Docker:
    """The engine that the `docker` command reaches."""

    kind: Kind = "docker"

    def __init__(self, image: str = IMAGE) -> None:
        """SandboxError when no engine answers, or it does not have the image."""
        found = shutil.which("docker")
        if found is None:
            raise SandboxError("'docker' is not installed")
        self._docker, self._image = found, image
        self._environment = {name: os.environ[name] for name in _REACHES_ENGINE if name in os.environ}
        self._numbers = itertools.count(1)
        self._asked("info", "--format", "{{.ServerVersion}}", otherwise="no engine answers")
        self._id = self._asked(
            "image", "inspect", "--format", "{{.Id}}", image, otherwise=f"it has no image; run: docker pull {image}"
        )
        self._guest = guest_folder("python3")

    def _asked(self, *arguments: str, otherwise: str) -> str:
        try:
            done = subprocess.run(  # noqa: S603 - the engine's own client
                [self._docker, *arguments],
                capture_output=True, text=True, check=False, timeout=_PATIENCE_S, env=self._environment,
            )  # fmt: skip
        except (OSError, subprocess.TimeoutExpired) as error:
            raise SandboxError(f"{otherwise} ({type(error).__name__})") from error
        if done.returncode != 0 or not done.stdout.strip():
            raise SandboxError(otherwise)
        return done.stdout.strip()

    @property
    def signature(self) -> str:
        """What the number depends on."""
        return f"docker, {self._image}@{self._id.removeprefix('sha256:')[:12]}"

    def launch(self, limits: Limits) -> Launch:
        """How one is started; its container is removed whatever becomes of the client."""
        name = f"prompt-suite-{os.getpid()}-{next(self._numbers)}"
        memory = f"{limits.memory_mb + limits.file_mb + _SPARE_MB}m"
        options: Mapping[str, str] = {
            "name": name, "pull": "never", "network": "none", "hostname": "sandbox", "memory": memory,
            "memory-swap": memory, "cpus": "0.5", "pids-limit": str(limits.threads + 4), "cap-drop": "ALL",
            "security-opt": "no-new-privileges", "user": f"{NOBODY}:{NOBODY}", "ipc": "none", "workdir": "/work",
            "tmpfs": f"/work:rw,size={limits.file_mb}m,mode=1777", "volume": f"{self._guest}:/guest:ro",
        }  # fmt: skip
        command = [self._docker, "run", "--rm", "--interactive", "--read-only"]
        command += [f"--{option}={value}" for option, value in options.items()]
        command += [f"--env={key}={value}" for key, value in GUEST_ENVIRONMENT.items()]
        command += [self._image, "python3", *guest_arguments("/guest", limits)]
        return Launch(command, self._environment, limits.timeout_s + _GRACE_S, cleanup=lambda: self._remove(name))

    def _remove(self, name: str) -> None:
        subprocess.run(  # noqa: S603 - as above
            [self._docker, "rm", "--force", name], capture_output=True, check=False, env=self._environment
        )
