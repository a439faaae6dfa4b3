"""Any endpoint that speaks OpenAI's chat completions: OpenAI, Azure, vLLM, Ollama, llama.cpp, LiteLLM.

Posts by a client of our own: a call costs a third of aiohttp's CPU, and a fiftieth of the official SDK's.
"""

from __future__ import annotations

import os
import re
from typing import TYPE_CHECKING
from urllib.parse import parse_qsl, urlsplit, urlunsplit

from harness.backends.chat_client import ChatClient, chat_messages
from harness.backends.endpoint import Endpoint
from harness.backends.price_lookup import PriceLookup
from harness.errors import BackendError, OptionError

if TYPE_CHECKING:
    from collections.abc import Mapping

    from harness.schema import BackendSpec, Generation, Request

_OPENAI = "https://api.openai.com/v1"
_CONCURRENCY = 16
"""Requests in flight without `max_concurrency`: what the lowest paid rate limits of OpenAI and Azure bear."""
_AZURE_HOSTS = (".openai.azure.com", ".cognitiveservices.azure.com")
"""Hosts that take the key in the header `api-key` (Azure OpenAI REST API reference, Authentication)."""
_OURS = ("model", "messages", "stream")
"""Parts of the body that are not parameters."""
_SECRET_QUERY = re.compile(r"(^|[-_])(key|token|secret|password|sig|signature)$", re.IGNORECASE)
"""Names of query arguments that carry a secret; `api-version` does not."""
_SECRET_PARAM = re.compile(r"^(api[-_]?key|authorization|password|secret|access[-_]?token)$", re.IGNORECASE)
"""Names of parameters that carry a secret; `prompt_cache_key` and `stop_token` do not."""


class OpenAIBackend:
    """Chat completions of one model at one endpoint."""

    uses = ("base_url", "api_key_env", "params", "connect_timeout_s", "read_timeout_s")
    cacheable = True
    keeps_timeout = True
    takes_params = True

    def __init__(self, spec: BackendSpec) -> None:
        """Keep the spec; nothing is opened before `start`."""
        self.spec = spec
        self.concurrency = spec.max_concurrency or _CONCURRENCY
        self._client: ChatClient | None = None
        self._price: PriceLookup | None = None
        self._fixed = {**spec.params, "model": spec.model}

    @classmethod
    def check(cls, spec: BackendSpec) -> None:
        """Raise OptionError for what no endpoint could answer."""
        if not spec.model:
            raise OptionError("provider 'openai' needs 'model', the name the endpoint knows the model by", "model")
        _check_base_url(spec.base_url or _OPENAI)
        check_params(spec)

    def identity(self) -> Mapping[str, object]:
        """Provider, endpoint, model and parameters."""
        return {
            "provider": "openai",
            "base_url": (self.spec.base_url or _OPENAI).rstrip("/"),
            "model": self.spec.model,
            "params": dict(self.spec.params),
        }

    async def start(self) -> None:
        """Read the key, open the session, and begin to look the price up where the entry gives none."""
        if self._client is None:
            self._client = ChatClient.opened(self._endpoint())
            self._price = PriceLookup(self.spec)

    async def generate(self, request: Request) -> Generation:
        """One POST to `{base_url}/chat/completions`."""
        if self._client is None:
            await self.start()
        assert self._client is not None
        assert self._price is not None
        body = {**self._fixed, **request.params, "model": self.spec.model, "messages": chat_messages(request)}
        return await self._price.priced(await self._client.complete(body, self.spec.price))

    async def stop(self) -> None:
        """Close the session."""
        client, self._client = self._client, None
        if client is not None:
            await client.close()

    def _endpoint(self) -> Endpoint:
        parts = urlsplit(self.spec.base_url or _OPENAI)
        azure = (parts.hostname or "").endswith(_AZURE_HOSTS)
        return Endpoint(
            label=f"backend '{self.spec.name}'",
            url=urlunsplit(parts._replace(path=parts.path.rstrip("/") + "/chat/completions", fragment="")),
            timeout_s=self.spec.timeout_s,
            connect_timeout_s=self.spec.connect_timeout_s,
            read_timeout_s=self.spec.read_timeout_s,
            key_env=self.spec.api_key_env,
            key=self._key(),
            key_header="api-key" if azure else "Authorization",
        )

    def _key(self) -> str | None:
        name = self.spec.api_key_env
        if name is None:
            return None
        key = os.environ.get(name, "").strip()
        if not key:
            state = "not set" if name not in os.environ else "empty"
            raise BackendError(
                f"backend '{self.spec.name}': the environment variable {name} (api_key_env) is {state}; export it",
                kind="authentication",
            )
        if not key.isascii() or not key.isprintable():
            raise BackendError(
                f"backend '{self.spec.name}': the key in {name} has characters that no HTTP header can carry; "
                "export it again",
                kind="authentication",
            )
        return key


def check_params(spec: BackendSpec) -> None:
    """Raise OptionError for parameters that cannot be passed through."""
    for key in _OURS:
        if key in spec.params:
            raise OptionError(f"params must not hold '{key}': the harness sets it; remove it", "params")
    if spec.params.get("n", 1) != 1:
        raise OptionError(
            f"params: n is {spec.params['n']!r}; only 1 is allowed: a trial has one answer; use 'repeats' of the suite",
            "params",
        )
    for key in spec.params:
        if _SECRET_PARAM.search(str(key)):
            raise OptionError(
                f"params must not hold '{key}': it would be recorded; name a variable in api_key_env instead", "params"
            )


def _check_base_url(base_url: str) -> None:
    try:
        parts = urlsplit(base_url)
        valid = parts.scheme in ("http", "https") and bool(parts.hostname) and parts.port != 0
    except ValueError:
        valid = False
    if not valid:
        raise OptionError(
            f"base_url {base_url!r} is no address; allowed: http://host:port/path or https://…", "base_url"
        )
    secrets = [name for name, _ in parse_qsl(parts.query, keep_blank_values=True) if _SECRET_QUERY.search(name)]
    if parts.username or parts.password or secrets:
        raise OptionError(
            "base_url holds a password or key; it would be recorded; name a variable in api_key_env", "base_url"
        )
    if parts.path.rstrip("/").endswith("/chat/completions"):
        raise OptionError("base_url ends with /chat/completions, which is added to it; remove that end", "base_url")
