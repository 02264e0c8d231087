// Opens every sample report of a folder in a real browser: node web/test/report.browser.mjs DIR
import assert from "node:assert/strict";
import { readdirSync, statSync } from "node:fs";
import { join, resolve } from "node:path";
import { pathToFileURL } from "node:url";
import { chromium } from "playwright-core";

const folder = process.argv[2];
assert.ok(folder, "which folder? report.browser.mjs DIR");
const files = readdirSync(folder).filter((name) => name.endsWith(".html")).map((name) => resolve(join(folder, name)));
assert.ok(files.length > 0, `no sample in ${folder}: cargo run -p counterpoint-report --example sample -- ${folder}`);

const browser = await chromium.launch({
  executablePath: process.env.CHROMIUM ?? "/usr/bin/chromium",
  args: ["--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking", "--disable-component-update", "--disable-sync"],
});

/** Opens a file, gives the page to the check, and fails on any message, error, dialog or request. */
async function open(file, options, check) {
  const context = await browser.newContext({ viewport: { width: 1200, height: 900 }, ...options });
  const page = await context.newPage();
  const bad = [];
  page.on("console", (message) => bad.push(`console ${message.type()}: ${message.text()}`));
  page.on("pageerror", (error) => bad.push(`page error: ${error.message}`));
  page.on("dialog", (dialog) => { bad.push(`dialog: ${dialog.message()}`); dialog.dismiss(); });
  page.on("request", (request) => { if (request.url() !== pathToFileURL(file).href) bad.push(`request: ${request.url()}`); });
  await page.goto(pathToFileURL(file).href);
  if (options.javaScriptEnabled !== false) await page.waitForSelector("html[data-drawn=yes]", { timeout: 60_000 });
  await check(page);
  assert.deepEqual(bad, [], `${file} ${JSON.stringify(options)}`);
  await context.close();
}

async function fitsItsWidth(page) {
  const [inner, outer] = await page.evaluate(() => [document.documentElement.scrollWidth, document.documentElement.clientWidth]);
  assert.ok(inner <= outer, `the page scrolls sideways: ${inner} > ${outer}`);
}

