// What is filtered, sorted and open: one flat mapping of words, kept in the address so that a link leads back to it.

const DEFAULTS = {
  suite: "", variant: "", backend: "", outcome: "", kind: "", tag: "",
  metric: "", min: "", max: "", status: "",
  q: "", sort: "", dir: "", page: "1",
  trial: "", view: "", base: "",
};
const PANEL_KEYS = ["trial", "view", "base"];

// null where the address is a plain anchor (#gates) and says nothing about the trials.
function readAddress() {
  const text = location.hash.slice(1);
  if (text !== "" && !text.includes("=")) return null;
  const state = { ...DEFAULTS };
  for (const [key, value] of new URLSearchParams(text)) if (key in DEFAULTS) state[key] = value;
  return state;
}

function addressOf(state) {
  const words = new URLSearchParams();
  for (const key of Object.keys(DEFAULTS)) if (state[key] !== DEFAULTS[key]) words.set(key, state[key]);
  return "#" + words;
}

const sameBut = (one, other, keys) => Object.keys(DEFAULTS).every((key) => keys.includes(key) || one[key] === other[key]);
