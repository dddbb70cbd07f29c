"""Find out how texts can be batched with a model, by comparison with plain forward passes over single texts.

The row layouts tried, in this order: documents packed in a row, padded rows of one text each, each text in a pass of
its own. The first that gives the losses of plain passes is taken.
"""

from collections.abc import Callable

import torch
from transformers import PreTrainedModel

from hornbook.base.errors import HornbookError, one_line
from hornbook.model.context_lengths import switch_length
from hornbook.model.output_head import OwnHead, decoder_of, output_head
from hornbook.model.packed_attention import packed
from hornbook.model.packed_forward import PackedDocuments, hidden_states, pack_documents
from hornbook.model.prefix_tree import Tree, lay_out, part_starts, tree_states
from hornbook.model.probe_texts import largest_difference, losses, plain_losses, probe_texts
from hornbook.model.rescaling import disable_rescaling
from hornbook.model.row_layout import RowLayout, Rows, set_layout

BOUND = 1e-5  # nats per token: allowed difference of a text's mean loss from that of a plain pass, in float32
HALF_BOUND = 0.05  # the same in bfloat16, whose own error is about 0.01
LOUD = 30.0  # largest logit when a head is tested, large enough for a cap to show
ROWS: tuple[Rows, ...] = ("packed", "padded", "single")
__all__ = ["BOUND", "HALF_BOUND", "PackedDocuments", "check_packing", "hidden_states", "pack_documents"]

Texts = list[torch.Tensor]
Losses = Callable[[PreTrainedModel, Texts], Texts]  # gives the losses of each text


@torch.no_grad()
def check_packing(
    model: PreTrainedModel, longest: int | None = None, half: bool = False, trees: bool = True, one_pass: bool = False
) -> RowLayout:
    """Find the row layout for `model` and set it (see `row_layout`).

    Args:
        longest: tokens of the longest text to come; the model's context, if None.
        half: whether it will compute in bfloat16 (autocast); float32 weights are tried in both precisions.
        trees: whether there will be prefix trees.
        one_pass: whether every microbatch must be one forward pass.

    Raises HornbookError where no layout gives the losses of plain passes within BOUND (HALF_BOUND in bfloat16), and
    where plain passes fail or the model is not causal or not differentiable.
    """
    disable_rescaling(model)
    was_training = model.training
    model.eval()
    try:
        layout = _find_layout(model, longest, half, trees, one_pass)
    finally:
        model.train(was_training)
    set_layout(model, layout)
    return layout


def _find_layout(model: PreTrainedModel, longest: int | None, half: bool, trees: bool, one_pass: bool) -> RowLayout:
    tried = probe_texts(model, longest)
    own_head = _check_model(model, tried[0])
    switch = switch_length(model.config)
    if switch is not None and max(map(len, tried)) <= switch:
        switch = None
    base = RowLayout(trees=False, own_head=own_head, switch=switch, shared=switch is None, one_pass=one_pass)
    precisions = [False] * (model.dtype == torch.float32) + [True] * (half or model.dtype != torch.float32)
    faults: list[str] = []
    for rows in ROWS[: 2 if one_pass else 3]:
        layout = base._replace(rows=rows)
        fault = _fault(model, layout, _as_documents, tried, precisions)
        if not fault:
            break
        faults.append(fault)
    else:
        raise HornbookError(f"{model.config.model_type}: cannot be trained: {faults[-1]}")
    if trees and layout.rows == "packed" and layout.shared:
        branched, others = layout._replace(trees=True), [_branch_off(text, tried[0]) for text in tried]
        in_twos = [text for two in zip(tried, others, strict=True) for text in two]
        layout = layout if _fault(model, branched, _as_trees, in_twos, precisions) else branched
    return layout._replace(note=_note(model, layout, trees, faults))


