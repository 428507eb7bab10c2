// A daemon, a receiver that answers as it is told, and a browser.
import { execFile, spawn } from "node:child_process";
import { mkdirSync, mkdtempSync, readFileSync, writeFileSync } from "node:fs";
import { createServer } from "node:http";
import { join } from "node:path";
import { setTimeout as pause } from "node:timers/promises";
import { promisify } from "node:util";
import { chromium } from "playwright-core";

const run = promisify(execFile);
const { RELAY, CHROMIUM, DIRECTORY, PICTURES, EVERY } = process.env;

export const check = (condition, told) => {
  if (!condition) throw new Error(told);
};

// What `question` answers, as soon as it is something.
export const until = async (told, question, seconds = 30) => {
  const end = Date.now() + seconds * 1000;
  for (;;) {
    const answer = await question();
    if (answer) return answer;
    check(Date.now() < end, `never: ${told}`);
    await pause(50);
  }
};

// VoiceDrive, as far as it matters here.
export class Receiver {
  status = 200;
  body = "{}";
  received = [];
  // What it answers to some: the status for the parsed body of a webhook, or nothing.
  answer = () => undefined;

  async start() {
    this.server = createServer((request, answer) => {
      let body = "";
      request.on("data", (part) => (body += part));
      request.on("end", () => {
        const event = JSON.parse(body);
        const status = this.answer(event) ?? this.status;
        this.received.push({ id: request.headers["x-request-id"], status, event, at: Date.now() });
        answer.writeHead(status, { "content-type": "application/json" });
        answer.end(this.body);
      });
    });
    await new Promise((done) => this.server.listen(0, "127.0.0.1", done));
    return `http://127.0.0.1:${this.server.address().port}/`;
  }
}

// Nothing is left behind, however a run ends.
const running = new Set();
process.on("exit", () => running.forEach((one) => one.kill("SIGKILL")));

const freePort = async () => {
  const server = createServer();
  await new Promise((done) => server.listen(0, "127.0.0.1", done));
  const { port } = server.address();
  await new Promise((done) => server.close(done));
  return port;
};

export const TOKEN = "a-static-token-of-this-run-and-no-other";

export class Relay {
  // `data`: where the database is, else in a directory of its own; `intervals`: of the retries, in seconds; `alerts`:
  // where messages go.
  constructor(url, { more = "", intervals = [1, 1], data, alerts } = {}) {
    this.directory = mkdtempSync(join(DIRECTORY, "relay-"));
    this.data = data ?? join(this.directory, "data");
    this.receiver = url;
    this.intervals = intervals;
    this.more = alerts ? `${more}\n[[alerts.channel]]\nkind = "webhook"\nurl = "ALERT_URL"` : more;
    this.alerts = alerts;
  }

  configure() {
    const toml = [
      "[server]", `listen = "127.0.0.1:${this.port}"`,
      "[storage]", `directory = "${this.data}"`,
      "[delivery]", `url = "${this.receiver}"`, 'profile = "unsigned"',
      "[retry]", `intervals_seconds = ${JSON.stringify(this.intervals)}`, this.more,
    ];
    writeFileSync(this.config, toml.join("\n") + "\n");
  }

  async start() {
    this.port ??= await freePort();
    this.url = `http://127.0.0.1:${this.port}`;
    this.config = join(this.directory, "config.toml");
    this.log = join(this.directory, "log");
    this.configure();
    mkdirSync(this.data, { recursive: true });
    const secrets = { RELAY_JWT_SECRET: "only-for-this-run-and-long-enough-for-it", VOICEDRIVE_API_TOKEN: TOKEN, ALERT_URL: this.alerts ?? "http://127.0.0.1:1/" };
    const environment = { ...process.env, ...secrets, LOG_LEVEL: "debug" };
    this.process = spawn(RELAY, ["serve", "--config", this.config], { env: environment, stdio: ["ignore", "ignore", "pipe"] });
    running.add(this.process);
    this.lines = this.lines ?? "";
    this.process.stderr.on("data", (part) => (this.lines += part));
    await until("the relay answers", () => fetch(`${this.url}/api/health`).then((a) => a.ok, () => false));
  }

  async stop() {
    const ended = new Promise((done) => this.process.once("exit", done));
    this.process.kill("SIGTERM");
    await ended;
  }

  async command(...words) {
    const { stdout } = await run(RELAY, [...words, "--config", this.config, "--json"]);
    return JSON.parse(stdout);
  }

  // With other intervals from now on.
  async retryAfter(intervals) {
    this.intervals = intervals;
    this.configure();
    await this.command("reload");
  }

