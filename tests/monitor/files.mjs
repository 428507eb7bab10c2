// Files at the page: a list of VoiceDrive's that is compared, and interview records. A relay of their own has 150 events.
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { Receiver, Relay, check, until } from "./relay.mjs";

const MARKUP = `<img src=x onerror=alert(1)>"'`;

export const testFiles = async (browsing, test) => {
  const receiver = new Receiver();
  const relay = new Relay(await receiver.start());
  await relay.start();
  const logIn = async (options, name, role) => {
    const page = await browsing.page(options);
    const { link } = await relay.login(name, role);
    await page.goto(link);
    await page.waitForURL(`${relay.url}/monitor`);
    return page;
  };
  const said = (page) => page.locator("#standing .first").innerText();
  const page = await logIn({}, "山田", "operator");
  const file = (name, content) => {
    const path = join(relay.directory, name);
    writeFileSync(path, content);
    return path;
  };
  const choose = async (on, path, button) => {
    await on.locator("#file").setInputFiles(path);
    await on.getByRole("button", { name: button }).click();
  };
  const compare = async (on, path) => {
    await on.goto(`${relay.url}/monitor/reconcile`);
    await choose(on, path, "比べる");
  };
  const pictures = async (path, name) => {
    for (const language of ["ja", "en"]) {
      await page.goto(`${relay.url}${path}${path.includes("?") ? "&" : "?"}lang=${language}`);
      await browsing.picture(page, `${name}-${language}`);
    }
    await page.goto(`${relay.url}${path}${path.includes("?") ? "&" : "?"}lang=ja`);
  };

  await test("without a comparison and without interviews the page says what to do", async () => {
    await pictures("/monitor/reconcile", "reconcile-empty");
    check((await said(page)).includes("まだ一度も突き合わせていません"), await said(page));
    await pictures("/monitor/interviews", "interviews-empty");
    check((await said(page)).includes("面談の記録はありません"), await said(page));
  });

  const event = (number, type) => ({ event: type, staffId: `E-${number}`, data: { number } });
  const of = (number) => {
    if (number === 20 || number === 21) return event(number, "employee.refused");
    return event(number, number === 30 ? "employee.photo.updated" : "employee.updated");
  };
  receiver.answer = (event) => (event.event === "employee.refused" ? 500 : 200);
  const ids = await relay.accept(Array.from({ length: 149 }, (_, number) => of(number)));
  await until("all have ended", async () => {
    const { events } = await relay.command("status");
    return events.delivered === 147 && events.exhausted === 2;
  });
  ids.push(...(await relay.accept([event(149, "employee.updated")])));
  await until("the last one arrives", async () => (await relay.command("status")).events.delivered === 148);
  receiver.answer = () => 200;

  const lost = [3, 40, 41, 42, 99].map((number) => ids[number]);
  const foreign = "019a1dd0-9400-7000-8000-000000000001".replace("019a1dd0-9400", ids[50].slice(0, 13));
  // As VoiceDrive's table is exported by a Japanese spreadsheet: Shift_JIS, with line feeds and quotes in its cells.
  const employee = Buffer.from([0x90, 0x45, 0x88, 0xf5]).toString("latin1");
  const list = (left) => {
    const rows = [...ids, foreign].filter((id) => !left.includes(id)).map((id) => {
      const number = ids.indexOf(id);
      if (number === 20) return `${id},failed,0,"${employee}, ""x""\r\n${employee}"`;
      if (number === 21) return `${id},success,1,`;
      return `${id},success,${number === 30 ? 0 : 1},`;
    });
    return Buffer.from(["requestId,processingStatus,userFound,errorMessage", ...rows].join("\r\n") + "\r\n", "latin1");
  };

  await test("a list in Shift_JIS finds exactly what is missing, and the command finds the same", async () => {
    await compare(page, file("webhook_logs.csv", list(lost)));
    await page.waitForURL(/reconcile\/0/);
    // The five, and the one that failed at both sides; of the picture nothing came.
    check((await said(page)).includes("届いていないものが 6 件"), await said(page));
    const rows = await page.locator("#findings tbody tr a[href^='/monitor/deliveries/']").evaluateAll((all) => all.map((one) => one.getAttribute("href").split("/").pop()));
    check([...rows].sort().join() === [...lost, ids[20], ids[30]].sort().join(), rows.join(" "));
    check((await page.locator("main").innerText()).includes(foreign), "the foreign one is named");
    check((await page.locator("h2", { hasText: "応答だけが失われ" }).count()) === 1, "what has arrived is named");
    await browsing.picture(page, "compared-trouble-ja");
    const { code, stdout } = await relay.ended("reconcile", join(relay.directory, "webhook_logs.csv"));
    const found = JSON.parse(stdout);
    check(code === 1 && found.missing.length === 6 && found.noEffect.length === 1 && found.unknown.length === 1, `${code} ${stdout}`);
    await pictures("/monitor/reconcile", "reconcile-trouble");
    check((await said(page)).includes("届いていないものが 5 件"), await said(page));
  });

  await test("what is missing is sent again with a reason, and the next list ends it", async () => {
    await page.goto(`${relay.url}/monitor/reconcile`);
    await page.getByRole("link", { name: "5 件をもう一度送る" }).click();
    await browsing.picture(page, "reconcile-resend-ja");
    await page.getByLabel("理由").fill("記録の欠落が見つかったため");
    const before = receiver.received.length;
    await page.getByRole("button", { name: "5 件を送る" }).click();
    await page.locator(".told", { hasText: "もう一度送ります" }).waitFor();
    await until("they arrive again", () => receiver.received.length >= before + 5);
    await until("they are delivered", async () => (await relay.command("status")).events.retrying === 0);
    await pictures("/monitor/reconcile", "reconcile-waiting");
    const others = await page.locator("#standing").innerText();
    check(others.includes("届いていなかった 5 件を、もう一度送りました"), others);
    const { items } = await relay.command("audit");
    check(items.some((one) => one.action === "reconcile" && one.who === "山田" && one.reason === "記録の欠落が見つかったため" && one.count === 5), JSON.stringify(items));
    // A second attempt had the person there.
    await relay.command("resend", ids[30]);
    await until("the picture arrives again", async () => (await relay.command("status")).events.retrying === 0);
    await compare(page, file("webhook_logs.csv", list([])));
    await page.waitForURL(/reconcile\/0/);
    await pictures("/monitor/reconcile", "reconcile-fine");
    check((await said(page)).includes("送信できていないものが 1 件"), await said(page));
    await page.goto(`${relay.url}/monitor/incidents`);
    const open = await page.locator("#open").innerText();
    check(!open.includes("届いていないイベント"), open);
  });

  await test("what is no list is refused with its lines, and text of others stays text", async () => {
    await compare(page, file(`${MARKUP.replaceAll("/", "")}.csv`, `requestId\n${ids[0]}\n${MARKUP}\n`));
    await page.locator("h1", { hasText: "ファイルを受け付けられませんでした" }).waitFor();
    const told = await page.locator("main").innerText();
    check(told.includes("3 行目") && told.includes("<img src=x"), told);
    check((await page.locator("main img").count()) === 0, "an element came of it");
    await browsing.picture(page, "upload-refused-ja");
    await page.getByRole("link", { name: "前の画面へ戻る" }).click();
    await page.waitForURL(/reconcile$/);
  });

  await test("without JavaScript a list is compared too", async () => {
    const plain = await browsing.page({ javaScriptEnabled: false });
    const { code } = await relay.login("佐藤", "operator");
    await plain.goto(`${relay.url}/monitor/login`);
    await plain.getByLabel("コードを入力してください").fill(code);
    await plain.getByRole("button", { name: "ログインする" }).click();
    await compare(plain, file("ids.txt", ids.join("\n") + "\n"));
    await plain.waitForURL(/reconcile\/0/);
    await plain.context().close();
  });

  const day = (days) => new Date(Date.now() + days * 86_400_000).toLocaleDateString("sv", { timeZone: "Asia/Tokyo" }).replaceAll("-", "/");
  const heading = "面談ID,職員ID,職員名,種別,面談日時,状態,時間(分),施設,部署,理由";
  const record = (number, state, reason = "") => `int-${number},EMP-${number},面談 ${number}子,${number % 3 ? "定期" : "支援"},${day(number % 5 - 4)} 10:${10 + number % 50},${state},45,facility-a,ward-3,${reason}`;
  const records = Array.from({ length: 60 }, (_, number) => record(number, number % 9 === 4 ? "無断欠席" : "実施済み"));

  await test("a file of interviews is imported after a look at what it changes", async () => {
    const rows = [`int-x,EMP-X,"${MARKUP.replaceAll('"', '""')}",定期,${day(-1)} 9:00,予定,,,,`, ...records];
    await page.goto(`${relay.url}/monitor/interviews`);
    await choose(page, file("面談.csv", "\ufeff" + [heading, ...rows].join("\r\n")), "何が変わるか");
    await page.waitForURL(/preview/);
    const told = await page.locator("main").innerText();
    check(/新規\s*61/.test(told) && told.includes("<img src=x") && told.includes("ほか 41 件"), told);
    check((await page.content()).length < 30_000, "the preview is small");
    await browsing.picture(page, "preview-ja");
    check((await relay.command("export", "interviews", "-").catch(() => [])).length !== 61, "nothing is imported yet");
    const preview = page.url();
    await page.getByRole("button", { name: "61 件を取り込む" }).click();
    await page.locator(".told", { hasText: "新規 61 件、変更 0 件" }).waitFor();
    check((await said(page)).includes("「予定」のままの面談が 1 件"), await said(page));
    await pictures("/monitor/interviews", "interviews-busy");
    await page.getByRole("link", { name: "記録待ちの面談を見る" }).click();
    await page.waitForURL(/status=past_due/);
    check((await page.locator("#rows tbody tr").count()) === 1, "the one that waits for its record");
    // What was imported cannot be imported again by going back.
    await page.goto(preview);
    await page.getByText("確認の期限").waitFor();
  });

  await test("numbers of interviews are doors to as many records", async () => {
    await page.goto(`${relay.url}/monitor/interviews`);
    for (const name of ["記録待ち", "無断欠席"]) {
      const tab = page.locator(".tabs a", { hasText: name });
      const count = Number(await tab.locator(".count").innerText());
      await tab.click();
      check(count > 0 && (await page.locator("#rows tbody tr").count()) === count, `${name}: ${count}`);
    }
    await browsing.picture(page, "interviews-no-show-ja");
  });

  await test("a file that changes something says what, and one with mistakes says where", async () => {
    await page.goto(`${relay.url}/monitor/interviews`);
    await choose(page, file("2.csv", [heading, records[1], record(2, "中止", "本人の希望")].join("\n")), "何が変わるか");
    await page.waitForURL(/preview/);
    const changes = await page.locator("main").innerText();
    check(/変更\s*1/.test(changes) && /変更なし\s*1/.test(changes) && changes.includes("状態: 実施済み → 中止"), changes);
    await browsing.picture(page, "preview-changes-ja");
    await page.goto(`${relay.url}/monitor/interviews`);
    await choose(page, file("3.csv", [heading, record(3, "たぶん"), `int-4,,${MARKUP},定期,いつか,予定,,,,`].join("\n")), "何が変わるか");
    await page.waitForURL(/preview/);
    const bad = await page.locator("main").innerText();
    check(bad.includes("2 件に誤りがあるため") && bad.includes("状態") && !bad.includes("--"), bad);
    check((await page.locator("main form").count()) === 0, "it cannot be imported");
    await browsing.picture(page, "preview-mistakes-ja");
    await page.goto(`${page.url()}?lang=en`);
    await browsing.picture(page, "preview-mistakes-en");
    await page.goto(`${relay.url}/monitor/interviews?lang=ja`);
  });

  await test("whoever only looks can neither compare nor import", async () => {
    const viewer = await logIn({}, "受付", "viewer");
    for (const path of ["/reconcile", "/interviews"]) {
      await viewer.goto(`${relay.url}/monitor${path}`);
      check((await viewer.locator("main form[method=post]").count()) === 0, `${path} has a form`);
      const posted = await viewer.evaluate(async (to) => {
        const body = new FormData();
        body.set("file", new File(["x"], "x.csv"));
        return (await fetch(to, { method: "POST", body })).status;
      }, `/monitor${path}`);
      check(posted === 403, `${path}: ${posted}`);
    }
    await browsing.picture(viewer, "interviews-viewer-ja");
    await viewer.context().close();
  });

  await test("the views of files have no obstacle that axe knows, narrow, dark, with large text and forced colours", async () => {
    const settings = [{ viewport: { width: 320, height: 800 } }, { colorScheme: "dark" }, { forcedColors: "active" }, { viewport: { width: 640, height: 800 }, deviceScaleFactor: 2 }];
    for (const options of settings) {
      const other = await logIn(options, "山田", "operator");
      await other.goto(`${relay.url}/monitor/interviews`);
      await choose(other, file("4.csv", [heading, record(2, "中止", "本人の希望")].join("\n")), "何が変わるか");
      await other.waitForURL(/preview/);
      const preview = new URL(other.url()).pathname;
      await other.goto(`${relay.url}/monitor/reconcile`);
      const result = await other.locator("#history a").last().getAttribute("href");
      for (const path of ["/monitor/reconcile", result, "/monitor/interviews", preview]) {
        await other.goto(`${relay.url}${path}`);
        await other.evaluate(() => document.querySelectorAll("details").forEach((one) => (one.open = true)));
        const found = await browsing.violationsOf(other);
        check(found.length === 0, `${path} ${JSON.stringify(options)}: ${found.join("\n")}`);
        const wide = await other.evaluate(() => document.documentElement.scrollWidth - innerWidth);
        check(wide <= 0, `${path} ${JSON.stringify(options)}: ${wide} pixels too wide`);
        await browsing.picture(other, `${path.split("/")[2]}${path.split("/").length > 3 ? "-one" : ""}-${Object.keys(options)[0]}-${settings.indexOf(options)}`);
      }
      await other.context().close();
    }
  });

  await test("by keyboard alone a file is compared", async () => {
    await page.goto(`${relay.url}/monitor/reconcile`);
    await page.locator("#file").setInputFiles(join(relay.directory, "ids.txt"));
    await page.locator("#file").focus();
    const stops = [];
    for (let stop = 0; stop < 3; stop += 1) {
      await page.keyboard.press("Tab");
      stops.push(await page.evaluate(() => document.activeElement.tagName));
    }
    check(stops.includes("SUMMARY") && stops.includes("BUTTON"), stops.join());
    await page.getByRole("button", { name: "比べる" }).focus();
    await page.keyboard.press("Enter");
    await page.waitForURL(/reconcile\/0/);
  });

  await relay.stop();
  return relay.url;
};
