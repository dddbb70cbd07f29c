"""The DPO loss (report §4.2-4.3).

For a pair of single tokens the softmax cancels: log p(chosen) - log p(rejected) = h·(W_chosen - W_rejected), h being
the hidden state at the end of the prompt. So a pivotal pair needs no product with the whole vocabulary.
"""

import torch
from torch.nn.functional import embedding, logsigmoid
from transformers import PreTrainedModel

from hornbook.model.output_head import Head, output_head
from hornbook.model.prefix_tree import tree_states
from hornbook.training.dpo_data import PairBatch
from hornbook.training.losses import Loss, cross_entropies, log_probabilities


def log_ratios(model: PreTrainedModel, batch: PairBatch, length_normalise: bool) -> torch.Tensor:
    """log p(chosen) - log p(rejected) of each pair in the batch, in float32; inside `with packed(model)`.

    With `length_normalise`, the log-probability of a reply is divided by its number of tokens.
    """
    hidden_NC = tree_states(model, batch.trees)
    head = output_head(model)
    single_S = _single_ratios(head, hidden_NC.index_select(0, batch.at_S), batch.chosen_S, batch.rejected_S)
    if not len(batch.at_M):
        return single_S
    logprob_M = log_probabilities(head, hidden_NC.index_select(0, batch.at_M), batch.token_M)
    length_R = torch.bincount(batch.reply_M)
    logprob_R = logprob_M.new_zeros(len(length_R)).index_add(0, batch.reply_M, logprob_M)
    if length_normalise:
        logprob_R = logprob_R / length_R
    return torch.cat([single_S, logprob_R[batch.chosen_F] - logprob_R[batch.rejected_F]])


def _single_ratios(
    head: Head, hidden_SC: torch.Tensor, chosen_S: torch.Tensor, rejected_S: torch.Tensor
) -> torch.Tensor:
    if type(head) is not torch.nn.Linear:  # a matrix with an adapter, or capped logits
        return cross_entropies(head, hidden_SC, rejected_S) - cross_entropies(head, hidden_SC, chosen_S)
    both_S = torch.cat([chosen_S, rejected_S])  # one look-up, since its gradient is as large as the matrix
    chosen_SC, rejected_SC = embedding(both_S, head.weight).float().chunk(2)
    single_S = (hidden_SC.float() * (chosen_SC - rejected_SC)).sum(-1)
    if head.bias is not None:
        single_S = single_S + head.bias[chosen_S] - head.bias[rejected_S]
    return single_S


def dpo_losses(margin_P: torch.Tensor, label_smoothing: float) -> torch.Tensor:
    """The loss of each pair, given beta times (log-ratio - reference log-ratio); cDPO with label smoothing."""
    return -(1 - label_smoothing) * logsigmoid(margin_P) - label_smoothing * logsigmoid(-margin_P)


class Dpo:
    """The DPO objective, given the log-ratios of the reference model (one for each pair, by index).

    `margin` is the implicit reward of the chosen over the rejected side, `accuracy` the share of pairs where it is
    positive.
    """

    names: tuple[str, ...] = ("margin", "accuracy")

    def __init__(self, reference_P: torch.Tensor, beta: float, label_smoothing: float, length_normalise: bool) -> None:
        self.reference_P, self.beta = reference_P, beta
        self.label_smoothing, self.length_normalise = label_smoothing, length_normalise

    def __call__(self, model: PreTrainedModel, batch: PairBatch) -> Loss:
        policy_P = log_ratios(model, batch, self.length_normalise)
        margin_P = self.beta * (policy_P - self.reference_P[batch.pairs])
        losses_P = dpo_losses(margin_P, self.label_smoothing)
        return Loss(losses_P.sum(), (margin_P.sum(), (margin_P > 0).float().sum()))
