// Numbers as people read them; the same rules as numbers.py.

const count = (value) => (value === null ? "unknown" : value.toLocaleString("en-US", { maximumFractionDigits: 0 }));

// The same as `usd` of harness/wording.py: cents from a dollar on, below three digits that count, at least the cents.
function usd(value) {
  if (value === null) return "unknown";
  if (value === 0) return "$0";
  const sign = value < 0 ? "-" : "", size = Math.abs(value);
  if (size >= 1) return sign + "$" + size.toLocaleString("en-US", { minimumFractionDigits: 2, maximumFractionDigits: 2 });
  const [whole, decimals] = size.toFixed(Math.min(20, 2 - Math.floor(Math.log10(size)))).split(".");
  return sign + "$" + whole + "." + decimals.replace(/0+$/, "").padEnd(2, "0");
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
const HELD = "in quarantine";
const STATUSES = { s: "scored", u: "unscored", f: "failed" };
