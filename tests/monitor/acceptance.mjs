// What the page promises: its numbers are everybody's numbers, what others write and send does nothing, it works for
// whoever sees, hears or types in another way, and on bad days. Each test is a sentence; the first that fails ends the run.
import { execFileSync } from "node:child_process";
import { createHash } from "node:crypto";
import { statfsSync, writeFileSync, rmSync } from "node:fs";
import { createServer, request } from "node:http";
import { join } from "node:path";
import { Browsing, Receiver, Relay, TOKEN, check, until } from "./relay.mjs";

const browsing = new Browsing();
await browsing.start();

const test = async (told, steps) => {
  await steps();
  check(browsing.violations.length === 0, browsing.violations.join("\n"));
  console.log(`ok: ${told}`);
};
const logIn = async (relay, role, options = {}, name = "山田") => {
  const page = await browsing.page(options);
  const { link } = await relay.login(name, role);
  await page.goto(link);
  await page.waitForURL(`${relay.url}/monitor`);
  return page;
};
const sentence = (page) => page.locator("#standing .first").innerText();
// A cell of the receivers' table, by what stands above it.
const cell = (page, name) => page.locator(`#receivers tbody tr td[data-name="${name}"]`).first().innerText();
const number = (text) => Number(text.replaceAll(",", ""));
const handIn = async (relay, events) => {
  const answer = await relay.api("POST", "/api/events/batch", events);
  check(answer.status === 202, answer.text);
  return answer.data.events.map((event) => event.id);
};
const counts = async (relay) => (await relay.command("status")).events;

const receiver = new Receiver();
// What would reach an admin by another way than the page.
const admin = new Receiver();
const relay = new Relay(await receiver.start(), { alerts: await admin.start() });
await relay.start();
let ids = [];

await test("150 events, 2 that are tried again and 1 that needs somebody: every place has the same numbers", async () => {
  const page = await logIn(relay, "operator");
  check((await page.locator("#goals tr", { hasText: "送信成功率" }).innerText()).includes("送信なし"), "nothing was sent yet");
  receiver.answer = ({ data }) => (data?.staffId?.startsWith("BAD") ? 500 : undefined);
  const events = (prefix, number) => Array.from({ length: number }, (_, at) => ({ event: "employee.updated", data: { staffId: `${prefix}-${at}` } }));
  // In the order of ids, which in one millisecond is not that of acceptance.
  ids = (await handIn(relay, events("GOOD", 147))).sort();
  await handIn(relay, events("BAD", 1));
  await until("one needs somebody", async () => (await counts(relay)).exhausted === 1);
  await relay.retryAfter([3600]);
  await handIn(relay, events("BAD-LATER", 2));
  await until("two are tried again", async () => (await counts(relay)).retrying === 2);
  await until("all others have arrived", async () => (await counts(relay)).delivered === 147);
  await page.goto(`${relay.url}/monitor`);
  const api = (await relay.api("GET", "/api/integration/webhook-stats?period=24h")).data;
  const metrics = (await relay.api("GET", "/metrics")).text;
  const metric = (name) => Number(metrics.split("\n").find((line) => line.startsWith(`voicedrive_relay_${name} `))?.split(" ")[1]);
  const status = await counts(relay);
  for (const [told, ...numbers] of [
    ["sent", 150, number(await cell(page, "送信")), api.sent24h],
    ["arrived", 147, number(await cell(page, "届いた")), api.succeeded, status.delivered, metric('events{state="delivered"}')],
    ["tried again", 2, number(await cell(page, "再送待ち")), api.queueStatus.pending, status.retrying, metric('events{state="retrying"}')],
    ["needing somebody", 1, number(await cell(page, "要対応")), api.queueStatus.failed, status.exhausted, metric('deliveries_exhausted{route="default"}')],
  ]) {
    check(numbers.every((one) => one === numbers[0]), `${told}: ${numbers}`);
  }
  const goal = await page.locator("#goals tr", { hasText: "送信成功率" }).innerText();
  check(goal.includes("98.0 %") && goal.includes("150 件中 147 件"), goal);
  // Each tab leads to as many rows.
  for (const state of ["要対応", "再送待ち", "送信済み"]) {
    await page.goto(`${relay.url}/monitor/deliveries`);
    await page.locator(".tabs a", { hasText: state }).click();
    const told = number(await page.locator(".tabs a[aria-current] .count").innerText());
    let rows = await page.locator("tbody tr").count();
    while (await page.getByRole("link", { name: "これより古いもの" }).count()) {
      await page.getByRole("link", { name: "これより古いもの" }).click();
      rows += await page.locator("tbody tr").count();
    }
    check(told === rows, `${state}: ${told} and ${rows} rows`);
  }
  await page.context().close();
});

