//! The script of an open page, as a browser runs it.

use std::path::Path;
use std::process::Command;

/// A browser with two regions, one of which somebody uses.
const BROWSER: &str = r#"
const fs = require("fs");
const vm = require("vm");
const region = (id, innerHTML) => ({
  id, innerHTML, className: "", childNodes: [], fresh: false,
  contains: (other) => other && other.id === id, querySelector: () => null,
  replaceChildren() { this.fresh = true; },
});
const page = (text) => {
  const regions = [region("rows", text), region("audit", text)];
  return { regions, querySelectorAll: () => regions, getElementById: (id) => regions.find((one) => one.id === id), title: "" };
};
const shown = page("old");
const button = () => ({ addEventListener(_, call) { this.press = call; }, dataset: {} });
const named = { "as-of": { textContent: "9:00:00" }, foot: { dataset: {} }, away: {}, ended: { hidden: true }, pause: { addEventListener() {}, dataset: {} } };
let due;
const document = {
  ...shown, hidden: false, activeElement: shown.regions[1], addEventListener() {},
  getElementById: (id) => named[id] ?? null,
  body: { dataset: { refresh: "10" }, classList: { add() {} } },
};
const answer = { status: 200, text: async () => "", headers: { get: (name) => name === "x-as-of" ? "9:00:10" : "tag" } };
vm.runInNewContext(fs.readFileSync(process.argv[1], "utf8"), {
  document, location: { href: "/monitor/server" }, AbortSignal, getSelection: () => null,
  fetch: async () => answer, setTimeout: (call) => { due = call; return 1; }, clearTimeout() {},
  DOMParser: class { parseFromString() { return page("new"); } },
});
const tell = () => console.log(named["as-of"].textContent, shown.regions.map((one) => one.fresh).join(" "));
(async () => {
  await due();
  tell();
  document.activeElement = document.body;
  await due();
  tell();
})();
"#;

#[test]
fn the_time_stands_over_nothing_that_is_older() {
    let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("src/http/monitor/assets/page.js");
    let mut node = Command::new("node");
    node.args(["-e", BROWSER]).arg(script);
    let output = node
        .output()
        .expect("Node.js is needed; tests/run installs it");
    let told = String::from_utf8([output.stdout, output.stderr].concat()).unwrap();
    let lines: Vec<&str> = told.lines().collect();
    assert_eq!(lines, ["9:00:00 true false", "9:00:10 true true"], "{told}");
}
