"""How a model's texts can be computed together: tried out, and compared with plain passes over each of them alone.

Tried are, in this order: documents one after the other in a row, padded rows of one text each, each text in a pass of
its own. The first that gives the losses of plain passes is taken.
"""

from collections.abc import Callable

import torch
from transformers import PreTrainedModel

from hornbook.base.errors import HornbookError, one_line
from hornbook.model.context_lengths import switch_length
from hornbook.model.output_head import OwnHead, decoder_of, output_head
from hornbook.model.packed_attention import packed
from hornbook.model.packed_forward import Packed, hidden_states, pack_documents
from hornbook.model.prefix_tree import Tree, lay_out, starts, tree_states
from hornbook.model.probe_texts import furthest, losses, plain_losses, texts
from hornbook.model.rescaling import keep_weights
from hornbook.model.row_layout import Plan, Rows, give_plan

BOUND = 1e-5  # nats a token: how far the mean loss of a text may be from that of a plain pass, in float32
HALF_BOUND = 0.05  # the same in bfloat16, whose own error is about a hundredth
LOUD = 30.0  # largest of the logits by which a head is judged: where a cap would show
ROWS: tuple[Rows, ...] = ("packed", "padded", "single")
__all__ = ["BOUND", "HALF_BOUND", "Packed", "check_packing", "hidden_states", "pack_documents"]

Texts = list[torch.Tensor]
Way = Callable[[PreTrainedModel, Texts], Texts]  # gives the losses of each text


@torch.no_grad()
def check_packing(
    model: PreTrainedModel, longest: int | None = None, half: bool = False, trees: bool = True, one_pass: bool = False
) -> Plan:
    """Find out how texts are computed with `model`, and give it that plan (see `plan`).

    Args:
        longest: tokens of the longest text to come; the model's context, if None.
        half: whether it will compute in bfloat16 (autocast); float32 weights are tried in both precisions.
        trees: whether there will be trees.
        one_pass: whether every microbatch must be one forward pass.

    Raises HornbookError where nothing gives the losses of plain passes within BOUND (HALF_BOUND in bfloat16), and
    where the model has no plain passes, is not causal or lets no gradient through.
    """
    keep_weights(model)
    was_training = model.training
    model.eval()
    try:
        plan = _plan(model, longest, half, trees, one_pass)
    finally:
        model.train(was_training)
    give_plan(model, plan)
    return plan


def _plan(model: PreTrainedModel, longest: int | None, half: bool, trees: bool, one_pass: bool) -> Plan:
    tried = texts(model, longest)
    own_head = _check_model(model, tried[0])
    switch = switch_length(model.config)
    if switch is not None and max(map(len, tried)) <= switch:
        switch = None
    base = Plan(trees=False, own_head=own_head, switch=switch, shared=switch is None, one_pass=one_pass)
    precisions = [False] * (model.dtype == torch.float32) + [True] * (half or model.dtype != torch.float32)
    faults: list[str] = []
    for rows in ROWS[: 2 if one_pass else 3]:
        plan = base._replace(rows=rows)
        fault = _fault(model, plan, _as_documents, tried, precisions)
        if not fault:
            break
        faults.append(fault)
    else:
        raise HornbookError(f"{model.config.model_type}: cannot be trained: {faults[-1]}")
    if trees and plan.rows == "packed" and plan.shared:
        branched, others = plan._replace(trees=True), [_branch_off(text, tried[0]) for text in tried]
        in_twos = [text for two in zip(tried, others, strict=True) for text in two]
        plan = plan if _fault(model, branched, _as_trees, in_twos, precisions) else branched
    return plan._replace(note=_note(model, plan, trees, faults))


