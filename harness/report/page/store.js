// The run's data, as embed.py wrote them: columns, and texts in pieces that are unpacked when needed.

async function unpack(element) {
  const content = element.textContent;
  element.remove();
  if (element.dataset.form === "json") return JSON.parse(content);
  const letters = atob(content);
  const bytes = new Uint8Array(letters.length);
  for (let at = 0; at < letters.length; at++) bytes[at] = letters.charCodeAt(at);
  const stream = new Blob([bytes]).stream().pipeThrough(new DecompressionStream("deflate"));
  return JSON.parse(await new Response(stream).text());
}

class Texts {
  constructor(elements, starts) {
    this.elements = elements;
    this.starts = starts;
    this.pieces = [];
    this.coming = [];
  }

  pieceOf(number) {
    let low = 0;
    let high = this.starts.length - 1;
    while (low < high) {
      const middle = (low + high + 1) >> 1;
      if (this.starts[middle] <= number) low = middle;
      else high = middle - 1;
    }
    return low;
  }

  load(piece) {
    this.coming[piece] ??= unpack(this.elements[piece]).then((texts) => (this.pieces[piece] = texts));
    return this.coming[piece];
  }

  // Makes `get` work for these numbers.
  async need(numbers) {
    const pieces = new Set();
    for (const number of numbers) if (number >= 0) pieces.add(this.pieceOf(number));
    await Promise.all([...pieces].map((piece) => this.load(piece)));
  }

  needAll() {
    return Promise.all(this.starts.map((_, piece) => this.load(piece)));
  }

  get(number) {
    if (number < 0) return null;
    const piece = this.pieceOf(number);
    return this.pieces[piece][number - this.starts[piece]];
  }

  // A byte for every text: 1 where it holds the words. Each text is looked at once, however many trials share it.
  async search(words) {
    await this.needAll();
    const sought = words.toLowerCase();
    const hits = new Uint8Array(this.pieces.reduce((sum, piece) => sum + piece.length, 0));
    let at = 0;
    for (const piece of this.pieces) for (const text of piece) hits[at++] = text.toLowerCase().includes(sought) ? 1 : 0;
    return hits;
  }
}

class Store {
  constructor(index, elements) {
    Object.assign(this, index);
    this.n = index.outcomes.length;
    this.texts = new Texts(elements, index.starts);
    this.modelOf = new Map(index.models.map(([suite, variant, backend, model]) => [keyOf([suite, variant, backend]), model]));
    this.repeated = index.trials.repeat.some((repeat) => repeat > 1);
    this.foundKinds = new Set();
    for (let at = 0; at < this.n; at++) this.foundKinds.add(this.kind(at));
    this.measureNames = Object.keys(index.scores).filter((name) => this.isTold(name));
  }

  cellOf(at) {
    return this.cells[this.trials.cell[at]];
  }

  sampleOf(at) {
    return this.samples[this.trials.sample[at]];
  }

  model(at) {
    return this.modelOf.get(keyOf(this.cellOf(at))) ?? "";
  }

  unit(measure) {
    return this.measures[measure]?.unit ?? "score";
  }

  // Amounts that no trial has, such as tokens that no backend counts, are left out.
  isTold(measure) {
    return ["score", "percent"].includes(this.unit(measure)) || this.scores[measure].values.some((value) => value !== null);
  }

  // Reason and last day; null where it counts.
  quarantine(at) {
    return this.quarantines[this.held[at]] ?? null;
  }

  // The outcome as it is counted: answered in quarantine a trial neither passed nor failed.
  countsAs(at) {
    const letter = this.outcomes[at];
    return "pf".includes(letter) && this.quarantine(at) !== null ? HELD : OUTCOMES[letter];
  }

  kind(at) {
    const error = this.trials.error[at];
    if (error >= 0) return this.errors[error][0];
    return this.outcomes[at] === "e" ? "metric" : "";
  }

  // What a permalink calls a trial: suite/variant/backend/sample/repeat.
  key(at) {
    return keyOf([...this.cellOf(at), this.sampleOf(at).id, this.trials.repeat[at]]);
  }

  find(key) {
    if (!this.byKey) {
      this.byKey = new Map();
      for (let at = 0; at < this.n; at++) this.byKey.set(this.key(at), at);
    }
    return this.byKey.get(key) ?? -1;
  }

  // Every trial of the same suite and sample, in item order.
  siblings(at) {
    const found = [];
    for (let other = 0; other < this.n; other++) if (this.trials.sample[other] === this.trials.sample[at]) found.push(other);
    return found;
  }

  // Numbers of every text that the panel shows of a trial.
  textsOf(at) {
    const { chat, output, raw, error } = this.trials;
    const reasons = this.measureNames.map((name) => this.scores[name].reasons[at] ?? -1);
    const failed = error[at] < 0 ? [] : [this.errors[error[at]][1]];
    return [
      ...this.chats[chat[at]].filter((part) => typeof part === "number"),
      ...[output[at], raw[at], ...failed, ...reasons],
      ...[...this.sampleOf(at).references, ...(this.missed[at] ?? [])],
    ];
  }
}

const keyOf = (parts) => parts.map((part) => encodeURIComponent(String(part).toWellFormed?.() ?? part)).join("/");
