// One sample, every variant and backend side by side, with a word difference against a reference or another answer.

function compareView(app, at) {
  const { store, state } = app;
  const siblings = store.siblings(at);
  const { references } = store.sampleOf(at);
  const bases = [
    { id: "none", title: "nothing: answers as they are", text: null },
    ...references.map((number, place) => ({
      id: `reference-${place + 1}`,
      title: references.length === 1 ? "the reference" : `reference ${place + 1} of ${references.length}`,
      text: store.texts.get(number),
    })),
    ...siblings.map((other) => ({ id: store.key(other), title: trialTitle(store, other), text: store.texts.get(store.trials.output[other]), trial: other })),
  ].filter((base) => base.id === "none" || base.text !== null);
  const chosen = bases.find((base) => base.id === state.base) ?? bases[Math.min(1, references.length)];
  const cards = siblings.map((other) => compareCard(app, other, { chosen, here: other === at }));
  return [baseChoice(app, bases, chosen), chosen.text === null ? null : legendBlock(chosen), el("div", { class: "cards" }, cards)];
}

function trialTitle(store, at) {
  const [, variant, backend] = store.cellOf(at);
  return `${variant} · ${backend}${store.repeated ? ` · repeat ${store.trials.repeat[at]}` : ""}`;
}

function baseChoice(app, bases, chosen) {
  const select = el("select", { name: "base", on: { change: () => app.update({ base: bases[select.selectedIndex].id }) } });
  append(select, bases.map((base) => el("option", {}, plainText(base.title))));
  select.selectedIndex = bases.indexOf(chosen);
  return el("label", { class: "base" }, el("span", {}, "Difference against"), select);
}

function legendBlock(chosen) {
  const words = [el("del", {}, "only there"), " is in the text compared with, ", el("ins", {}, "only here"), " in the answer."];
  const text = chosen.trial === undefined ? [el("h4", {}, "Compared with"), textBlock(chosen.text)] : null;
  return el("div", { class: "base-text" }, text, el("p", { class: "quiet" }, words));
}

function compareCard(app, at, { chosen, here }) {
  const { store } = app;
  const output = store.texts.get(store.trials.output[at]);
  const link = el("a", { href: addressOf({ ...app.state, trial: store.key(at), view: "" }) }, trialTitle(store, at));
  const head = el("header", {}, el("h4", {}, link), outcomeMark(store, at), here ? el("small", {}, "this trial") : null);
  let body;
  if (output === null || store.trials.error[at] >= 0) body = el("p", { class: "quiet" }, answerExcerpt(store, at));
  else if (chosen.text === null || chosen.trial === at) body = textBlock(output);
  else body = output === chosen.text ? [el("p", { class: "quiet" }, "no difference"), textBlock(output)] : diffBlock(chosen.text, output);
  return el("article", { class: here ? "card here" : "card", "aria-label": trialTitle(store, at) }, head, cardScores(store, at), body);
}

function cardScores(store, at) {
  const names = store.measureNames.filter((name) => !(name in PLAIN_COLUMNS) && store.scores[name].status[at] !== "-");
  const items = names.map((name) => {
    const { values, status } = store.scores[name];
    return el("div", {}, el("dt", {}, name), el("dd", {}, values[at] === null ? STATUSES[status[at]] : inUnit(values[at], store.unit(name))));
  });
  return el("dl", { class: "card-scores" }, items);
}