const checks = {
  async "every picture is drawn at every width and in both themes"(file) {
    for (const width of [360, 800, 1600]) {
      for (const colorScheme of ["light", "dark"]) {
        await open(file, { viewport: { width, height: 900 }, colorScheme }, async (page) => {
          const empty = await page.$$eval("figure[data-chart]", (figures) => figures.filter((f) => !f.querySelector("svg path, svg circle, svg line")).map((f) => f.dataset.chart));
          assert.deepEqual(empty, []);
          const broken = await page.$$eval("figure svg *", (all) => all.filter((e) => [...e.attributes].some((a) => /NaN|undefined|Infinity/.test(a.value))).map((e) => e.outerHTML.slice(0, 120)));
          assert.deepEqual(broken, [], "a mark has no place");
          await fitsItsWidth(page);
          const [paper, ink] = await page.evaluate(() => [getComputedStyle(document.body).backgroundColor, getComputedStyle(document.body).color]);
          const light = (colour) => colour.match(/\d+/g).slice(0, 3).reduce((a, b) => a + Number(b), 0) / 765;
          assert.equal(light(paper) > light(ink), colorScheme === "light");
        });
      }
    }
  },

  async "names from the data stay text"(file) {
    await open(file, {}, async (page) => {
      await page.$$eval("details", (all) => all.forEach((d) => { d.open = true; }));
      await page.waitForFunction(() => [...document.querySelectorAll("details.numbers:not([hidden])")].every((d) => d.querySelector("table")));
      assert.equal(await page.$$eval("img, iframe, object, embed, base, link", (all) => all.length), 0);
      assert.equal(await page.$$eval("script", (all) => all.length), 2);
      const names = await page.evaluate(() => JSON.parse(document.getElementById("report-data").textContent).drivers.map((d) => d.name));
      const shown = await page.$$eval("table.drivers .name", (all) => all.map((e) => e.textContent));
      for (const name of names) assert.ok(shown.includes(name), `${name} is not in the table`);
      const people = await page.evaluate(() => JSON.parse(document.getElementById("report-data").textContent).creators?.roster.map((c) => c.name) ?? []);
      const rows = await page.$$eval("table.roster tbody th .name", (all) => all.map((e) => e.textContent));
      assert.deepEqual([...rows].sort(), [...people].sort());
    });
  },

  async "the keyboard reaches every picture and reads its values"(file) {
    await open(file, {}, async (page) => {
      const reached = new Set();
      for (let i = 0; i < 400; i++) {
        await page.keyboard.press("Tab");
        const at = await page.evaluate(() => {
          const e = document.activeElement;
          return e?.closest?.("figure[data-chart]") && e.tagName.toLowerCase() === "svg" ? e.closest("figure").dataset.chart : e === document.body ? "end" : null;
        });
        if (at === "end" && i > 10) break;
        if (at) reached.add(at);
      }
      const all = await page.$$eval("figure[data-chart]", (figures) => figures.map((f) => f.dataset.chart));
      assert.deepEqual([...reached].sort(), all.sort());
      await page.focus("figure[data-chart=contributions] svg");
      await page.keyboard.press("Home");
      const first = await page.textContent("#tip b");
      await page.keyboard.press("ArrowRight");
      const second = await page.textContent("#tip b");
      assert.notEqual(first, second);
      assert.ok((await page.textContent("#said")).startsWith(second));
      await page.keyboard.press("Escape");
      assert.equal(await page.isVisible("#tip"), false);
      await page.focus("figure[data-chart=adstock] svg");
      await page.keyboard.press("ArrowDown");
      const panel = await page.evaluate(() => [...document.querySelectorAll("figure[data-chart=adstock] svg")].indexOf(document.activeElement));
      assert.equal(panel, 1);
    });
  },

  async "the pointer reads values, a driver can be picked, the table sorts, the theme switches"(file) {
    await open(file, {}, async (page) => {
      const svg = page.locator("figure[data-chart=fit] svg").first();
      await svg.scrollIntoViewIfNeeded();
      await page.waitForTimeout(300);
      await svg.hover();
      assert.ok((await page.textContent("#tip")).includes("expected"));
      await page.selectOption("#contributions select", { index: 2 });
      assert.ok((await page.getAttribute("figure[data-chart=contributions] svg", "aria-label")).includes("90% interval"));
      const spends = () => page.$$eval("table.drivers tbody tr", (rows) => rows.map((r) => r.cells[1].dataset.v).filter((v) => v !== undefined).map(Number));
      await page.click("table.drivers thead th:nth-child(2) button");
      assert.deepEqual(await spends(), (await spends()).sort((a, b) => b - a));
      await page.click("table.drivers thead th:nth-child(2) button");
      assert.deepEqual(await spends(), (await spends()).sort((a, b) => a - b));
      const before = await page.evaluate(() => getComputedStyle(document.body).backgroundColor);
      await page.click("#theme");
      assert.notEqual(await page.evaluate(() => getComputedStyle(document.body).backgroundColor), before);
    });
  },

  async "creators are there if the data have any: pictures, roster, fold, filter and reading"(file) {
    await open(file, {}, async (page) => {
      const creators = await page.evaluate(() => JSON.parse(document.getElementById("report-data").textContent).creators ?? null);
      const panels = ["dependence", "focus", "relationship", "monetisation"];
      const drawn = await page.$$eval("figure[data-chart]", (all) => all.map((f) => f.dataset.chart));
      assert.deepEqual(panels.filter((id) => drawn.includes(id)), creators ? panels : []);
      assert.equal(await page.locator("#creators, #roster, table.people").count() > 0, creators !== null);
      if (!creators) return;
      const visible = () => page.$$eval("table.roster tbody tr", (rows) => rows.filter((r) => r.offsetParent !== null).length);
      const n = creators.roster.length;
      assert.equal(await visible(), Math.min(30, n));
      await page.click("table.roster thead th:nth-child(5) button");
      assert.equal(await visible(), Math.min(30, n));
      const effects = await page.$$eval("table.roster tbody tr", (rows) => rows.map((r) => Number(r.cells[4].dataset.v)));
      assert.deepEqual(effects, [...effects].sort((a, b) => b - a));
      if (n > 30) {
        await page.click("#roster .choose button");
        assert.equal(await visible(), n);
      }
      if (n > 8 && await page.locator("#roster select").count() > 1) {
        await page.selectOption("#roster select >> nth=0", { label: "renew" });
        assert.equal(await visible(), creators.roster.filter((c) => c.verdict === "renew").length);
        await page.fill("#roster input", "no such name");
        assert.equal(await visible(), 0);
      }
      for (const chart of ["views-effect", "tracked"].filter((id) => drawn.includes(id))) {
        const svg = page.locator(`figure[data-chart=${chart}] svg`);
        await svg.focus();
        await page.keyboard.press("Home");
        const first = await page.textContent("#tip b");
        assert.ok(creators.roster.some((c) => c.name === first), `${chart} reads ${first}`);
        const apart = await svg.evaluate((element) => {
          const boxes = [...element.querySelectorAll(".dot-name")].map((e) => e.getBoundingClientRect());
          return boxes.every((a, i) => boxes.every((b, j) => i === j || a.right <= b.left || b.right <= a.left || a.bottom - 2 <= b.top || b.bottom - 2 <= a.top));
        });
        assert.ok(apart, `names overlap in ${chart}`);
      }
    });
  },

  async "plan and stress are there if the run has them: pictures, reading, sources and fold"(file) {
    for (const width of [390, 1200]) {
      await open(file, { viewport: { width, height: 900 }, reducedMotion: "reduce" }, async (page) => {
        const { plan = null, stress = null, verdict } = await page.evaluate(() => JSON.parse(document.getElementById("report-data").textContent));
        assert.equal(await page.locator("#plan").count(), plan ? 1 : 0);
        assert.equal(await page.locator("#stress").count(), stress ? 1 : 0);
        if (!plan || !stress) return;
        const read = async (chart) => {
          await page.focus(`figure[data-chart=${chart}] svg`);
          await page.keyboard.press("Home");
          return page.textContent("#tip");
        };
        const clipped = await page.$$eval("#plan figure svg .value, #stress figure svg .value", (all) => all.flatMap((e) => [...e.querySelectorAll("text")]).filter((e) => e.getBoundingClientRect().right > document.documentElement.clientWidth).map((e) => e.textContent));
        assert.deepEqual(clipped, [], "values leave the page");
        assert.match(await read("plan-drivers"), /plan.*last year.*change/);
        assert.match(await read("plan-calendar"), /runs in|when/);
        assert.match(await read("plan-curves"), /the plan brings in all/);
        if (plan.frontier.length > 1) {
          assert.match(await read("plan-frontier"), /expected profit.*worst tenth/);
          assert.equal(await page.locator("figure[data-chart=plan-frontier] svg circle[r='9.5']").count(), 1);
        }
        assert.match(await read("stress-dependence"), /share of effect/);
        const shock = await read("stress-shocks");
        assert.ok(shock.includes(stress.shocks[0].source) && shock.includes("chance a year, assumed"), shock);
        const rows = () => page.locator("figure[data-chart=stress-shocks] svg .row-name text").count();
        assert.equal(await rows(), Math.min(15, stress.shocks.length));
        if (stress.shocks.length > 15) {
          await page.click("#stress .choose button >> nth=-1");
          assert.equal(await rows(), stress.shocks.length);
        }
        await page.$$eval("#plan details, #stress details", (all) => all.forEach((d) => { d.open = true; }));
        assert.equal(await page.locator("#stress table.shocks tbody tr").count(), stress.shocks.length);
        const moved = plan.drivers.filter((d) => d.plan > 0 || d.last > 0 || d.posts > 0).map((d) => d.driver);
        assert.deepEqual((await page.$$eval("#plan table.plan-table .name", (all) => all.map((e) => e.textContent))).sort(), moved.sort());
        assert.equal(await page.getByText("it is expected to bring").count() > 0, verdict.status !== "fail");
        await fitsItsWidth(page);
      });
    }
  },

  async "without scripts the answer, the drivers and the waterfall are there"(file) {
    await open(file, { javaScriptEnabled: false, viewport: { width: 360, height: 800 } }, async (page) => {
      assert.ok((await page.textContent("h1")).length > 30);
      assert.ok((await page.locator("table.drivers tbody tr").count()) >= 3);
      assert.ok((await page.locator("#waterfall table tbody tr").count()) >= 5);
      const people = await page.evaluate(() => JSON.parse(document.getElementById("report-data").textContent).creators?.roster.length ?? 0);
      assert.equal(await page.locator("table.roster tbody tr:visible").count(), people);
      await fitsItsWidth(page);
    });
  },

  async "on paper every panel is drawn and nothing is folded away"(file) {
    await open(file, {}, async (page) => {
      const data = await page.evaluate(() => JSON.parse(document.getElementById("report-data").textContent).curves.length);
      await page.evaluate(() => window.dispatchEvent(new Event("beforeprint")));
      assert.equal(await page.locator("figure[data-chart=curves] svg").count(), data);
      if (await page.locator("#plan").count()) {
        const channels = await page.evaluate(() => { const { plan, curves } = JSON.parse(document.getElementById("report-data").textContent); return plan.drivers.filter((d) => d.kind === "channel" && curves.some((c) => c.driver === d.driver)).length; });
        assert.equal(await page.locator("figure[data-chart=plan-curves] svg").count(), channels);
      }
      await page.emulateMedia({ media: "print" });
      const people = await page.locator("table.roster tbody tr").count();
      assert.equal(await page.locator("table.roster tbody tr:visible").count(), people);
      await page.evaluate(() => window.dispatchEvent(new Event("afterprint")));
      assert.ok((await page.pdf({ format: "A4" })).length > 20_000);
    });
  },

  async "a failed fit says so before anything else"(file) {
    await open(file, {}, async (page) => {
      const failed = (await page.getAttribute("html", "data-status")) === "fail";
      assert.equal((await page.textContent("h1")).startsWith("Do not use these numbers"), failed);
      assert.equal((await page.title()).startsWith("FAILED"), failed);
      assert.equal(await page.locator(".verdict.fail").count(), failed ? 1 : 0);
      if (failed) {
        assert.equal(await page.locator(".tile").count(), 0);
        await page.evaluate(() => window.scrollTo(0, 4000));
        assert.ok(await page.locator(".verdict.fail").isVisible());
      }
    });
  },

  async "the file is smaller than 3 MB"(file) {
    assert.ok(statSync(file).size < 3_000_000, `${statSync(file).size} bytes`);
  },
};

// Two pages at a time: drawing one leaves a core idle.
const jobs = files.flatMap((file) => Object.entries(checks).map(([name, check]) => ({ file, name, check })));
let failures = 0;
async function work() {
  for (let job = jobs.shift(); job; job = jobs.shift()) {
    const label = `${job.file.split("/").pop()}: ${job.name}`;
    try {
      await job.check(job.file);
      console.log(`ok    ${label}`);
    } catch (error) {
      failures += 1;
      console.log(`FAIL  ${label}\n${error.stack}`);
    }
  }
}
await Promise.all([work(), work()]);
await browser.close();
process.exit(failures ? 1 : 0);
