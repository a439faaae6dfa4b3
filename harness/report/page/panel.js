// The panel beside the table: one trial, or its sample across variants.

function buildPanel(app) {
  const title = el("h3", { id: "panel-title", tabindex: "-1" });
  const bar = el("div", { class: "panel-bar" });
  const body = el("div", { class: "panel-body" });
  const panel = el("aside", { id: "panel", role: "dialog", "aria-labelledby": "panel-title", hidden: true }, bar, title, body);
  let open = -1;
  app.onPanel(async (state) => {
    const at = state.trial ? app.store.find(state.trial) : -1;
    const before = open;
    open = at;
    panel.hidden = at < 0 && !state.trial;
    document.body.classList.toggle("panel-open", !panel.hidden);
    markRow(at);
    if (panel.hidden) return before >= 0 ? focusRow(before) : undefined;
    if (at < 0) return showMissing(app, { title, bar, body });
    await app.store.texts.need(state.view ? app.store.siblings(at).flatMap((other) => app.store.textsOf(other)) : app.store.textsOf(at));
    panel.classList.toggle("wide", Boolean(state.view));
    replace(title, trialTitle(app.store, at), el("small", {}, app.store.sampleOf(at).id), outcomeMark(app.store, at));
    replace(bar, panelBar(app, at));
    replace(body, state.view ? compareView(app, at) : detailView(app, at));
    if (before !== at) {
      panel.scrollTop = 0;
      title.focus({ preventScroll: true });
    }
  });
  return panel;
}

function showMissing(app, { title, bar, body }) {
  replace(title, "No such trial");
  replace(bar, closeButton(app));
  replace(body, el("p", {}, "The link names a trial that this run does not hold: ", el("code", {}, app.state.trial)));
}

const closeButton = (app) => el("button", { type: "button", "aria-keyshortcuts": "Escape", on: { click: () => app.open(-1) } }, "Close");

function panelBar(app, at) {
  const place = app.shown.indexOf(at);
  const step = (by, word, key) =>
    el("button", { type: "button", "aria-keyshortcuts": key, disabled: place < 0 || !(place + by in app.shown), on: { click: () => app.step(by) } }, word);
  const tab = (view, word) =>
    el("button", { type: "button", "aria-pressed": String(app.state.view === view), on: { click: () => app.update({ view }) } }, word);
  return [
    el("div", { class: "segments", role: "group", "aria-label": "View" }, tab("", "This trial"), tab("compare", "Across variants")),
    el("div", { class: "steps" }, step(-1, "Previous", "k"), step(1, "Next", "j"), el("a", { href: addressOf({ ...DEFAULTS, trial: app.store.key(at) }) }, "Permalink"), closeButton(app)),
  ];
}

function markRow(at) {
  for (const row of document.querySelectorAll("tr[aria-current]")) row.removeAttribute("aria-current");
  document.querySelector(`tr[data-trial="${at}"]`)?.setAttribute("aria-current", "true");
}

const focusRow = (at) => document.querySelector(`tr[data-trial="${at}"] a`)?.focus();

// j and k walk, Escape closes, / goes to the search.
function listenToKeys(app) {
  document.addEventListener("keydown", (event) => {
    if (event.ctrlKey || event.metaKey || event.altKey) return;
    if (event.key === "Escape" && app.state.trial) return app.open(-1);
    if (event.target.closest("input, select, textarea")) return;
    if (event.key === "/") {
      event.preventDefault();
      document.querySelector('input[name="q"]').focus();
    } else if (event.key === "j") app.step(1);
    else if (event.key === "k") app.step(-1);
  });
}
