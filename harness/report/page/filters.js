// The form above the table of trials. It reads and changes the state through `app.update`.

function buildFilters(app) {
  const { store } = app;
  const distinct = (part) => [...new Set(store.cells.map((cell) => cell[part]))];
  const tags = [...new Set(store.samples.flatMap((sample) => sample.tags))].sort();
  const kinds = Object.keys(store.kinds).filter((kind) => kind !== "stopped_early" && store.foundKinds.has(kind));
  const fields = [
    searchField(app),
    choice(app, "suite", "Suite", distinct(0)),
    choice(app, "variant", "Variant", distinct(1)),
    choice(app, "backend", "Backend", distinct(2)),
    choice(app, "kind", "Went wrong", kinds, (kind) => store.kinds[kind] ?? kind),
    choice(app, "tag", "Tag", tags),
    metricFields(app),
  ];
  const clear = el("button", { type: "button", class: "quiet-button", on: { click: () => app.clear() } }, "Clear filters");
  const form = el("form", { class: "filters", role: "search", "aria-label": "Filter trials" }, outcomeButtons(app), fields, clear);
  form.addEventListener("submit", (event) => event.preventDefault());
  return form;
}

// A drop-down; left out where there is nothing to choose between.
function choice(app, key, title, values, word = (value) => value) {
  if (values.length < (key === "tag" || key === "kind" ? 1 : 2)) return null;
  const options = values.map((value) => el("option", { value }, plainText(word(value))));
  const select = el("select", { name: key, on: { change: () => app.update({ [key]: values[select.selectedIndex - 1] ?? "", page: "1" }) } });
  append(select, [el("option", { value: "" }, "all"), options]);
  app.onShow((state) => (select.selectedIndex = values.indexOf(state[key]) + 1));
  return el("label", {}, el("span", {}, title), select);
}

function searchField(app) {
  const input = el("input", { type: "search", name: "q", placeholder: "sample, message, answer …", "aria-keyshortcuts": "/" });
  let waiting = 0;
  input.addEventListener("input", () => {
    clearTimeout(waiting);
    waiting = setTimeout(() => app.update({ q: input.value, page: "1" }), 200);
  });
  app.onShow((state) => {
    if (document.activeElement !== input) input.value = state.q;
  });
  return el("label", { class: "search" }, el("span", {}, "Text"), input);
}

function outcomeButtons(app) {
  const counts = {};
  for (let at = 0; at < app.store.n; at++) counts[app.store.countsAs(at)] = (counts[app.store.countsAs(at)] ?? 0) + 1;
  const words = [...Object.values(OUTCOMES), HELD].filter((word) => counts[word]);
  const button = (value, word) => {
    const made = el("button", { type: "button", on: { click: () => app.update({ outcome: value, page: "1" }) } }, word);
    app.onShow((state) => made.setAttribute("aria-pressed", String(state.outcome === value)));
    return made;
  };
  const buttons = words.map((word) => button(word.replace(" ", "_"), `${word} ${count(counts[word])}`));
  return el("div", { class: "segments", role: "group", "aria-label": "Outcome" }, button("", `all ${count(app.store.n)}`), buttons);
}

// A measure with its least and greatest value, and its status.
function metricFields(app) {
  const names = [...new Set([...app.store.measureNames, ...Object.keys(PLAIN_COLUMNS)])];
  const select = choice(app, "metric", "Metric", names);
  const limit = (key, title) => {
    const input = el("input", { type: "number", step: "any", name: key, placeholder: "any" });
    input.addEventListener("change", () => app.update({ [key]: input.value, page: "1" }));
    app.onShow((state) => {
      input.disabled = !state.metric;
      if (document.activeElement !== input) input.value = state[key];
    });
    return el("label", { class: "limit" }, el("span", {}, title), input);
  };
  const status = choice(app, "status", "Status", Object.values(STATUSES));
  app.onShow((state) => (status.querySelector("select").disabled = !state.metric));
  return el("fieldset", {}, el("legend", { class: "off" }, "Score of a metric"), select, limit("min", "at least"), limit("max", "at most"), status);
}
