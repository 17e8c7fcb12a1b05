// Holds finished web pages against WCAG in one browser: axe-core at two widths, console, requests, sideways scroll and
// the keyboard. Paths of pages as a JSON list on standard input; for each page one JSON object on standard output:
// {page, stops: how many stops the keyboard made, findings: [{width, rule, where}]}. `where` is a selector, an address
// or what the browser says on the console, never the text of a page.
import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { pathToFileURL } from "node:url";
import { chromium } from "playwright-core";

const AXE = readFileSync(createRequire(import.meta.url).resolve("axe-core/axe.min.js"), "utf8");
const IN_PAGE = readFileSync(new URL("in_page.js", import.meta.url), "utf8");
const TAGS = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"];
const RUN_AXE = `axe.run(document, {
  runOnly: {type: "tag", values: ${JSON.stringify(TAGS)}}, resultTypes: ["violations"], preload: false
}).then(({violations}) => violations.flatMap(({id, nodes}) => nodes.map(({target}) => [id, target.flat().join(" ")])))`;
// No name is looked up: what a page asks for outside is seen, and does not come. Tests may run as root in a container.
const FLAGS = ["--host-resolver-rules=MAP * ~NOTFOUND", "--no-sandbox", "--disable-gpu", "--disable-quic"];
// Room for short-lived objects and no last round of compiling: somewhat less work, nothing else changes.
const SPEED = "--js-flags=--min-semi-space-size=64 --max-semi-space-size=128 --no-turbofan";
const WIDE = { width: 1280, height: 900 };
const NARROW = { width: 320, height: 700 };
const AT_ONCE = 2;

// A world of our own beside the page's scripts: the policy of the page stays as it is shipped.
async function isolated(session) {
  const { frameTree } = await session.send("Page.getFrameTree");
  const world = await session.send("Page.createIsolatedWorld", { frameId: frameTree.frame.id });
  const fixed = { contextId: world.executionContextId, awaitPromise: true, returnByValue: true };
  return async (expression) => {
    const said = await session.send("Runtime.evaluate", { expression, ...fixed });
    if (said.exceptionDetails) throw new Error(said.exceptionDetails.exception?.description ?? said.exceptionDetails.text);
    return said.result.value;
  };
}

// Tab through every stop, open and close what folds, and one Tab more to leave.
async function tabbed(evaluate, page) {
  const stops = await evaluate("keyboard.begin()");
  for (const kind of stops) {
    await page.keyboard.press("Tab");
    if (kind === "summary") {
      await page.keyboard.press("Enter");
      await page.keyboard.press("Enter");
    }
  }
  await page.keyboard.press("Tab");
  return stops.length;
}

async function held(page, session, path) {
  const address = pathToFileURL(path).href;
  const findings = [];
  const tell = (width, pairs) => findings.push(...pairs.map(([rule, where]) => ({ width, rule, where })));
  const heard = {
    console: (said) => ["error", "warning"].includes(said.type()) && tell(WIDE.width, [["console", said.text()]]),
    pageerror: (error) => tell(WIDE.width, [["console", error.message]]),
    request: (asked) => {
      if (asked.url() !== address && !asked.url().startsWith("data:")) tell(WIDE.width, [["request", asked.url()]]);
    },
  };
  for (const [event, listener] of Object.entries(heard)) page.on(event, listener);
  await page.goto(address);
  const evaluate = await isolated(session);
  await evaluate(AXE);
  await evaluate(IN_PAGE);
  tell(WIDE.width, [...(await evaluate(RUN_AXE)), ...(await evaluate("layout()"))]);
  await page.setViewportSize(NARROW);
  tell(NARROW.width, [...(await evaluate(RUN_AXE)), ...(await evaluate("layout()"))]);
  await page.setViewportSize(WIDE);
  const stops = await tabbed(evaluate, page);
  tell(WIDE.width, await evaluate("keyboard.findings()"));
  for (const [event, listener] of Object.entries(heard)) page.off(event, listener);
  return { page: path, stops, findings };
}

const waiting = JSON.parse(readFileSync(0, "utf8"));
const browser = await chromium.launch({ executablePath: process.env.CHROMIUM, args: [...FLAGS, SPEED] });
async function work() {
  const context = await browser.newContext({ viewport: WIDE });
  const page = await context.newPage();
  const session = await context.newCDPSession(page);
  for (let path = waiting.shift(); path !== undefined; path = waiting.shift()) {
    console.log(JSON.stringify(await held(page, session, path)));
  }
}
try {
  await Promise.all(Array.from({ length: AT_ONCE }, work));
} finally {
  await browser.close();
}