  // What the API answers to a token for everything; it is made when it is needed first.
  async api(method, path, body, token) {
    this.token ??= (await this.command("token", "issue", "--subject", "test", "--scope", "admin")).token;
    const headers = { authorization: `Bearer ${token ?? this.token}`, "content-type": "application/json" };
    const answer = await fetch(`${this.url}${path}`, { method, headers, body: body && JSON.stringify(body) });
    const text = await answer.text();
    return { status: answer.status, text, data: text.startsWith("{") ? JSON.parse(text).data ?? JSON.parse(text) : undefined };
  }

  login(name, role, hours = "12") {
    return this.command("monitor", "login", "--name", name, "--role", role, "--hours", hours);
  }

  // Hands in many events at once; answers their ids.
  async accept(events) {
    this.token ??= (await this.command("token", "issue", "--subject", "tests", "--scope", "events:write")).token;
    const headers = { authorization: `Bearer ${this.token}`, "content-type": "application/json" };
    const answer = await fetch(`${this.url}/api/events/batch`, { method: "POST", headers, body: JSON.stringify(events) });
    check(answer.status === 202, `${answer.status}: events are accepted`);
    const { data } = await answer.json();
    return data.events.map((one) => one.id);
  }

  // A command that may end with another code than 0.
  async ended(...words) {
    const ending = run(RELAY, [...words, "--config", this.config, "--json"]);
    return ending.then(({ stdout }) => ({ code: 0, stdout }), ({ code, stdout }) => ({ code, stdout }));
  }

  send(event, staffId, data = {}) {
    const file = join(this.directory, "data.json");
    writeFileSync(file, JSON.stringify(data));
    return this.command("send", event, "--staff-id", staffId, "--data", file);
  }
}

export class Browsing {
  violations = [];
  requests = new Set();
  // Each address that was asked for, and its Referer.
  sent = [];
  // The longest that a page of the relay may be, in bytes.
  longest = 30_000;

  async start() {
    const options = { executablePath: CHROMIUM, args: ["--no-sandbox", "--disable-dev-shm-usage"] };
    this.browser = await chromium.launch(options);
  }

  // A page of a browser of its own, whose violations of the policy are noted.
  async page(options = {}) {
    const context = await this.browser.newContext({ locale: "ja-JP", timezoneId: "Asia/Tokyo", ...options });
    const page = await context.newPage();
    page.on("console", (message) => {
      if (/Content Security Policy|Refused to/.test(message.text())) this.violations.push(message.text());
    });
    page.on("pageerror", (error) => this.violations.push(String(error)));
    page.on("dialog", (dialog) => {
      this.violations.push(`dialog: ${dialog.message()}`);
      dialog.dismiss();
    });
    page.on("request", (request) => {
      this.requests.add(new URL(request.url()).origin);
      this.sent.push(`${request.url()} ${request.headers().referer ?? ""}`);
    });
    page.on("response", async (answer) => {
      if (!/html|css|javascript/.test(answer.headers()["content-type"] ?? "")) return;
      const bytes = (await answer.body().catch(() => "")).length;
      const most = answer.url().endsWith(".css") ? 12_000 : answer.url().endsWith(".js") ? 6_000 : this.longest;
      if (bytes > most) this.violations.push(`${answer.url()} has ${bytes} bytes`);
    });
    // What the policy has kept from happening.
    if (options.javaScriptEnabled === false) return page;
    await page.exposeFunction("violated", (told) => this.violations.push(told));
    await page.addInitScript(() => addEventListener("securitypolicyviolation", (event) => window.violated(`${event.violatedDirective} ${event.blockedURI}`)));
    return page;
  }

  // For the documentation: few, and small.
  async shown(page, name) {
    if (!PICTURES) return;
    mkdirSync(PICTURES, { recursive: true });
    const before = page.viewportSize();
    await page.setViewportSize({ width: 1000, height: 620 });
    await page.screenshot({ path: join(PICTURES, `${name}.png`) });
    await page.setViewportSize(before);
  }

  // To look at: each view as a whole.
  async picture(page, name) {
    if (!PICTURES || !EVERY) return;
    mkdirSync(PICTURES, { recursive: true });
    await page.screenshot({ path: join(PICTURES, `${name}.png`), fullPage: true });
  }

  async violationsOf(page) {
    const axe = readFileSync(join(DIRECTORY, "node_modules/axe-core/axe.min.js"), "utf8");
    // The policy lets no other script in, and a debugger's is none of the page's.
    await page.evaluate(axe);
    const found = await page.evaluate(() => window.axe.run(document));
    return found.violations.map((one) => `${one.id}: ${one.nodes.map((node) => node.html).join(" ")}`);
  }
}
