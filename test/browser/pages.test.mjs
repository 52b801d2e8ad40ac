// Every page, as different people see it: in Korean and in English, on a phone and in the dark.
import { after, before, describe, test } from "node:test";
import { api, base, judge, looks, open, seat, signIn } from "./browser.mjs";
import { pages, places } from "./pages.mjs";

let browser, known;
before(async () => {
  browser = await open();
  known = await places(api);
});
after(() => browser?.close());

describe("every page", { concurrency: 2 }, () => {
  for (const look of Object.keys(looks)) {
    test(look, async (t) => {
      for (const [role, paths] of Object.entries(pages)) {
        const { context, page, complaints } = await seat(browser, look);
        if (role !== "nobody") await signIn(page, role);
        for (const path of paths) {
          await t.test(`${role} ${path}`, async () => {
            const reply = await page.goto(base + path.replace(/:([a-z]+)/g, (_, name) => known[name]));
            if (reply.status() !== 200) throw new Error(`the page has status ${reply.status()}`);
            await page.evaluate(() => document.fonts.ready);
            await judge(page, complaints, `${role}${path.replace(/[^a-z0-9]+/gi, "-")}-${look}`);
          });
        }
        await context.close();
      }
    });
  }
});
