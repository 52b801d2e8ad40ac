// A browser on the demo, and what every page of it has to be.
import { chromium } from "playwright-core";
import { mkdirSync, readFileSync } from "node:fs";
import { createRequire } from "node:module";
import assert from "node:assert/strict";

export const demo = JSON.parse(readFileSync(process.env.CREDITMSG_DEMO));
export const base = demo.api_url;
const axe = readFileSync(createRequire(import.meta.url).resolve("axe-core/axe.min.js"), "utf8");
mkdirSync("pictures", { recursive: true });

const flags = ["--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking", "--disable-component-update", "--disable-sync"];

// open starts Chromium, which now and then dies while it starts, before any page of ours.
export async function open() {
  for (let left = 3; ; left--) {
    try {
      return await chromium.launch({ executablePath: process.env.CHROMIUM ?? "/usr/bin/chromium", args: flags });
    } catch (error) {
      if (left === 0) throw error;
    }
  }
}

// Looks are how somebody may see a page: each language, a wide window and a phone, light and dark are in
// two of them. CREDITMSG_PROOF=1 has all there are.
const wide = { viewport: { width: 1280, height: 800 } }, phone = { viewport: { width: 390, height: 844 } };
const some = { "ko-wide-light": { locale: "ko-KR", ...wide, colorScheme: "light" }, "en-phone-dark": { locale: "en-US", ...phone, colorScheme: "dark" } };
const rest = {
  "ko-wide-dark": { locale: "ko-KR", ...wide, colorScheme: "dark" }, "ko-phone-light": { locale: "ko-KR", ...phone, colorScheme: "light" },
  "ko-phone-dark": { locale: "ko-KR", ...phone, colorScheme: "dark" }, "en-wide-light": { locale: "en-US", ...wide, colorScheme: "light" },
  "en-wide-dark": { locale: "en-US", ...wide, colorScheme: "dark" }, "en-phone-light": { locale: "en-US", ...phone, colorScheme: "light" },
};
export const looks = process.env.CREDITMSG_PROOF ? { ...some, ...rest } : some;

// seat is a person at a page, and all that the browser complained of meanwhile.
export async function seat(browser, look = "ko-wide-light", more = {}) {
  const context = await browser.newContext({ ...looks[look], timezoneId: "Asia/Seoul", ...more });
  const page = await context.newPage();
  page.setDefaultTimeout(15_000);
  const complaints = [];
  page.on("console", (m) => ["error", "warning"].includes(m.type()) && complaints.push(`${m.type()}: ${m.text()}`));
  page.on("pageerror", (e) => complaints.push(`uncaught: ${e.message}`));
  page.on("request", (r) => /^(data|blob):/.test(r.url()) || r.url().startsWith(base) || complaints.push(`asks another host: ${r.url()}`));
  return { context, page, complaints };
}

// api asks the API as the site demo-rich.
export async function api(path, init = {}) {
  const reply = await fetch(base + path, { ...init, headers: { Authorization: `Bearer ${demo.tokens["demo-rich"]}`, "Content-Type": "application/json", ...init.headers } });
  if (!reply.ok) throw new Error(`${path}: ${reply.status} ${await reply.text()}`);
  return reply.json();
}

export async function signIn(page, role) {
  const who = demo.logins.find((l) => l.role === role);
  await page.goto(`${base}/console/sign-in`);
  await page.fill("[name=email]", who.email);
  await page.fill("[name=password]", who.password);
  await Promise.all([page.waitForURL((url) => !url.pathname.endsWith("/sign-in")), page.click("form[action$=sign-in] button")]);
}

// judge wants of a page what holds for all: no violation that axe finds, nothing that is wider than
// the window, and no complaint of the browser.
export async function judge(page, complaints, name) {
  await page.screenshot({ path: `pictures/${name}.png`, fullPage: true });
  const found = await page.evaluate(async (source) => {
    (0, eval)(source);
    const { violations } = await axe.run();
    return violations.map((v) => `${v.id}: ${v.nodes.map((n) => `${n.target.join(" ")} ${n.failureSummary.split("\n")[1] ?? ""}`).slice(0, 3).join(" | ")}`);
  }, axe);
  const wide = await page.evaluate(() => document.documentElement.scrollWidth - innerWidth);
  assert.deepEqual({ found, wide: Math.max(0, wide), complaints: complaints.splice(0) }, { found: [], wide: 0, complaints: [] }, name);
}