await test("what VoiceDrive does not have is found by ids, told on the page, sent again and settled", async () => {
  receiver.answer = () => undefined;
  const page = await logIn(relay, "operator");
  const missing = ids.slice(60, 65);
  const foreign = `${ids[70].slice(0, -4)}ffff`;
  const reconcile = async (received) => {
    const answer = await relay.api("POST", "/api/integration/reconcile", { received }, TOKEN);
    check(answer.status === 200, answer.text);
    return answer.data;
  };
  const all = ids;
  const found = await reconcile([...all.filter((id) => !missing.includes(id)), foreign]);
  check(JSON.stringify(found.missing.map((one) => one.requestId).sort()) === JSON.stringify([...missing].sort()), JSON.stringify(found.missing));
  check(found.missing.every((one) => one.reason === "answered_but_absent"), "with the reason");
  check(found.unknown.includes(foreign), "what was never sent is named");
  // A day's digest differs, then an hour's, and the ids of that hour lead to the same five.
  const theirs = all.filter((id) => !missing.includes(id));
  const within = ({ fromId, toId }) => theirs.filter((id) => id >= fromId && id < toId);
  for (const unit of ["day", "hour"]) {
    const { items } = (await relay.api("GET", `/api/integration/reconcile?unit=${unit}`, undefined, TOKEN)).data;
    const lines = (slot) => within(slot).sort().map((id) => `${id}\n`).join("");
    const differing = items.filter((slot) => slot.digest !== createHash("sha256").update(lines(slot)).digest("hex"));
    check(differing.length === 1, `${unit}: ${JSON.stringify(items)}`);
    const again = await reconcile(within(differing[0]));
    check(JSON.stringify(again.missing.map((one) => one.requestId).sort()) === JSON.stringify([...missing].sort()), `${unit}: ${JSON.stringify(again.missing)}`);
  }
  const isOpen = async () => (await relay.api("GET", "/api/incidents?state=ongoing")).text.includes("deliveries_missing");
  await until("an incident is opened", isOpen);
  await page.goto(`${relay.url}/monitor`);
  check((await page.locator("#standing").innerText()).includes("VoiceDrive に届いていないものが 5 件見つかりました"), await page.locator("#standing").innerText());
  const list = join(relay.directory, "list.csv");
  const run = (ids, ...more) => {
    // As a spreadsheet of that office writes it.
    const text = execFileSync("iconv", ["-f", "UTF-8", "-t", "SHIFT_JIS"], { input: ["requestId,備考", ...ids.map((id) => `${id},済`)].join("\r\n") });
    writeFileSync(list, text);
    return relay.command("reconcile", list, ...more).then((answer) => [0, answer], (error) => [error.code, JSON.parse(error.stdout)]);
  };
  const [code, again] = await run(all.filter((id) => !missing.includes(id)), "--resend");
  check(code === 1 && again.missing.length === 5, `the command ends with ${code}`);
  const sent = receiver.received.length;
  await until("the five are sent again", () => receiver.received.length >= sent + 5 || missing.every((id) => receiver.received.filter((one) => one.id === id).length === 2));
  await until("none is under way", async () => (await counts(relay)).delivered === 147);
  const [settled] = await run(all);
  check(settled === 0, `the command ends with ${settled}`);
  await page.goto(`${relay.url}/monitor`);
  check(!(await page.locator("#standing").innerText()).includes("見つかりました"), "it is settled");
  const gap = await page.locator("#goals tr", { hasText: "届いていないものの発見" }).innerText();
  check(gap.includes("達成") && /0\.\d 時間/.test(gap), gap);
  await until("the incident is closed", async () => !(await isOpen()), 90);
  await page.context().close();
});

