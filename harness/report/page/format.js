// Numbers as people read them; the same rules as numbers.py.

const count = (value) => (value === null ? "unknown" : value.toLocaleString("en-US", { maximumFractionDigits: 0 }));

function usd(value) {
  if (value === null) return "unknown";
  if (value === 0) return "$0";
  if (Math.abs(value) >= 1) return "$" + value.toLocaleString("en-US", { minimumFractionDigits: 2, maximumFractionDigits: 2 });
  return "$" + value.toFixed(Math.min(20, Math.max(2, 1 - Math.floor(Math.log10(Math.abs(value))))));
}

function inUnit(value, unit) {
  if (value === null) return ABSENT;
  if (unit === "usd") return usd(value);
  if (unit === "tokens") return value.toLocaleString("en-US", { maximumFractionDigits: 1 });
  if (unit === "percent") return value.toFixed(1);
  return unit === "s" && Math.abs(value) >= 1 ? value.toFixed(2) : value.toFixed(3);
}

const ABSENT = "\u2013";
const OUTCOMES = { p: "passed", f: "failed", e: "error", n: "not run" };
const STATUSES = { s: "scored", u: "unscored", f: "failed" };