def _check_model(model: PreTrainedModel, text: torch.Tensor) -> bool:
    """Whether the model has a head of its own (see `Plan.own_head`).

    Raises HornbookError for a model of which nothing can be asked, or which is no causal language model.
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
    if furthest([whole[: len(beginning)]], [beginning]) > bound:
        raise HornbookError(f"{kind}: cannot be trained: what it says of a token depends on the tokens behind it")
    return own_head


def _gradient(model: PreTrainedModel, text: torch.Tensor) -> None:
    """Send a gradient from the loss of a text back to its embeddings. Raises HornbookError where none arrives."""
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
        raise HornbookError(f"{model.config.model_type}: cannot be trained: no gradient comes through it")


def _own_head(model: PreTrainedModel, text: torch.Tensor) -> bool:
    """Whether there is more between the last hidden state and the logits than the output matrix."""
    matrix = model.get_output_embeddings()
    hidden_NC = decoder_of(model)(input_ids=text[None], use_cache=False).last_hidden_state[0]
    if matrix is None or hidden_NC.shape[-1] != model.get_output_embeddings().weight.shape[-1]:
        return True
    loud_NC = hidden_NC * (LOUD / matrix(hidden_NC).abs().max())
    own_NV, plain_NV = (head(loud_NC).float() for head in (OwnHead(model), matrix))
    return not torch.allclose(own_NV, plain_NV, rtol=1e-4, atol=1e-4, equal_nan=True)


def _fault(model: PreTrainedModel, plan: Plan, way: Way, tried: Texts, precisions: list[bool]) -> str:
    """Why `plan` is not right for the model; empty if it is."""
    if plan.rows == "packed" and not model._can_set_attn_implementation():
        return "its attention is not in transformers' registry"
    give_plan(model, plan)
    for half in precisions:
        with torch.autocast(model.device.type, torch.bfloat16, enabled=half):
            try:
                with packed(model):
                    got = way(model, tried)
            except torch.OutOfMemoryError:
                raise
            except Exception as error:  # whatever an unknown architecture raises
                return one_line(error)
            difference = furthest(got, [plain_losses(model, text) for text in tried])
        if not difference <= (HALF_BOUND if half else BOUND):
            precision = "bfloat16" if half else "float32"
            return f"losses are {difference:.1g} nats from those of texts alone in {precision}"
    return ""


def _branch_off(text: torch.Tensor, other: torch.Tensor) -> torch.Tensor:
    """The first half of a text, and then some of another one."""
    return torch.cat([text[: len(text) // 2], other.flip(0)[: len(text) // 3]])


def _as_documents(model: PreTrainedModel, tried: Texts) -> Texts:
    states = hidden_states(model, pack_documents([text.cpu().numpy() for text in tried], model.device))
    head = output_head(model)
    parts = zip(states.split([len(text) for text in tried]), tried, strict=True)
    return [losses(head(hidden_LC[:-1]), text[1:]) for hidden_LC, text in parts]


def _as_trees(model: PreTrainedModel, tried: Texts) -> Texts:
    """Of each two texts, which begin alike, one tree."""
    made = []
    for one, other in zip(tried[::2], tried[1::2], strict=True):
        stem = len(one) // 2
        made.append(Tree(one[:stem].tolist(), [one[stem:].tolist(), other[stem:].tolist()]))
    trees = lay_out(made, model.device)
    states, head = tree_states(model, trees), output_head(model)
    found = []
    for tree, (prefix, *branches) in zip(made, starts(trees), strict=True):
        stem_LC = states[prefix : prefix + len(tree.prefix)]
        for branch, begin in zip(tree.branches, branches, strict=True):
            hidden_LC = torch.cat([stem_LC, states[begin : begin + len(branch)]])
            said = torch.tensor([*tree.prefix, *branch], device=model.device)
            found.append(losses(head(hidden_LC[:-1]), said[1:]))
    return found


def _note(model: PreTrainedModel, plan: Plan, trees: bool, faults: list[str]) -> str:
    slower = []
    if plan.rows != "packed":
        how = "in padded rows, one text a row" if plan.rows == "padded" else "each in a pass of its own"
        slower.append(f"texts are computed {how}, because as one row they come out wrong ({faults[0]})")
    elif trees and plan.shared and not plan.trees:
        slower.append("replies to one prompt are computed apart from one another")
    if plan.switch is not None:
        slower.append(f"texts of more than {plan.switch} tokens take other rotary factors and are computed apart")
    return f"{model.config.model_type}: {'; '.join(slower)}: slower, but right" if slower else ""