def _check_model(model: PreTrainedModel, text: torch.Tensor) -> bool:
    """Whether the model has a head of its own (see `RowLayout.own_head`).

    Raises HornbookError for a model whose forward pass fails, or that is no causal language model.
    """
    kind = model.config.model_type
    try:
        whole = plain_losses(model, text)
        beginning = plain_losses(model, text[: len(text) // 2 + 1])
        own_head = _own_head(model, text)
        with torch.enable_grad():
            _gradient(model, text)
    except (HornbookError, torch.OutOfMemoryError):
        raise
    except Exception as error:  # whatever an unknown architecture raises
        raise HornbookError(f"{kind}: cannot be trained: a pass over one text fails ({one_line(error)})") from None
    bound = BOUND if model.dtype == torch.float32 else HALF_BOUND
    if largest_difference([whole[: len(beginning)]], [beginning]) > bound:
        raise HornbookError(f"{kind}: cannot be trained: its output for a token depends on the tokens after it")
    return own_head


def _gradient(model: PreTrainedModel, text: torch.Tensor) -> None:
    """Check that a gradient from the loss of a text reaches its embeddings. Raises HornbookError where it does not."""
    leaves = []

    def leaf(*given: torch.Tensor) -> torch.Tensor:
        leaves.append(given[-1].detach().requires_grad_())
        return leaves[-1]

    hook = model.get_input_embeddings().register_forward_hook(leaf)
    try:
        loss = plain_losses(model, text).sum()
    finally:
        hook.remove()
    if leaves and (not loss.requires_grad or torch.autograd.grad(loss, leaves[:1], allow_unused=True) == (None,)):
        raise HornbookError(f"{model.config.model_type}: cannot be trained: no gradient reaches its embeddings")


def _own_head(model: PreTrainedModel, text: torch.Tensor) -> bool:
    """Whether the logits are more than the last hidden state times the output matrix."""
    matrix = model.get_output_embeddings()
    hidden_NC = decoder_of(model)(input_ids=text[None], use_cache=False).last_hidden_state[0]
    if matrix is None or hidden_NC.shape[-1] != model.get_output_embeddings().weight.shape[-1]:
        return True
    loud_NC = hidden_NC * (LOUD / matrix(hidden_NC).abs().max())
    own_NV, plain_NV = (head(loud_NC).float() for head in (OwnHead(model), matrix))
    return not torch.allclose(own_NV, plain_NV, rtol=1e-4, atol=1e-4, equal_nan=True)


def _fault(model: PreTrainedModel, layout: RowLayout, compute: Losses, tried: Texts, precisions: list[bool]) -> str:
    """Why `layout` is wrong for the model; empty if it is right."""
    if layout.rows == "packed" and not model._can_set_attn_implementation():
        return "its attention is not in transformers' registry"
    set_layout(model, layout)
    for half in precisions:
        with torch.autocast(model.device.type, torch.bfloat16, enabled=half):
            try:
                with packed(model):
                    got = compute(model, tried)
            except torch.OutOfMemoryError:
                raise
            except Exception as error:  # whatever an unknown architecture raises
                return one_line(error)
            difference = largest_difference(got, [plain_losses(model, text) for text in tried])
        if not difference <= (HALF_BOUND if half else BOUND):
            precision = "bfloat16" if half else "float32"
            return f"losses differ by {difference:.1g} nats from those of single texts in {precision}"
    return ""


def _branch_off(text: torch.Tensor, other: torch.Tensor) -> torch.Tensor:
    """The first half of a text, followed by tokens of another one."""
    return torch.cat([text[: len(text) // 2], other.flip(0)[: len(text) // 3]])


def _as_documents(model: PreTrainedModel, tried: Texts) -> Texts:
    states = hidden_states(model, pack_documents([text.cpu().numpy() for text in tried], model.device))
    head = output_head(model)
    parts = zip(states.split([len(text) for text in tried]), tried, strict=True)
    return [losses(head(hidden_LC[:-1]), text[1:]) for hidden_LC, text in parts]


def _as_trees(model: PreTrainedModel, tried: Texts) -> Texts:
    """A tree of each two consecutive texts, which share their first half."""
    made = []
    for one, other in zip(tried[::2], tried[1::2], strict=True):
        stem = len(one) // 2
        made.append(Tree(one[:stem].tolist(), [one[stem:].tolist(), other[stem:].tolist()]))
    trees = lay_out(made, model.device)
    states, head = tree_states(model, trees), output_head(model)
    found = []
    for tree, (prefix, *branches) in zip(made, part_starts(trees), strict=True):
        stem_LC = states[prefix : prefix + len(tree.prefix)]
        for branch, begin in zip(tree.branches, branches, strict=True):
            hidden_LC = torch.cat([stem_LC, states[begin : begin + len(branch)]])
            tokens = torch.tensor([*tree.prefix, *branch], device=model.device)
            found.append(losses(head(hidden_LC[:-1]), tokens[1:]))
    return found


def _note(model: PreTrainedModel, layout: RowLayout, trees: bool, faults: list[str]) -> str:
    slower = []
    if layout.rows != "packed":
        how = "in padded rows, one text a row" if layout.rows == "padded" else "each in a pass of its own"
        slower.append(f"texts are computed {how}, because packed in one row they are wrong ({faults[0]})")
    elif trees and layout.shared and not layout.trees:
        slower.append("replies to one prompt are computed separately")
    if layout.switch is not None:
        slower.append(f"texts of more than {layout.switch} tokens have other rotary factors and a pass of their own")
    return f"{model.config.model_type}: {'; '.join(slower)}: slower, but correct" if slower else ""
