// Ties the parts together: the state, who is told when it changes, and the address.

class App {
  constructor(store) {
    this.store = store;
    this.state = { ...DEFAULTS };
    this.shown = [];
    this.listeners = { show: [], table: [], panel: [] };
    this.turn = 0;
  }

  onShow(listener) {
    this.listeners.show.push(listener);
  }

  onTable(listener) {
    this.listeners.table.push(listener);
  }

  onPanel(listener) {
    this.listeners.panel.push(listener);
  }

  // Changes the state and the address. Opening a trial is a step that the browser's Back undoes.
  update(patch) {
    const state = { ...this.state, ...patch };
    const step = patch.trial !== undefined && Boolean(patch.trial) !== Boolean(this.state.trial);
    history[step ? "pushState" : "replaceState"](null, "", addressOf(state));
    return this.show(state);
  }

  clear() {
    return this.update({ ...DEFAULTS, trial: this.state.trial, view: this.state.view, base: this.state.base });
  }

  open(at) {
    return this.update(at < 0 ? { trial: "", view: "", base: "" } : { trial: this.store.key(at) });
  }

  step(by) {
    const place = this.shown.indexOf(this.store.find(this.state.trial));
    const next = this.shown[this.state.trial ? place + by : 0];
    if (next !== undefined && (place >= 0 || !this.state.trial)) return this.open(next);
  }

  // Draws what the state says; only the panel where nothing else has changed.
  async show(state, { first = false } = {}) {
    const turn = ++this.turn;
    const rows = first || !sameBut(this.state, state, PANEL_KEYS) || this.stale;
    this.state = state;
    for (const listener of this.listeners.show) listener(state);
    if (rows) {
      this.stale = true;
      const shown = await this.select(state);
      if (turn !== this.turn) return;
      this.shown = shown;
      for (const listener of this.listeners.table) await listener(state, shown);
      this.stale = turn !== this.turn;
    }
    for (const listener of this.listeners.panel) await listener(this.state);
  }

  async select(state) {
    if (state.sort === "output") await this.store.texts.needAll();
    const words = state.q.trim();
    if (this.searched?.words !== words) this.searched = { words, hits: words ? await searchRun(this.store, words) : null };
    return selectTrials(this.store, state, this.searched.hits);
  }
}

function followAddress(app) {
  const state = readAddress();
  if (state && !sameBut(app.state, state, [])) app.show(state);
}

async function start() {
  const place = document.getElementById("explorer");
  const index = await unpack(document.querySelector("script.run-index"));
  const app = new App(new Store(index, [...document.querySelectorAll("script.run-texts")]));
  place.append(buildFilters(app), buildTable(app));
  document.body.append(buildPanel(app));
  listenToKeys(app);
  addEventListener("beforeprint", () => document.querySelectorAll("details").forEach((folded) => (folded.open = true)));
  addEventListener("popstate", () => followAddress(app));
  document.addEventListener("click", (event) => {
    if (event.target.closest("a.to-trials")) document.getElementById("trials").scrollIntoView();
  });
  place.hidden = false;
  await app.show(readAddress() ?? { ...DEFAULTS }, { first: true });
  document.documentElement.dataset.ready = "yes";
}

start().catch((error) => {
  const place = document.getElementById("explorer");
  place.hidden = false;
  replace(place, el("p", { class: "note" }, `The trials cannot be shown in this browser: ${error.message}. They are in trials.parquet beside this file.`));
  console.error(error);
});
