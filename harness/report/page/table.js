// The table of trials: one page of rows, sorted by its headings.

const PAGE_ROWS = 100;

function tableColumns(store, state) {
  const many = (part) => new Set(store.cells.map((cell) => cell[part])).size > 1;
  const plain = [
    { key: "outcome", title: "outcome" },
    many(0) && !state.suite && { key: "suite", title: "suite" },
    { key: "variant", title: "variant" },
    { key: "backend", title: "backend" },
    { key: "sample", title: "sample" },
    store.repeated && { key: "repeat", title: "repeat" },
    { key: "output", title: "answer" },
  ];
  const measures = measuresInView(store, state).map((name) => ({ key: name, title: name, unit: store.unit(name), number: true }));
  const always = Object.entries(PLAIN_COLUMNS).map(([key, { title, unit }]) => ({ key, title, unit, number: true }));
  return [...plain.filter(Boolean), ...measures, ...always];
}

// The measures of the suites that are shown; what every trial has stands in columns of its own.
function measuresInView(store, state) {
  const suites = store.suites.filter(({ name }) => !state.suite || name === state.suite);
  const present = new Set(suites.flatMap(({ measures }) => measures));
  return store.measureNames.filter((name) => present.has(name) && !(name in PLAIN_COLUMNS));
}

function buildTable(app) {
  const status = el("p", { class: "status", role: "status" });
  const table = el("table", { class: "trials" });
  const pager = el("nav", { class: "pager", "aria-label": "Pages of trials" });
  const scroll = el("div", { class: "scroll", tabindex: "0", role: "region", "aria-label": "Trials" }, table);
  table.addEventListener("click", (event) => openRow(event));
  app.onTable(async (state, shown) => {
    const pages = Math.max(1, Math.ceil(shown.length / PAGE_ROWS));
    const page = Math.min(pages, Math.max(1, Number(state.page) || 1));
    const rows = shown.slice((page - 1) * PAGE_ROWS, page * PAGE_ROWS);
    await app.store.texts.need(rows.flatMap((at) => [app.store.trials.output[at], failureText(app.store, at)]));
    const columns = tableColumns(app.store, state);
    replace(table, el("caption", { class: "off" }, "Trials"), tableHead(app, state, columns), tableBody(app, columns, rows));
    replace(status, statusLine(app.store.n, shown.length, (page - 1) * PAGE_ROWS, rows.length));
    replace(pager, pages > 1 ? pagerButtons(app, page, pages) : null);
  });
  return el("div", {}, status, scroll, pager);
}

function statusLine(all, shown, from, rows) {
  if (!shown) return `No trial of ${count(all)} fits these filters.`;
  const part = rows < shown ? `, ${count(from + 1)} to ${count(from + rows)} on this page` : "";
  return `${count(shown)} of ${count(all)} trials${part}`;
}

// A click anywhere in a row is a click on its link, except where text is being marked.
function openRow(event) {
  const row = event.target.closest("tbody tr");
  if (!row || event.target.closest("a") || !getSelection().isCollapsed) return;
  row.querySelector("a").click();
}

function tableHead(app, state, columns) {
  const heads = columns.map((column) => {
    const sorted = state.sort === column.key;
    const next = sorted && state.dir !== "desc" ? "desc" : "";
    const patch = sorted && state.dir === "desc" ? { sort: "", dir: "" } : { sort: column.key, dir: next };
    const arrow = sorted ? (state.dir === "desc" ? " ▾" : " ▴") : "";
    const button = el("button", { type: "button", "data-sort": column.key, on: { click: () => app.update({ ...patch, page: "1" }) } }, column.title);
    button.append(el("span", { "aria-hidden": "true" }, arrow));
    const order = sorted ? (state.dir === "desc" ? "descending" : "ascending") : null;
    return el("th", { scope: "col", "aria-sort": order, class: column.number ? "number" : null }, button);
  });
  return el("thead", {}, el("tr", {}, heads));
}

function tableBody(app, columns, rows) {
  return el("tbody", {}, rows.map((at) => {
    const cells = columns.map((column) => (column.number ? numberCell(app.store, at, column) : wordCell(app, at, column.key)));
    return el("tr", { "data-trial": at }, cells);
  }));
}

function numberCell(store, at, { key, unit }) {
  const own = PLAIN_COLUMNS[key];
  const value = own ? store.trials[own.column][at] : store.scores[key].values[at];
  if (value !== null) return el("td", { class: "number" }, inUnit(value, unit));
  const word = own ? (store.trials.raw[at] >= 0 ? "unknown" : ABSENT) : (STATUSES[store.scores[key].status[at]] ?? ABSENT);
  return el("td", { class: "number quiet" }, word);
}

function wordCell(app, at, key) {
  const { store } = app;
  const [suite, variant, backend] = store.cellOf(at);
  if (key === "outcome") return el("td", {}, outcomeMark(store, at), heldTag(store, at));
  if (key === "sample") return el("td", {}, el("a", { href: addressOf({ ...app.state, trial: store.key(at) }) }, store.sampleOf(at).id));
  if (key === "output") return el("td", { class: "answer" }, answerExcerpt(store, at));
  return el("td", {}, { suite, variant, backend, repeat: store.trials.repeat[at] }[key]);
}

function outcomeMark(store, at) {
  const letter = store.outcomes[at];
  return el("span", { class: `state ${OUTCOMES[letter].replace(" ", "_")}` }, OUTCOMES[letter]);
}

function heldTag(store, at) {
  const held = store.quarantine(at);
  return held === null ? null : el("span", { class: "tag", title: plainText(`${held[0]}, until ${held[1]}`) }, "quarantine");
}

const failureText = (store, at) => (store.trials.error[at] < 0 ? -1 : store.errors[store.trials.error[at]][1]);

function answerExcerpt(store, at) {
  const output = store.texts.get(store.trials.output[at]);
  const failure = store.texts.get(failureText(store, at));
  if (failure !== null) return el("span", { class: "quiet" }, `${store.kinds[store.kind(at)] ?? store.kind(at)}: ${failure.slice(0, 160)}`);
  if (output === null) return el("span", { class: "quiet" }, ABSENT);
  return output === "" ? el("span", { class: "quiet" }, "(empty)") : output.slice(0, 160).replaceAll("\n", " ");
}

function pagerButtons(app, page, pages) {
  const to = (target, word) =>
    el("button", { type: "button", disabled: target < 1 || target > pages || target === page, on: { click: () => app.update({ page: String(target) }) } }, word);
  return [to(1, "First"), to(page - 1, "Previous"), el("span", {}, `page ${count(page)} of ${count(pages)}`), to(page + 1, "Next"), to(pages, "Last")];
}