await test("a hold keeps what comes, tells nobody, and ends by itself", async () => {
  await relay.retryAfter([1, 1]);
  const page = await logIn(relay, "viewer");
  await page.goto(`${relay.url}/monitor`);
  const end = new Date(Date.now() + 15_000).toISOString();
  const held = await relay.api("PUT", "/api/holds/*", { until: end, reason: "VoiceDrive のメンテナンス" });
  check(held.status === 201, held.text);
  const before = receiver.received.length;
  // Messages about what was open before may still be on their way.
  const earlier = (await relay.api("GET", "/api/incidents")).data.items.filter((one) => one.kind !== "on_hold").map((one) => one.incidentId);
  const [id] = await handIn(relay, [{ event: "employee.created", data: { staffId: "HELD" } }]);
  await page.locator("#standing", { hasText: "送信を一時停止しています" }).waitFor({ timeout: 15_000 });
  check((await page.locator("#standing").innerText()).includes("VoiceDrive のメンテナンス"), "and why");
  check(receiver.received.length === before, "nothing is sent");
  const { data } = await relay.api("GET", `/api/events/${id}`);
  check(data.status === "accepted" && data.attempts.length === 0, JSON.stringify(data));
  await until("what waited arrives", () => receiver.received.some((one) => one.id === id), 60);
  const messages = () => admin.received.filter(({ event }) => !earlier.includes(event.incidentId)).map(({ event }) => `${event.kind} ${event.state}`);
  await until("one message says that it is over", () => messages().filter((one) => one === "on_hold resolved").length === 1, 90);
  check(messages().every((one) => one.startsWith("on_hold ")), messages().join());
  await page.locator("#standing", { hasText: "一時停止しています" }).waitFor({ state: "detached", timeout: 5_000 }).catch(() => {});
  await page.goto(`${relay.url}/monitor`);
  check(!(await sentence(page)).includes("一時停止"), await sentence(page));
  await page.context().close();
});

await test("a page of somebody else, a frame, another name and guessed codes do nothing", async () => {
  const page = await logIn(relay, "operator");
  const before = (await relay.command("audit")).items.length;
  // On another port of the same host, so that the browser sends the cookie.
  const evil = createServer((_, answer) => {
    answer.setHeader("content-type", "text/html");
    answer.end(`<form method="post" action="${relay.url}/monitor/recover"><button>x</button></form><iframe src="${relay.url}/monitor"></iframe>`);
  });
  await new Promise((done) => evil.listen(0, "127.0.0.1", done));
  const other = await page.context().newPage();
  const origin = `http://127.0.0.1:${evil.address().port}`;
  await other.goto(origin);
  const framed = other.frames().find((frame) => frame !== other.mainFrame());
  check(!(await framed.content()).includes("今の状況"), "the framed page is shown");
  const posted = other.waitForResponse((answer) => answer.url().endsWith("/monitor/recover"));
  await other.locator("button").click();
  check((await posted).status() === 403, "a press from elsewhere");
  check((await relay.command("audit")).items.length === before, "nothing was done");
  evil.close();
  browsing.requests.delete(origin);
  const named = await new Promise((done) => {
    const asked = request(`${relay.url}/monitor/login`, { headers: { host: "evil.example" } }, (answer) => done(answer.statusCode));
    asked.end();
  });
  check(named === 421, `another name is answered ${named}`);
  const guess = await browsing.page();
  await guess.goto(`${relay.url}/monitor/login`);
  const statuses = [];
  for (let at = 0; at < 12; at += 1) {
    await guess.locator("#code").fill(`AAAA-AAAA-AAAA-AAA${at % 10}`);
    const posted = guess.waitForResponse((answer) => answer.request().method() === "POST");
    await guess.getByRole("button", { name: "ログインする" }).click();
    statuses.push((await posted).status());
    await guess.locator("#code").waitFor();
  }
  check(statuses.slice(0, 5).every((one) => one === 401) && statuses.slice(5).every((one) => one === 429), statuses.join(" "));
  check((await guess.locator("#told").innerText()).includes("待って"), "and says to wait");
  const incident = async () => (await relay.api("GET", "/api/incidents?state=ongoing")).text.includes("logins_failing");
  await until("somebody is told", incident, 90);
  await guess.context().close();
  await page.context().close();
});

