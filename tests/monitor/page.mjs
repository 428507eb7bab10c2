// The page as people use it. Each test is a sentence; the first that fails ends the run.
import { testFiles } from "./files.mjs";
import { Browsing, Receiver, Relay, check, until } from "./relay.mjs";

const views = ["", "/deliveries", "/reconcile", "/interviews", "/incidents", "/server"];

const receiver = new Receiver();
const relay = new Relay(await receiver.start(), { more: '[alerts]\nname = "ひばりクリニック"' });
const browsing = new Browsing();
await relay.start();
await browsing.start();

const updated = (staffId) => ({ event: "employee.updated", staffId, data: {} });
const sentence = (page) => page.locator("#standing .first").innerText();
const logIn = async (page, name, role) => {
  const { link } = await relay.login(name, role);
  await page.goto(link);
  await page.waitForURL(`${relay.url}/monitor`);
};

const test = async (told, steps) => {
  await steps();
  check(browsing.violations.length === 0, browsing.violations.join("\n"));
  console.log(`ok: ${told}`);
};

await test("a link logs in once, and its code is nowhere afterwards", async () => {
  const { link, code } = await relay.login("山田", "operator");
  const look = await fetch(link);
  check(look.status === 200, "a scanner gets the page");
  const page = await browsing.page();
  await page.goto(link);
  await page.waitForURL(`${relay.url}/monitor`);
  check((await sentence(page)).includes("動き始めました"), await sentence(page));
  check((await page.locator(".who").innerText()).includes("山田さん (操作できます)"), "who is logged in");
  check(!page.url().includes(code), page.url());
  check(!browsing.sent.some((one) => one.includes(code)), "the code stood in an address or a Referer");
  check(!relay.lines.includes(code) && !relay.lines.includes(code.replaceAll("-", "")), "the code is in the log");
  const other = await browsing.page();
  await other.goto(link);
  await other.locator("#told", { hasText: "このコードは使えません" }).waitFor();
  await browsing.picture(other, "login-ja");
  await browsing.picture(page, "now-empty-ja");
});

const page = await browsing.page();
await logIn(page, "山田", "operator");

await test("an outage is told, and ended by two clicks", async () => {
  for (const number of [1, 2, 3]) await relay.send("employee.created", `E-${number}`);
  await until("all arrive", () => receiver.received.length === 3);
  await page.goto(`${relay.url}/monitor`);
  check((await sentence(page)).includes("対応は必要ありません"), await sentence(page));
  await browsing.picture(page, "now-fine-ja");
  receiver.status = 500;
  receiver.body = '{"error":"<img src=x onerror=alert(1)>"}';
  await relay.retryAfter([3600]);
  const failed = await relay.accept([updated("E-4")]);
  await until("it waits for its retry", async () => (await relay.command("status")).events.retrying === 1);
  // In the last hour of a day the time has its date before it.
  await page.locator("#standing.wait", { hasText: /1 件を自動で送り直しています \(次は .*\d+:\d\d\)/ }).waitFor({ timeout: 30_000 });
  check((await page.locator("#standing").innerText()).includes("対応は不要"), await page.locator("#standing").innerText());
  await browsing.picture(page, "now-retrying-ja");
  await relay.retryAfter([1, 1]);
  await relay.command("resend", failed[0]);
  failed.push(...(await relay.accept([updated("E-5")])));
  // Nobody loads the page again: it does so by itself.
  await page.locator("#standing.act", { hasText: "VoiceDrive に届けられなかったものが 2 件あります" }).waitFor({ timeout: 30_000 });
  await browsing.picture(page, "now-trouble-ja");
  await browsing.shown(page, "now-ja");
  const other = await browsing.page();
  await logIn(other, "Yamada", "operator");
  await other.goto(`${relay.url}/monitor?lang=en`);
  await browsing.shown(other, "now-en");
  await other.goto(`${relay.url}/monitor/deliveries?status=exhausted`);
  await other.locator("tbody a", { hasText: "Send again" }).first().click();
  await browsing.shown(other, "delivery-en");
  await other.goto(`${other.url()}?lang=ja`);
  await browsing.shown(other, "delivery-ja");
  await other.context().close();
  // Whoever presses it while VoiceDrive is still away is told so, without loading the page again.
  const recover = page.getByRole("button", { name: "つながるか確かめて、2 件をもう一度送る" });
  const tried = receiver.received.length;
  await recover.click();
  await until("one is tried", () => receiver.received.length === tried + 1);
  await page.locator("#standing.act", { hasText: "まだつながりませんでした" }).waitFor({ timeout: 30_000 });
  await page.locator(".told").waitFor({ state: "detached", timeout: 30_000 });
  check(receiver.received.length === tried + 1, "nothing else was sent");
  await browsing.picture(page, "now-probed-ja");
  const before = receiver.received.length;
  receiver.status = 200;
  receiver.body = "{}";
  await recover.click();
  await page.locator(".told").waitFor();
  await until("the rest follows", () => receiver.received.length === before + 2);
  check(receiver.received.slice(before).map((one) => one.id).join() === failed.join(), "the oldest first, and then the rest");
  await page.locator("#standing.fine").waitFor({ timeout: 30_000 });
  check((await sentence(page)).includes("対応は必要ありません"), await sentence(page));
  const { items } = await relay.command("audit");
  check(items.some((one) => one.action === "recover" && one.who === "山田" && one.via === "page"), JSON.stringify(items));
  for (const id of failed) {
    await page.goto(`${relay.url}/monitor/deliveries/${id}`);
    const steps = await page.locator("#steps").innerText();
    check(/回復後の再送.*山田/.test(steps), steps);
  }
  await page.goto(`${relay.url}/monitor/incidents`);
  await page.locator("#closed", { hasText: "要対応のイベント" }).first().waitFor();
  check((await page.locator("#open article").count()) === 0, await page.locator("#open").innerText());
});

