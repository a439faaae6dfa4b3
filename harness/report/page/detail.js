// Everything about one trial.

function detailView(app, at) {
  const { store } = app;
  return [
    quarantineBlock(store, at),
    failureBlock(store, at),
    scoreTable(store, at),
    answerBlocks(store, at),
    referenceBlocks(store, at),
    chatBlocks(store, at),
    factList(store, at),
  ];
}

function quarantineBlock(store, at) {
  const held = store.quarantine(at);
  if (held === null) return null;
  const [reason, until] = held;
  const note = `Until ${until} it fails nothing, and counts in no number, gate or comparison.`;
  return el("section", { class: "held" }, el("h4", {}, "In quarantine"), el("p", {}, reason), el("p", { class: "quiet" }, note));
}

function failureBlock(store, at) {
  const missed = store.missed[at] ?? [];
  const error = store.trials.error[at];
  const parts = [];
  if (missed.length) {
    parts.push(el("h4", {}, missed.length === 1 ? "Check missed" : "Checks missed"));
    parts.push(el("ul", {}, missed.map((number) => el("li", {}, el("code", {}, store.texts.get(number))))));
  }
  if (error >= 0) {
    const [kind, message] = store.errors[error];
    const title = { output: "Unreadable answer", not_run: "Not run", stopped_early: "Not run" }[kind];
    parts.push(el("h4", {}, title ?? `Error: ${store.kinds[kind] ?? kind}`), textBlock(store.texts.get(message)));
  }
  return parts.length ? el("section", { class: "failure" }, parts) : null;
}

function scoreTable(store, at) {
  const names = store.measureNames.filter((name) => store.scores[name].status[at] !== "-");
  if (!names.length) return null;
  const rows = names.map((name) => {
    const { values, status, reasons } = store.scores[name];
    const value = values[at] === null ? el("span", { class: "quiet" }, STATUSES[status[at]]) : inUnit(values[at], store.unit(name));
    const reason = reasons[at] === undefined ? "" : store.texts.get(reasons[at]);
    const arrow = store.measures[name] ? (store.measures[name].higher ? " ↑" : " ↓") : "";
    return el("tr", {}, el("th", { scope: "row" }, name, el("span", { class: "quiet" }, arrow)), el("td", { class: "number" }, value), el("td", { class: "reason" }, reason));
  });
  const table = el("table", { class: "scores" }, el("caption", { class: "off" }, "Scores"), el("tbody", {}, rows));
  return el("section", {}, el("h4", {}, "Scores"), table);
}

function answerBlocks(store, at) {
  const [output, raw] = [store.texts.get(store.trials.output[at]), store.texts.get(store.trials.raw[at])];
  if (output === null && raw === null) return null;
  if (output === raw && store.kind(at) !== "output") return el("section", {}, el("h4", {}, "Answer ", el("small", {}, "read as the model wrote it")), textBlock(raw));
  const unread = output === null || store.kind(at) === "output";
  const read = unread ? el("p", { class: "quiet" }, "It could not be read, and was scored as empty.") : textBlock(output);
  return el(
    "section",
    {},
    el("h4", {}, "Answer ", el("small", {}, "as read from the text")), read,
    raw === null ? null : [el("h4", {}, "Raw text ", el("small", {}, "as the model wrote it")), textBlock(raw)],
  );
}

function referenceBlocks(store, at) {
  const { references } = store.sampleOf(at);
  if (!references.length) return el("section", {}, el("h4", {}, "Reference"), el("p", { class: "quiet" }, "none"));
  const title = references.length === 1 ? "Reference" : `References, any of ${references.length}`;
  return el("section", {}, el("h4", {}, title), references.map((number) => textBlock(store.texts.get(number))));
}

function chatBlocks(store, at) {
  const chat = store.chats[store.trials.chat[at]];
  const messages = [];
  for (let part = 0; part < chat.length; part += 2)
    messages.push(el("li", { class: `turn ${chat[part]}` }, el("span", { class: "role" }, chat[part]), textBlock(store.texts.get(chat[part + 1]))));
  return el("section", {}, el("h4", {}, "Messages sent"), messages.length ? el("ol", { class: "chat" }, messages) : el("p", { class: "quiet" }, "none"));
}

function factList(store, at) {
  const { trials } = store;
  const sample = store.sampleOf(at);
  const answered = trials.raw[at] >= 0;
  const facts = [
    ["Model", store.model(at) || "unknown"],
    ["Latency", trials.latency[at] === null ? "none" : `${inUnit(trials.latency[at], "s")} s`],
    ["Input tokens", answered ? count(trials.input[at]) : "none"],
    ["of these cached", answered ? count(trials.cached[at]) : "none"],
    ["Output tokens", answered ? count(trials.generated[at]) : "none"],
    ["Cost", answered ? usd(trials.cost[at]) : "none"],
    ["Finish reason", trials.finish[at] < 0 ? (answered ? "unknown" : "none") : store.finishes[trials.finish[at]]],
    ["From cache", answered ? (trials.cache[at] ? "yes" : "no") : "no answer"],
    ["Retries", count(trials.retries[at])],
    ["Repeat", trials.repeat[at]],
    ["Sample at", sample.location],
    ["Group", sample.group ?? "none"],
    ["Tags", sample.tags.join(", ") || "none"],
  ];
  const list = el("dl", { class: "facts" }, facts.map(([name, value]) => el("div", {}, el("dt", {}, name), el("dd", {}, value))));
  return el("section", {}, el("h4", {}, "Facts"), list, rerunLine(store, at));
}

// The item's name, for a terminal; only where it needs no care with quotes.
function rerunLine(store, at) {
  const [suite, variant, backend] = store.cellOf(at);
  const path = store.suites.find(({ name }) => name === suite)?.path;
  const repeat = store.trials.repeat[at] > 1 ? `-r${store.trials.repeat[at]}` : "";
  const item = `${path}::${variant}[${backend}-${store.sampleOf(at).id}${repeat}]`;
  if (!path || !/^[\w@.,:+=/[\]-]+$/.test(item)) return null;
  return el("p", { class: "rerun" }, el("span", { class: "quiet" }, "Run it again: "), el("code", {}, `pytest --prompt-suite "${item}"`));
}