await test("by keyboard alone somebody filters, opens one, sends it again and confirms a set", async () => {
  receiver.status = 422;
  const trouble = await handIn(relay, [1, 2].map((at) => ({ event: "employee.created", data: { staffId: `KEY-${at}` } })));
  await until("they need somebody", async () => (await counts(relay)).exhausted >= 3);
  receiver.status = 200;
  const page = await logIn(relay, "operator");
  const tabTo = async (told) => {
    for (let at = 0; at < 200; at += 1) {
      await page.keyboard.press("Tab");
      const here = await page.evaluate(() => {
        const one = document.activeElement;
        const box = one.getBoundingClientRect();
        return { text: one.innerText || one.id, seen: getComputedStyle(one).outlineStyle !== "none" && box.width > 0 };
      });
      check(here.seen || here.text.includes("本文"), `the focus is not seen on ${here.text}`);
      if (here.text.includes(told)) return;
    }
    throw new Error(`no Tab leads to ${told}`);
  };
  await tabTo("送信の記録");
  await page.keyboard.press("Enter");
  await page.waitForURL(/deliveries/);
  await tabTo("staff");
  await page.keyboard.type("KEY-1");
  await page.keyboard.press("Enter");
  await page.waitForURL(/staffId=KEY-1/);
  await tabTo("VoiceDrive に確認");
  await page.keyboard.press("Enter");
  await page.waitForURL(new RegExp(trouble[0]));
  await tabTo("もう一度送る");
  await page.keyboard.press("Enter");
  await page.locator(".told").waitFor();
  await until("it arrives", () => receiver.received.some((one) => one.id === trouble[0] && one.status === 200));
  await page.goto(`${relay.url}/monitor/deliveries?status=exhausted&staffId=KEY-2`);
  await tabTo("件をもう一度送る");
  await page.keyboard.press("Enter");
  await page.waitForURL(/\/monitor\/resend/);
  await tabTo("reason");
  await page.keyboard.type("復旧の連絡あり");
  await tabTo("件を送る");
  await page.keyboard.press("Enter");
  await page.locator(".told").waitFor();
  await until("the other arrives", () => receiver.received.some((one) => one.id === trouble[1] && one.status === 200));
  await page.context().close();
});

await test("three refreshes keep focus and place, and only a change of the state is spoken", async () => {
  const page = await logIn(relay, "operator", { viewport: { width: 1000, height: 500 } });
  await page.goto(`${relay.url}/monitor`);
  await page.evaluate(() => {
    window.spoken = 0;
    new MutationObserver(() => (window.spoken += 1)).observe(document.getElementById("standing"), { childList: true, subtree: true });
  });
  await page.locator("#days-title").scrollIntoViewIfNeeded();
  await page.locator("#pause").focus();
  const place = await page.evaluate(() => scrollY);
  for (let at = 0; at < 3; at += 1) {
    const asked = page.waitForResponse((answer) => Boolean(answer.request().headers()["x-refresh"]), { timeout: 20_000 });
    await handIn(relay, [{ event: "employee.created", data: { staffId: `QUIET-${at}` } }]);
    await asked;
  }
  await page.waitForFunction((sent) => document.querySelector('td[data-name="送信"]').innerText === sent, String((await relay.api("GET", "/api/integration/webhook-stats?period=24h")).data.sent24h), { timeout: 20_000 });
  check((await page.evaluate(() => document.activeElement.id)) === "pause", "the focus moved");
  check((await page.evaluate(() => scrollY)) === place, "the page moved");
  check((await page.evaluate(() => window.spoken)) === 0, "something was spoken");
  // A change of the state is spoken, and once.
  const end = new Date(Date.now() + 3600_000).toISOString();
  check((await relay.api("PUT", "/api/holds/*", { until: end, reason: "試験" })).status === 201, "a hold");
  await page.locator("#standing", { hasText: "一時停止しています" }).waitFor({ timeout: 20_000 });
  check((await page.evaluate(() => window.spoken)) === 1, `spoken: ${await page.evaluate(() => window.spoken)}`);
  check((await page.evaluate(() => document.activeElement.id)) === "pause", "the focus moved");
  await relay.api("DELETE", "/api/holds/*");
  await page.context().close();
});

await test("axe finds nothing in forced colours and with text twice as large, and nothing is cut off", async () => {
  const trouble = (await relay.api("GET", "/api/events?limit=1")).data.items[0].requestId;
  const views = ["", "/deliveries", `/deliveries/${trouble}`, "/incidents", "/server", "/resend?status=delivered"];
  for (const [told, options, size] of [["forced colours", { forcedColors: "active" }, ""], ["200 %", { viewport: { width: 1280, height: 800 } }, "200%"]]) {
    const page = await logIn(relay, "operator", options);
    for (const view of views) {
      await page.goto(`${relay.url}/monitor${view}`);
      await page.evaluate((size) => (document.documentElement.style.fontSize = size), size);
      const found = await browsing.violationsOf(page);
      check(found.length === 0, `${view}, ${told}: ${found.join("\n")}`);
      const wide = await page.evaluate(() => document.documentElement.scrollWidth - innerWidth);
      check(wide <= 0, `${view}, ${told}: ${wide} pixels too wide`);
    }
    await page.context().close();
  }
});

