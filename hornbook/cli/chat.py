"""Commands that talk to a model: chat, serve."""

from pathlib import Path
from typing import Any

import click

PATH = click.Path(path_type=Path)
MODEL = click.argument("model")
STAGE = click.option("--stage", default="", metavar="NAME", help="Of a run: whose model.  [default: the last stage's]")
PIVOTS = click.option("--pivots", type=PATH, metavar="FOLDER", help="Output of `hornbook pts`.  [default: the run's]")
PORT = click.option("--port", type=click.IntRange(0, 65535), default=8000, show_default=True, help="0: a free one.")
AT_LEAST_1 = click.IntRange(1)
ROWS = 16  # replies computed together
SHARE = click.FloatRange(0, 1, min_open=True)


@click.command(short_help="Talk to a model in the terminal, or on a local page.")
@MODEL
@STAGE
@PIVOTS
@click.option("--temperature", type=click.FloatRange(0), default=0.7, show_default=True, help="0: the likeliest token.")
@click.option("--top-p", type=SHARE, default=1.0, show_default=True, help="Sample from this share of probability.")
@click.option("--max-new-tokens", type=AT_LEAST_1, default=512, show_default=True, help="Longest reply.")
@click.option("--seed", type=click.IntRange(0), help="Give the same replies again.  [default: others each time]")
@click.option("--system", default="", metavar="TEXT", help="What the system says before the first question.")
@click.option("--probabilities", is_flag=True, help="Mark tokens by their probability.")
@click.option("--page", is_flag=True, help="Talk on a page instead, served to this machine alone.")
@PORT
def chat(
    model: str,
    stage: str,
    pivots: Path | None,
    seed: int | None,
    system: str,
    probabilities: bool,
    page: bool,
    port: int,
    **sampling: Any,
) -> None:
    """Talk to MODEL: a run folder (the model of its last stage), a stage's folder, a Hugging Face folder or hub name.

    The questions of a pipe are answered line by line, each by itself.

    \b
    Example:
      hornbook chat runs/pocket
      echo "What is 2 + 3?" | hornbook chat sft/ --temperature 0
    """
    from hornbook.chat.find_model import choose_model
    from hornbook.chat.loaded_model import load
    from hornbook.chat.terminal import Session, talk
    from hornbook.inference.settings import Sampling

    chosen = choose_model(model, stage, pivots)
    if page:
        from hornbook.chat.server import Server, serve

        serve(Server(load(chosen, ROWS), Sampling(**sampling), seed, system), "127.0.0.1", port)
        return
    loaded = load(chosen)
    talk(Session(loaded, Sampling(**sampling), seed=seed, system=system, probabilities=probabilities))


@click.command("serve", short_help="Serve a model by the OpenAI protocol, with a page to talk to it.")
@MODEL
@STAGE
@PIVOTS
@click.option("--host", default="127.0.0.1", show_default=True, help="Another address is open to other machines.")
@PORT
@click.option("--batch-size", type=AT_LEAST_1, default=ROWS, show_default=True, help="Replies computed together.")
@click.option("--max-new-tokens", type=AT_LEAST_1, default=512, show_default=True, help="Longest reply by default.")
def serve_command(
    model: str, stage: str, pivots: Path | None, host: str, port: int, batch_size: int, max_new_tokens: int
) -> None:
    """Serve MODEL, which is as `hornbook chat` takes it: /v1/chat/completions, /v1/completions, /v1/models, /health,
    and a page to talk to it.

    \b
    Example:
      hornbook serve runs/pocket --port 8000
    """
    from hornbook.chat.find_model import choose_model
    from hornbook.chat.loaded_model import load
    from hornbook.chat.server import Server, serve
    from hornbook.inference.settings import Sampling

    loaded = load(choose_model(model, stage, pivots), batch_size)
    serve(Server(loaded, Sampling(temperature=0.7, max_new_tokens=max_new_tokens)), host, port)


CHAT_COMMANDS: list[click.Command] = [chat, serve_command]