await test("what others write is shown as text", async () => {
  receiver.status = 422;
  receiver.body = `<img src=x onerror=alert(1)>"'</script><script>alert(2)</script>`;
  await relay.send("employee.updated", `<img src=x onerror=alert(1)>"'`);
  await until("it needs somebody", async () => (await relay.command("status")).events.exhausted === 1);
  receiver.status = 200;
  receiver.body = "{}";
  await page.goto(`${relay.url}/monitor/deliveries?status=exhausted`);
  check((await page.locator("tbody").innerText()).includes("<img src=x"), "the staff id is text");
  await browsing.picture(page, "deliveries-ja");
  await page.locator("tbody a", { hasText: "VoiceDrive に確認" }).click();
  await page.locator("#technical summary").click();
  check((await page.locator("#technical").innerText()).includes("<script>alert(2)"), "the answer is text");
  check((await page.locator("img, main script").count()) === 0, "an element came of it");
  await browsing.picture(page, "delivery-ja");
});

await test("one delivery is dismissed with a reason, and sent again", async () => {
  await page.getByText("対応不要にする...").click();
  await page.getByLabel("理由").fill("退職済みのため");
  await page.getByRole("button", { name: "対応不要にする", exact: true }).click();
  await page.locator(".told", { hasText: "対応不要にしました" }).waitFor();
  check((await page.locator("#steps").innerText()).includes("退職済みのため"), "the reason is in the timeline");
  await page.getByRole("button", { name: "もう一度送る" }).click();
  await page.locator(".told", { hasText: "もう一度送ります" }).waitFor();
  await until("it arrives", async () => (await relay.command("status")).events.dismissed === 0);
});

await test("numbers are doors to as many rows", async () => {
  await page.goto(`${relay.url}/monitor`);
  const status = await relay.command("status");
  await page.goto(`${relay.url}/monitor/deliveries?status=delivered`);
  const tab = await page.locator(".tabs a[aria-current] .count").innerText();
  check(tab === String(status.events.delivered), `${tab} of ${status.events.delivered}`);
  check((await page.locator("tbody tr").count()) === status.events.delivered, "as many rows");
});

