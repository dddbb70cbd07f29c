"""Commands that talk to a model: chat, serve."""

from pathlib import Path
from typing import Any

import click

PATH = click.Path(path_type=Path)
MODEL = click.argument("model")
STAGE = click.option("--stage", default="", metavar="NAME", help="Of a run: whose model.  [default: the last stage's]")
PIVOTS = click.option("--pivots", type=PATH, metavar="FOLDER", help="Output of `hornbook pts`.  [default: the run's]")
SHARE = click.FloatRange(0, 1, min_open=True)


@click.command(short_help="Talk to a model in the terminal, or on a local page.")
@MODEL
@STAGE
@PIVOTS
@click.option("--temperature", type=click.FloatRange(0), default=0.7, show_default=True, help="0: the likeliest token.")
@click.option("--top-p", type=SHARE, default=1.0, show_default=True, help="Sample from this share of probability.")
@click.option("--max-new-tokens", type=click.IntRange(1), default=512, show_default=True, help="Longest reply.")
@click.option("--seed", type=click.IntRange(0), help="Give the same replies again.  [default: others each time]")
@click.option("--system", default="", metavar="TEXT", help="What the system says before the first question.")
@click.option("--probabilities", is_flag=True, help="Mark tokens by their probability.")
def chat(
    model: str,
    stage: str,
    pivots: Path | None,
    seed: int | None,
    system: str,
    probabilities: bool,
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
    from hornbook.chat.loaded import load
    from hornbook.chat.terminal import Session, talk
    from hornbook.inference.settings import Sampling

    loaded = load(choose_model(model, stage, pivots))
    talk(Session(loaded, Sampling(**sampling), seed=seed, system=system, probabilities=probabilities))


CHAT_COMMANDS: list[click.Command] = [chat]
