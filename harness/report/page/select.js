// Which trials are shown, and in which order.

// Words → which chats, samples and errors hold them. Samples are found by their id too.
async function searchRun(store, words) {
  const texts = await store.texts.search(words);
  const sought = words.toLowerCase();
  const hit = (number) => number >= 0 && texts[number] === 1;
  return {
    text: hit,
    chats: store.chats.map((chat) => chat.some((part) => typeof part === "number" && hit(part))),
    samples: store.samples.map((sample) => sample.id.toLowerCase().includes(sought) || sample.references.some(hit)),
    errors: store.errors.map(([, message]) => hit(message)),
  };
}

function holdsWords(store, at, hits) {
  const { sample, chat, output, raw, error } = store.trials;
  return (
    hits.samples[sample[at]] || hits.chats[chat[at]] || hits.text(output[at]) || hits.text(raw[at]) || (error[at] >= 0 && hits.errors[error[at]])
  );
}

const limitOf = (text) => (text.trim() === "" || Number.isNaN(Number(text)) ? null : Number(text));

// Conditions of the state as functions of a trial's number: only those that are set.
function conditions(store, state, hits) {
  const { trials } = store;
  const found = [];
  const cells = store.cells.map(
    ([suite, variant, backend]) =>
      (!state.suite || state.suite === suite) && (!state.variant || state.variant === variant) && (!state.backend || state.backend === backend),
  );
  if (cells.includes(false)) found.push((at) => cells[trials.cell[at]]);
  if (state.outcome) found.push((at) => store.countsAs(at).replace(" ", "_") === state.outcome);
  if (state.kind) found.push((at) => store.kind(at) === state.kind);
  if (state.tag) {
    const tagged = store.samples.map((sample) => sample.tags.includes(state.tag));
    found.push((at) => tagged[trials.sample[at]]);
  }
  if (state.metric) found.push(...metricConditions(store, state));
  if (hits) found.push((at) => holdsWords(store, at, hits));
  return found;
}

function metricConditions(store, state) {
  const [values, status] = measured(store, state.metric);
  const [low, high] = [limitOf(state.min), limitOf(state.max)];
  const found = [];
  if (low !== null) found.push((at) => values[at] !== null && values[at] >= low);
  if (high !== null) found.push((at) => values[at] !== null && values[at] <= high);
  if (state.status) found.push((at) => STATUSES[status(at)] === state.status);
  return found;
}

// Values and statuses of a measure, or of a column that every trial has.
function measured(store, name) {
  const scores = store.scores[name];
  if (scores) return [scores.values, (at) => scores.status[at]];
  const values = store.trials[PLAIN_COLUMNS[name]?.column] ?? [];
  return [values, (at) => (values[at] === null ? "u" : "s")];
}

const PLAIN_COLUMNS = {
  latency_s: { column: "latency", unit: "s", title: "latency, s" },
  input_tokens: { column: "input", unit: "tokens", title: "tokens in" },
  output_tokens: { column: "generated", unit: "tokens", title: "tokens out" },
  cost_usd: { column: "cost", unit: "usd", title: "cost, USD" },
};

function selectTrials(store, state, hits) {
  const tests = conditions(store, state, hits);
  const found = [];
  for (let at = 0; at < store.n; at++) if (tests.every((test) => test(at))) found.push(at);
  return sortTrials(store, state, found);
}

// Missing values stay last in either direction; equal ones keep the order of the items.
function sortTrials(store, state, found) {
  if (!state.sort) return found;
  const value = sortValue(store, state.sort);
  const sign = state.dir === "desc" ? -1 : 1;
  return found.sort((one, other) => {
    const [a, b] = [value(one), value(other)];
    if (a === b) return one - other;
    if (a === null) return 1;
    return b === null ? -1 : sign * (a - b);
  });
}

function sortValue(store, key) {
  const { trials } = store;
  if (key === "outcome") return (at) => "efpn".indexOf(store.outcomes[at]);
  if (key === "repeat") return (at) => trials.repeat[at];
  if (key === "output") return rankedTexts(store);
  const part = ["suite", "variant", "backend"].indexOf(key);
  if (part >= 0) {
    const ranks = ranksOf(store.cells.map((cell) => cell[part]));
    return (at) => ranks[trials.cell[at]];
  }
  if (key === "sample") {
    const ranks = ranksOf(store.samples.map((sample) => sample.id));
    return (at) => ranks[trials.sample[at]];
  }
  const [values] = measured(store, key);
  return (at) => values[at] ?? null;
}

function rankedTexts(store) {
  const numbers = [...new Set(store.trials.output)].filter((number) => number >= 0);
  const ranks = ranksOf(numbers.map((number) => store.texts.get(number)));
  const byNumber = new Map(numbers.map((number, at) => [number, ranks[at]]));
  return (at) => byNumber.get(store.trials.output[at]) ?? null;
}

// The place of each word among the distinct ones: fb2 before fb10.
function ranksOf(words) {
  const order = [...new Set(words)].sort(new Intl.Collator("en", { numeric: true }).compare);
  const places = new Map(order.map((word, at) => [word, at]));
  return words.map((word) => places.get(word));
}
