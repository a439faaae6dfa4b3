// Elements whose text is always text. Nothing in this page turns data into markup.

// Characters that steer a terminal, turn or hide text: shown by number. The same set as in markup.py.
const INVISIBLE =
  /[\x00-\x08\x0b-\x1f\x7f-\x9f\u00ad\u061c\u115f\u1160\u180e\u200b\u200e\u200f\u2028-\u202e\u2060-\u206f\u3164\ud800-\udfff\ufeff\uffa0\ufff9-\uffff\u{e0000}-\u{e007f}\u{e0100}-\u{e01ef}]/gu;

const codePoint = (character) => "U+" + character.codePointAt(0).toString(16).toUpperCase().padStart(4, "0");

// The text as nodes: plain runs and, for each invisible character, a marked `U+202E`.
function textNodes(text) {
  const nodes = [];
  let from = 0;
  for (const found of text.matchAll(INVISIBLE)) {
    if (found.index > from) nodes.push(document.createTextNode(text.slice(from, found.index)));
    const mark = document.createElement("span");
    mark.className = "ctl";
    mark.textContent = codePoint(found[0]);
    nodes.push(mark);
    from = found.index + found[0].length;
  }
  if (from < text.length) nodes.push(document.createTextNode(text.slice(from)));
  return nodes;
}

// For attributes, options and titles, which hold no elements.
const plainText = (text) => text.replace(INVISIBLE, (character) => `<${codePoint(character)}>`);

// One element. Attributes: `on` holds listeners, null and false are left out. Children: nodes, texts, lists of them.
function el(name, attributes = {}, ...children) {
  const element = document.createElement(name);
  for (const [key, value] of Object.entries(attributes)) {
    if (key === "on") for (const [event, listener] of Object.entries(value)) element.addEventListener(event, listener);
    else if (value !== null && value !== false && value !== undefined)
      element.setAttribute(key, value === true ? "" : plainText(String(value)));
  }
  append(element, children);
  return element;
}

function append(element, child) {
  if (child === null || child === undefined || child === false) return;
  if (Array.isArray(child)) for (const one of child) append(element, one);
  else if (child instanceof Node) element.append(child);
  else element.append(...textNodes(String(child)));
}

const replace = (element, ...children) => {
  element.replaceChildren();
  append(element, children);
};

const LONG = 60000;

// A block of untrusted text; a very long one is cut until its button is pressed.
function textBlock(text, attributes = {}) {
  if (text === "") return el("div", { class: "text empty" }, "(empty)");
  const block = el("div", { class: "text", ...attributes }, text.slice(0, LONG));
  if (text.length <= LONG) return block;
  const rest = text.length - LONG;
  const more = el("button", { type: "button", on: { click: () => replace(block, text) } }, `Show ${count(rest)} more characters`);
  block.append(document.createElement("br"), more);
  return block;
}
