"use strict";
// What the page computes; nothing here touches the document, so tests can run it alone.

/** The complete events of a stream's text, and the rest that waits for more. */
function readEvents(text) {
  const parts = text.split("\n\n");
  const rest = parts.pop();
  const events = parts.map((part) => part.replace(/^data: /, "")).filter((data) => data && data !== "[DONE]");
  return { events: events.map((data) => JSON.parse(data)), rest };
}

/** The class of a token of this probability. */
function likelihood(p) {
  return p >= 0.9 ? "sure" : p >= 0.5 ? "likely" : p >= 0.2 ? "unsure" : "rare";
}

/** Probability of all tokens of a piece together. */
function together(tokens) {
  return Math.exp(tokens.reduce((sum, token) => sum + token.logprob, 0));
}

/** A token's text with its spaces and line ends to be seen. */
function visible(text) {
  return text.replaceAll(" ", "·").replaceAll("\n", "⏎").replaceAll("\t", "⇥") || "∅";
}

/** Rows of what the model might have said in place of a token: text, probability, whether it was said. */
function alternatives(token) {
  const rows = token.top_logprobs.map((other) => [visible(other.token), Math.exp(other.logprob), other.token === token.token]);
  if (!rows.some((row) => row[2])) rows.push([visible(token.token), Math.exp(token.logprob), true]);
  return rows;
}

/** A probability as people read it. */
function percent(p) {
  return p >= 0.9995 ? "100 %" : p >= 0.1 ? `${(100 * p).toFixed(0)} %` : p >= 0.001 ? `${(100 * p).toFixed(1)} %` : "< 0.1 %";
}

/** The request for the next reply. */
function requestBody(model, system, turns, settings) {
  const messages = system ? [{ role: "system", content: system }, ...turns] : turns;
  const body = {
    model, messages, stream: true, logprobs: true, top_logprobs: 5, pivots: true,
    temperature: Number(settings.temperature), top_p: Number(settings.top_p),
  };
  if (settings.max_tokens) body.max_tokens = Number(settings.max_tokens);
  if (settings.seed !== "") body.seed = Number(settings.seed);
  return body;
}