await test("sending is put on hold and goes on", async () => {
  await page.goto(`${relay.url}/monitor/server`);
  await page.getByText("送信を一時停止する...").click();
  const end = new Date(Date.now() + 3600_000 + 9 * 3600_000).toISOString().slice(0, 16);
  await page.getByLabel("いつまで").fill(end);
  await page.getByLabel("理由").fill("VoiceDrive のメンテナンス");
  await page.getByRole("button", { name: "一時停止する", exact: true }).click();
  await page.locator(".told").waitFor();
  await relay.send("employee.created", "E-9");
  await page.goto(`${relay.url}/monitor`);
  check((await sentence(page)).includes("送信を一時停止しています"), await sentence(page));
  await browsing.picture(page, "now-hold-ja");
  await page.goto(`${relay.url}/monitor/server`);
  await browsing.picture(page, "server-ja");
  await page.getByRole("button", { name: "今すぐ再開する" }).click();
  await page.locator(".told", { hasText: "送信を再開しました" }).waitFor();
});

await test("whoever only looks has no buttons, and a forged one does nothing", async () => {
  const viewer = await browsing.page();
  await logIn(viewer, "受付", "viewer");
  for (const path of views) {
    await viewer.goto(`${relay.url}/monitor${path}`);
    const buttons = await viewer.locator("main form[method=post]").count();
    check(buttons === 0, `${path}: ${buttons} forms`);
  }
  const { items } = await relay.command("audit");
  const id = receiver.received[0].id;
  for (const path of ["recover", "resend", "hold", "hold/end", "reconcile", "reconcile/resend", "interviews", "interviews/preview/0", `incidents/${id}/dismiss`, `sessions/${id}/end`, `deliveries/${id}/resend`, `deliveries/${id}/dismiss`]) {
    const answer = await viewer.evaluate(async (path) => (await fetch(`/monitor/${path}`, { method: "POST", body: new URLSearchParams({ reason: "x", route: "*", status: "delivered" }) })).status, path);
    check(answer === 403, `a viewer's press at ${path} is answered ${answer}`);
  }
  check((await relay.command("audit")).items.length === items.length, "a viewer has done something");
  // The same from another origin, with the operator's cookie.
  const cookies = await page.context().cookies();
  const cookie = cookies.map((one) => `${one.name}=${one.value}`).join("; ");
  const forged = await fetch(`${relay.url}/monitor/logout`, { method: "POST", headers: { cookie, origin: "http://127.0.0.1:1" } });
  check(forged.status === 403, `a forged press is answered ${forged.status}`);
});

await test("no view has an obstacle that axe knows, in light, in dark, and on 320 pixels", async () => {
  for (const colorScheme of ["light", "dark"]) {
    for (const width of [1280, 320]) {
      const context = { colorScheme, viewport: { width, height: 800 } };
      const other = await browsing.page(context);
      await logIn(other, "山田", "operator");
      for (const path of views) {
        await other.goto(`${relay.url}/monitor${path}`);
        await browsing.picture(other, `${path.slice(1) || "now"}-${colorScheme}-${width}`);
        const long = await other.evaluate(() => document.documentElement.scrollHeight);
        check(long < 4000, `${path} ${width}: ${long} pixels long`);
        // What is folded away is looked at, too.
        await other.evaluate(() => document.querySelectorAll("details").forEach((one) => (one.open = true)));
        const found = await browsing.violationsOf(other);
        check(found.length === 0, `${path} ${colorScheme} ${width}: ${found.join("\n")}`);
        const wide = await other.evaluate(() => document.documentElement.scrollWidth - innerWidth);
        check(wide <= 0, `${path} ${width}: ${wide} pixels too wide`);
      }
      await other.context().close();
    }
  }
});

await test("English is the reader's choice", async () => {
  const other = await browsing.page();
  await logIn(other, "Yamada", "operator");
  await other.getByRole("link", { name: "English" }).click();
  await other.locator("h1", { hasText: "Now" }).waitFor();
  for (const path of views) {
    await other.goto(`${relay.url}/monitor${path}`);
    // What people typed stays as they typed it.
    const own = await other.locator("h1, h2, h3, th[scope=col], summary, label, button, dt, nav a").allInnerTexts();
    const left = own.filter((text) => /[\u3040-\u30ff]/.test(text));
    check(left.length === 0, `${path}: Japanese is left: ${left}`);
    await browsing.picture(other, `${path.slice(1) || "now"}-en`);
  }
});

