// Judges what the relay made of JSON texts, as the engine that VoiceDrive runs sees it.
//
// Standard input has one case a line: {"in": a JSON text, "out": what the relay would send, or null
// when it refused the text}. Every case that is not as it should be is printed; the exit code is 1 then.
import { createInterface } from "node:readline";

const TOKENS = /"(?:[^"\\]|\\.)*"(\s*:)?|-?\d+(?:\.\d+)?(?:[eE][+-]?\d+)?/g;

/** A decimal number as [digits without zeros at the ends, exponent]; every spelling of a value has one. */
function decimal(text) {
  const [, sign, whole, fraction = "", exponent = "0"] =
    /^(-?)(\d+)(?:\.(\d+))?(?:[eE]([+-]?\d+))?$/.exec(text);
  const digits = (whole + fraction).replace(/^0+/, "");
  const kept = digits.replace(/0+$/, "");
  if (kept === "") return "0";
  const scale = BigInt(exponent) - BigInt(fraction.length) + BigInt(digits.length - kept.length);
  return `${sign}${kept}e${scale}`;
}

/** Whether JavaScript spells a number as the same number. */
function keeps(text) {
  const number = Number(text);
  return Number.isFinite(number) && decimal(String(number)) === decimal(text);
}

function count(value) {
  if (value === null || typeof value !== "object") return 0;
  const inner = Object.values(value).reduce((sum, one) => sum + count(one), 0);
  return inner + (Array.isArray(value) ? 0 : Object.keys(value).length);
}

/** Why a text cannot survive JavaScript; undefined when it can. */
function reason(text, value) {
  let keys = 0;
  for (const [token, colon] of text.matchAll(TOKENS)) {
    if (token.startsWith('"')) {
      if (colon) keys += 1;
      if (!JSON.parse(token.replace(/\s*:$/, "")).isWellFormed()) return "half a character";
    } else if (!keeps(token)) {
      return `the number ${token}`;
    }
  }
  return keys === count(value) ? undefined : "a key that stands twice";
}

let cases = 0;
let accepted = 0;
let wrong = 0;
for await (const line of createInterface({ input: process.stdin })) {
  const { in: text, out } = JSON.parse(line);
  const value = JSON.parse(text);
  const why = reason(text, value);
  cases += 1;
  accepted += out === null ? 0 : 1;
  let complaint;
  if (out === null) {
    if (why === undefined) complaint = "refused without a reason";
  } else if (why !== undefined) {
    complaint = `accepted with ${why}`;
  } else if (out !== JSON.stringify(value)) {
    complaint = `not what JavaScript makes of it: ${JSON.stringify(value)}`;
  } else if (JSON.stringify(JSON.parse(out)) !== out) {
    complaint = "does not survive a second time";
  }
  if (complaint) {
    wrong += 1;
    console.log(`${complaint}\n  in  ${text}\n  out ${out}`);
  }
}
console.log(`${cases} cases, ${accepted} accepted, ${wrong} wrong`);
process.exit(wrong === 0 ? 0 : 1);