await test("on a phone the sentence and its button are there without scrolling", async () => {
  receiver.status = 500;
  await handIn(relay, [{ event: "employee.created", data: { staffId: "PHONE" } }]);
  await until("it needs somebody", async () => (await counts(relay)).exhausted >= 2);
  receiver.status = 200;
  const page = await logIn(relay, "operator", { viewport: { width: 390, height: 844 }, isMobile: true, hasTouch: true });
  const box = await page.getByRole("button", { name: "つながるか確かめて" }).boundingBox();
  await browsing.picture(page, "phone-ja");
  check(box && box.y + box.height <= 844 && box.height >= 24, `the button is at ${JSON.stringify(box)}`);
  for (const view of ["", "/deliveries", "/incidents", "/server"]) {
    await page.goto(`${relay.url}/monitor${view}`);
    const wide = await page.evaluate(() => document.documentElement.scrollWidth - document.documentElement.clientWidth);
    check(wide <= 0, `${view}: ${wide} pixels too wide`);
  }
  await page.context().close();
});

await test("printed, the state has its date, its period and what the numbers mean, and no buttons", async () => {
  const page = await logIn(relay, "operator");
  check((await page.pdf({ format: "A4" })).length > 10_000, "a page is printed");
  await page.emulateMedia({ media: "print" });
  const text = await page.evaluate(() => document.body.innerText);
  for (const told of ["直近 30 日間", "送信したもののうち、届いたものの割合", "現在 (時刻は日本時間)"]) check(text.includes(told), `${told}: ${text}`);
  check(/\d{4}-\d{2}-\d{2}/.test(text), `the day: ${text}`);
  check((await page.locator("button:visible, .button:visible").count()) === 0, "there are buttons");
  await page.context().close();
});

await test("a browser whose clock is wrong shows the relay's times", async () => {
  const page = await browsing.page();
  await page.clock.install({ time: Date.now() + 600_000 });
  const { link } = await relay.login("山田", "viewer");
  await page.goto(link);
  await page.waitForURL(`${relay.url}/monitor`);
  const shown = await page.locator("#as-of").innerText();
  const [hour, minute, second] = shown.split(":").map(Number);
  const local = new Date(Date.now() + 9 * 3600_000);
  const off = Math.abs((hour * 60 + minute) * 60 + second - ((local.getUTCHours() * 60 + local.getUTCMinutes()) * 60 + local.getUTCSeconds()));
  check(off < 30 || off > 86_370, `it shows ${shown}`);
  await page.context().close();
});

await test("before a login is over somebody who types is told, keeps what was typed, and stays", async () => {
  const page = await logIn(relay, "operator");
  await page.goto(`${relay.url}/monitor/deliveries`);
  // An hour is a long time for a test: the answers say that it is nearly over.
  let nearly = true;
  await page.route("**/monitor/deliveries", async (route) => {
    const answer = await route.fetch();
    const headers = { ...answer.headers(), ...(nearly ? { "x-login-ends": "100 idle" } : {}) };
    await route.fulfill({ response: answer, headers });
  });
  await page.locator("#staff").focus();
  await page.keyboard.type("E-1");
  await page.locator("#ending").waitFor({ state: "visible", timeout: 30_000 });
  check((await page.locator("#staff").inputValue()) === "E-1", "what was typed is gone");
  check((await page.evaluate(() => document.activeElement.id)) === "staff", "the focus moved");
  nearly = false;
  await page.getByRole("button", { name: "ログインを続ける" }).click();
  await page.locator("#ending").waitFor({ state: "hidden" });
  check((await page.locator("#staff").inputValue()) === "E-1", "what was typed is gone");
  await page.context().close();
});

await relay.stop();

await test("on a full disk page and login work and say so, and when there is room again that is over", async () => {
  const disk = process.env.DISK;
  check(disk, "tests/monitor/run makes a small disk");
  const full = new Relay(await receiver.start(), { data: disk });
  await full.start();
  await full.api("GET", "/api/events");
  const page = await logIn(full, "operator");
  const filler = join(disk, "filler");
  const { bavail, bsize } = statfsSync(disk);
  writeFileSync(filler, Buffer.alloc(bavail * bsize - 4096));
  await until("nothing new is accepted", async () => (await full.api("POST", "/api/events", { event: "employee.created", data: { staffId: "E", text: "x".repeat(9000) } })).status === 503, 60);
  await page.goto(`${full.url}/monitor`);
  check((await sentence(page)).includes("空き容量がなく"), await sentence(page));
  await browsing.picture(page, "disk-full-ja");
  const other = await logIn(full, "viewer", {}, "受付");
  check((await sentence(other)).includes("空き容量がなく"), "a new login works");
  rmSync(filler);
  await page.locator("#standing.act", { hasText: "空き容量" }).waitFor({ state: "detached", timeout: 90_000 });
  await full.stop();
});

check(browsing.violations.length === 0, browsing.violations.join("\n"));
await browsing.browser.close();
process.exit(0);