await test("it works by keyboard, and keeps the place under the reader's hands", async () => {
  await page.goto(`${relay.url}/monitor/deliveries`);
  await page.keyboard.press("Tab");
  check((await page.evaluate(() => document.activeElement.className)) === "skip", "the first stop leads to the content");
  await page.locator("#staff").focus();
  await page.keyboard.type("E-1");
  const typed = page.waitForResponse((answer) => answer.url().endsWith("/deliveries") && answer.request().headers()["x-refresh"]);
  await relay.send("employee.created", "E-10");
  await typed;
  check((await page.evaluate(() => document.activeElement.id)) === "staff", "the focus stayed");
  check((await page.locator("#staff").inputValue()) === "E-1", "what was typed stayed");
  await page.keyboard.press("Enter");
  await page.waitForURL(/staffId=E-1/);
  check((await page.locator("tbody tr").count()) === 1, "one person's deliveries");
});

await test("without JavaScript one logs in, looks, acts and leaves", async () => {
  const plain = await browsing.page({ javaScriptEnabled: false });
  const { code } = await relay.login("佐藤", "operator");
  await plain.goto(`${relay.url}/monitor/login`);
  await plain.getByLabel("コードを入力してください").fill(code.toLowerCase());
  await plain.getByRole("button", { name: "ログインする" }).click();
  await plain.waitForURL(`${relay.url}/monitor`);
  await relay.accept(Array.from({ length: 60 }, (_, at) => updated(`MANY-${at}`)));
  await until("all arrive", async () => (await relay.command("status")).events.delivered >= 60);
  await plain.getByRole("link", { name: "送信の記録" }).click();
  await plain.getByRole("link", { name: "これより古いもの" }).click();
  check((await plain.locator("tbody tr").count()) > 0, "the next page has rows");
  // Many at once, after a question.
  await plain.goto(`${relay.url}/monitor/deliveries?status=delivered&staffId=MANY-7`);
  await plain.getByRole("link", { name: "1 件をもう一度送る" }).click();
  await plain.getByLabel("理由").fill("試験");
  await plain.getByRole("button", { name: "1 件を送る" }).click();
  await plain.locator(".told", { hasText: "1 件を送り直します" }).waitFor();
  await plain.goto(`${relay.url}/monitor/deliveries`);
  await plain.getByLabel("職員 ID").fill("E-1");
  await plain.getByRole("button", { name: "表示する" }).click();
  await plain.locator("tbody a", { hasText: "詳しく" }).first().click();
  await plain.getByRole("button", { name: "もう一度送る" }).click();
  await plain.locator(".told").waitFor();
  await plain.getByRole("button", { name: "ログアウト" }).click();
  await plain.locator("#told", { hasText: "ログアウトしました" }).waitFor();
  await plain.goBack();
  await plain.locator("#code").waitFor();
});

await test("the page says when the server is away, and goes on when it is back", async () => {
  await page.goto(`${relay.url}/monitor`);
  await relay.stop();
  await page.locator("#away").waitFor({ state: "visible", timeout: 40_000 });
  await browsing.picture(page, "away-ja");
  await relay.start();
  await page.locator("#away").waitFor({ state: "hidden", timeout: 90_000 });
});

await test("when a login is ended elsewhere, nothing of what was shown stays", async () => {
  const other = await browsing.page();
  await logIn(other, "佐々木", "viewer");
  await other.goto(`${relay.url}/monitor/deliveries`);
  await relay.command("monitor", "logout", "--name", "佐々木");
  await other.locator("#ended").waitFor({ state: "visible", timeout: 30_000 });
  check((await other.locator("main, #state, nav, .who, footer").count()) === 0, "what was shown stays");
  await browsing.picture(other, "ended-ja");
  await other.getByRole("link", { name: "ログインの画面へ" }).click();
  await other.locator("#code").waitFor();
});

await test("printed, it has what counts and no buttons", async () => {
  await page.emulateMedia({ media: "print" });
  check(!(await page.locator("header nav").isVisible()), "the navigation is gone");
  check(await page.locator("dl dd").first().isVisible(), "the definitions are there");
  await page.emulateMedia({ media: null });
});

const other = await testFiles(browsing, test);
check([...browsing.requests].every((origin) => [relay.url, other].includes(origin)), [...browsing.requests].join(" "));
await browsing.browser.close();
await relay.stop();
process.exit(0);
