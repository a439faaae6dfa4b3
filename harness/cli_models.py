"""`prompt-suite models`: the embedded models, listed, installed, verified."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import argparse
    from collections.abc import Callable

    Say = Callable[[str], None]


def add_models(commands: argparse._SubParsersAction[Any], say: Say) -> None:
    """Add the command; what it has to say goes to `say`."""
    models = commands.add_parser("models", help="the embedded models: list, install, verify")
    actions = models.add_subparsers(metavar="ACTION", required=True)
    listing = actions.add_parser("list", help="which there are, what is installed, licences")
    listing.set_defaults(run=lambda _options: _list(say))
    install = actions.add_parser("install", help="install a model and verify its SHA-256")
    install.add_argument(
        "model", help="a name from the list, the path of a GGUF file, or owner/name:file.gguf of a hub"
    )
    install.add_argument("--name", help="name for a GGUF file of one's own; default: the file's")
    install.set_defaults(run=lambda options: _install(options, say))
    verify = actions.add_parser("verify", help="compare an installed model with its SHA-256")
    verify.add_argument("model")
    verify.set_defaults(run=lambda options: _verify(options, say))


def _list(say: Say) -> int:
    from harness.backends.models import listed

    for model in listed():
        state = (
            f"installed: {model.path}"
            if model.path
            else f"not installed; run: prompt-suite models install {model.name}"
        )
        say(f"{model.name}\n  {model.summary}\n  {model.size_bytes / 1e6:.0f} MB, licence {model.licence}\n  {state}")
    return 0


def _install(options: argparse.Namespace, say: Say) -> int:
    from harness.backends.models import verify
    from harness.backends.models_install import install

    model = install(options.model, name=options.name)
    done = "installed and verified" if model.embedded else "installed"
    digest = model.sha256 or verify(model.name)
    say(f"{model.name}: {done}, SHA-256 {digest[:16]}…, licence {model.licence}")
    return 0


def _verify(options: argparse.Namespace, say: Say) -> int:
    from harness.backends.models import EMBEDDED, verify

    digest = verify(options.model)
    if options.model in EMBEDDED:
        say(f"{options.model}: the file is as published, SHA-256 {digest}")
    else:
        say(f"{options.model}: SHA-256 {digest}; it is a file of one's own, with nothing published to compare it with")
    return 0
