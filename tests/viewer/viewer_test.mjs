// The page in Chromium, as its readers use it: from file:// with a file chosen, and from `gansweep view` while a sweep runs.
//
//     node viewer_test.mjs PROGRAM SOURCE_ROOT [FOLDER_FOR_SCREENSHOTS]
import assert from "node:assert/strict";
import { execFileSync, spawn } from "node:child_process";
import { existsSync, mkdtempSync, rmSync, statSync, writeFileSync } from "node:fs";
import { createRequire } from "node:module";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import test, { after, before } from "node:test";

const [program, source] = process.argv.slice(2, 4).map((path) => resolve(path));
const screenshots = process.argv[4];
const { chromium } = createRequire(join(source, "build/viewer/"))("playwright-core");
const page = join(source, "build/viewer/viewer.html");
const folder = mkdtempSync(join(tmpdir(), "gansweep-viewer-"));
const inFolder = (name) => join(folder, name);
let browser;

const sweep = (name, experiment, ...options) =>
  execFileSync(program, ["run", join(source, "experiments", experiment), "-o", inFolder(name), "-q", "--force", ...options]);

before(async () => {
  browser = await chromium.launch({ executablePath: "/usr/bin/chromium", args: ["--no-sandbox", "--enable-unsafe-swiftshader"] });
});

after(async () => {
  await browser?.close();
  rmSync(folder, { recursive: true });
});

/** A page that fails the test on any error, and on anything that it asks from elsewhere. */
async function open(address, options = {}) {
  const context = await browser.newContext({ viewport: { width: 1280, height: 850 }, ...options });
  const opened = await context.newPage();
  opened.problems = [];
  opened.on("pageerror", (error) => opened.problems.push(error.message));
  opened.on("console", (message) => message.type() === "error" && opened.problems.push(message.text()));
  opened.on("request", (request) => {
    if (!/^(file|blob|data):/.test(request.url()) && !request.url().startsWith("http://127.0.0.1:")) {
      opened.problems.push(`asks for ${request.url()}`);
    }
  });
  await opened.goto(address);
  return opened;
}

async function close(opened) {
  assert.deepEqual(opened.problems, []);
  await opened.context().close();
}

const choose = (opened, path) => opened.setInputFiles("input[type=file]", path);
const shot = async (opened, name) => screenshots && (await opened.screenshot({ path: join(screenshots, `${name}.png`), fullPage: true }));
const sweepView = async (opened) => {
  await opened.getByRole("tab", { name: "Sweep" }).click();
  await opened.locator(".sweep figure").first().waitFor();
};

/** How many colours the middle half of a drawing has: axes and labels stand outside of it. */
async function colours(opened) {
  const png = await opened.locator("canvas").first().screenshot();
  return opened.evaluate(async (source) => {
    const image = new Image();
    image.src = source;
    await image.decode();
    const { width, height } = image, canvas = new OffscreenCanvas(width, height), context = canvas.getContext("2d");
    context.drawImage(image, 0, 0);
    const pixels = new Uint32Array(context.getImageData(width / 4, height / 4, width / 2, height / 2).data.buffer);
    return new Set(pixels).size;
  }, `data:image/png;base64,${png.toString("base64")}`);
}

test("a chosen file is shown at its first plot, and a click on the map shows a configuration", async () => {
  sweep("rates.h5", "learning-rates.yaml", "--set", "seed=1:8");
  const opened = await open(`file://${page}`);
  await shot(opened, "choose");
  await choose(opened, inFolder("rates.h5"));
  await opened.locator("canvas").first().waitFor();
  await opened.getByText("Share at 0.693 / 0.693: 648 trainings").first().waitFor();
  await opened.getByText("log10 of lr_D").first().waitFor();
  await opened.waitForTimeout(500);
  assert.ok((await colours(opened)) > 6); // shares of 8 seeds: nine are possible, and an empty canvas has one
  await shot(opened, "plots");
  await sweepView(opened);
  assert.equal(await opened.locator(".cell").count(), 81);
  await opened.locator('.cell[data-cell="40"]').click();
  await opened.getByRole("heading", { name: "Configuration 40: lr_D 0.05, lr_G 0.005" }).waitFor();
  await opened.locator(".generated").nth(99).waitFor();
  assert.equal(await opened.locator("circle.real").count(), 100);
  assert.equal(await opened.locator("path.true-law").count(), 2);
  assert.equal(await opened.locator("path.own-law").count(), 2);
  const trial = Number(await opened.getByLabel("trial", { exact: true }).inputValue());
  assert.equal(trial, 40 * 8);
  await shot(opened, "sweep");
  // The numbers are the file's.
  const shown = execFileSync(program, ["show", inFolder("rates.h5"), String(trial)], { encoding: "utf8" });
  const error = await opened.locator("tr", { hasText: "Covariance error" }).locator("td").innerText();
  const expected = Number(shown.match(/covariance error\s+([\d.e+-]+)/i)[1]);
  assert.ok(Math.abs(Number(error) - expected) <= 0.001 * expected + 5e-4, `${error} ${expected}`);
  await opened.getByRole("button", { name: "next trial" }).click();
  await opened.locator("tr", { hasText: "Seed" }).locator("td", { hasText: "2" }).waitFor();
  // By keyboard: arrows move in the map.
  await opened.locator(".grid-map").focus();
  await opened.keyboard.press("ArrowRight");
  await opened.getByRole("heading", { name: "lr_D 0.1581, lr_G 0.005" }).waitFor();
  await opened.keyboard.press("ArrowUp");
  await opened.getByRole("heading", { name: "lr_D 0.1581, lr_G 0.01581" }).waitFor();
  await opened.getByRole("radio", { name: "Median Fréchet distance" }).click();
  await opened.locator('.grid-map[aria-label^="Median Fréchet distance"]').waitFor();
  await close(opened);
});

test("a shard's trials have the numbers that they have in the experiment", async () => {
  sweep("shard.h5", "learning-rates.yaml", "--set", "seed=1:8", "--shard", "2/3"); // trials 208 to 431
  const opened = await open(`file://${page}`);
  await choose(opened, inFolder("shard.h5"));
  await sweepView(opened);
  await opened.locator('.cell[data-cell="40"]').click();
  await opened.getByRole("heading", { name: "Configuration 40: lr_D 0.05, lr_G 0.005" }).waitFor();
  await opened.locator(".generated").nth(99).waitFor();
  const trial = Number(await opened.getByLabel("trial", { exact: true }).inputValue());
  assert.equal(trial, 40 * 8);
  const shown = execFileSync(program, ["show", inFolder("shard.h5"), String(trial)], { encoding: "utf8" });
  const error = Number(await opened.locator("tr", { hasText: "Covariance error" }).locator("td").innerText());
  const expected = Number(shown.match(/covariance error\s+([\d.e+-]+)/i)[1]);
  assert.ok(Math.abs(error - expected) <= 0.001 * expected + 5e-4, `${error} ${expected}`);
  await close(opened);
});

test("real points are those that the trainer draws", async () => {
  sweep("one.h5", "smoke.yaml", "--set", "seed=5");
  const opened = await open(`file://${page}`);
  await choose(opened, inFolder("one.h5"));
  await sweepView(opened);
  await opened.locator("circle.real").nth(99).waitFor();
  const python = `import h5py, json; p = h5py.File(${JSON.stringify(inFolder("one.h5"))})["plots/samples_best"]
print(json.dumps([list(map(float, p[name][:])) for name in "xy"]))`;
  const [x, y] = JSON.parse(execFileSync("/usr/bin/python3", ["-c", python], { encoding: "utf8" }));
  const points = await opened.locator("circle.real").evaluateAll((all) => all.map((one) => [one.cx.baseVal.value, one.cy.baseVal.value]));
  // The axes are linear: places on the screen must be a linear function of the numbers.
  for (const [numbers, places] of [[x, points.map((point) => point[0])], [y, points.map((point) => point[1])]]) {
    const slope = (places[1] - places[0]) / (numbers[1] - numbers[0]);
    places.forEach((place, i) => assert.ok(Math.abs(place - places[0] - slope * (numbers[i] - numbers[0])) < 0.05, `point ${i}`));
  }
  await close(opened);
});

test("one configuration, one varied setting, no samples, one component", async () => {
  const opened = await open(`file://${page}`, { colorScheme: "dark", viewport: { width: 390, height: 800 } });
  sweep("one.h5", "smoke.yaml", "--set", "seed=5");
  sweep("batch.h5", "batch-sizes.yaml", "--set", "seed=1:4");
  for (const [name, cells] of [["one.h5", 0], ["batch.h5", 9]]) {
    await choose(opened, inFolder(name));
    await opened.locator("canvas").first().waitFor();
    await sweepView(opened);
    assert.equal(await opened.locator(".cell").count(), cells);
    assert.ok((await opened.evaluate(() => document.documentElement.scrollWidth)) <= 390, "no scrolling sideways");
    await shot(opened, `narrow-${name}`);
    await opened.getByRole("button", { name: "Other file" }).click();
  }
  writeFileSync(inFolder("flat.yaml"), "data: {law: gaussian, A: [[2]], b: [1], n: 50}\nkeep: {samples: 0}\nparameters: {seed: {range: [1, 5]}}\n");
  execFileSync(program, ["run", inFolder("flat.yaml"), "-o", inFolder("flat.h5"), "-q"]);
  await choose(opened, inFolder("flat.h5"));
  await sweepView(opened);
  await opened.locator("tr", { hasText: "Covariance error" }).waitFor();
  assert.equal(await opened.locator(".sweep figure").count(), 1);
  await close(opened);
});

test("a map with more values than the curves have rows, and named settings", async () => {
  const opened = await open(`file://${page}`);
  const values = Array.from({ length: 100 }, (_, i) => 0.01 + 0.001 * i).join(", ");
  writeFileSync(inFolder("many.yaml"), `data: {law: gaussian, A: [[1, 2], [-0.1, 0.5]], b: [1, 2], n: 8}
train: {epochs: 2000}
convention: [mxnet, tf]
parameters: {seed: {range: [1, 3]}, lr_D: [${values}]}
`);
  execFileSync(program, ["run", inFolder("many.yaml"), "-o", inFolder("many.h5"), "-q"]);
  await choose(opened, inFolder("many.h5"));
  await sweepView(opened);
  assert.equal(await opened.locator(".cell").count(), 200);
  assert.equal(await opened.locator(".cell title").nth(199).textContent().then((text) => text.split(":")[0]), "lr_D 0.109, convention tf");
  const chosen = () => opened.evaluate(() => {
    const places = (cell) => ["x", "y"].map((name) => cell.getAttribute(name)).join();
    const marked = places(document.querySelector(".chosen-cell"));
    return [...document.querySelectorAll(".cell")].find((cell) => places(cell) === marked).textContent;
  });
  for (const step of ["ArrowRight", "ArrowRight", "ArrowUp"]) {
    await opened.locator(".grid-map").focus();
    await opened.keyboard.press(step);
    const [place] = (await chosen()).split(":");
    const [lr, convention] = place.match(/lr_D (\S+), convention (\S+)/).slice(1);
    await opened.getByRole("heading", { name: `lr_D ${lr}, convention ${convention}` }).waitFor();
  }
  const trial = Number(await opened.getByLabel("trial", { exact: true }).inputValue());
  await opened.getByRole("button", { name: "next trial" }).click();
  await opened.getByRole("button", { name: "next trial" }).click();
  assert.equal(Number(await opened.getByLabel("trial", { exact: true }).inputValue()), trial + 2);
  assert.ok(await opened.getByRole("button", { name: "next trial" }).isDisabled());
  await close(opened);
});

test("a design's cells are ranges, with several configurations in each", async () => {
  sweep("study.h5", "large-scale-study.yaml", "--set", "seed=1:2", "--set", "batch_size=100");
  const opened = await open(`file://${page}`);
  await choose(opened, inFolder("study.h5"));
  await opened.getByText("log10 of lr_D, middle of a range").first().waitFor();
  await sweepView(opened);
  assert.equal(await opened.locator(".cell").count(), 15 * 15);
  const cell = opened.locator('.cell[data-cell="112"]'), width = 4 / 15;
  assert.ok((await cell.textContent()).startsWith("lr_D about 0.01, lr_G about 0.01: "));
  await cell.click();
  const heading = await opened.getByRole("heading", { name: /^Configuration \d+: lr_D/ }).textContent();
  for (const name of ["lr_D", "lr_G"]) {
    const value = Math.log10(Number(heading.match(new RegExp(`${name} ([\\d.e-]+)`))[1]));
    assert.ok(Math.abs(value + 2) < width / 2 + 1e-3, heading);
  }
  const others = opened.getByLabel("In this cell:").locator("option");
  assert.ok((await others.count()) > 1);
  await opened.getByLabel("In this cell:").selectOption({ index: 1 });
  await opened.getByRole("heading", { name: await others.nth(1).textContent() }).waitFor();
  await shot(opened, "design");
  await close(opened);
});

test("a report's page needs nothing, and fits light, dark and narrow screens and paper", async () => {
  sweep("reported.h5", "learning-rates.yaml", "--set", "seed=1:16");
  writeFileSync(inFolder("report.html"), execFileSync(program, ["report", inFolder("reported.h5"), "--format", "html"]));
  for (const [name, options] of [["light", {}], ["dark", { colorScheme: "dark" }], ["narrow", { viewport: { width: 360, height: 800 } }]]) {
    const opened = await open(`file://${inFolder("report.html")}`, options);
    // The policy has let the style sheet in: its colours are there, and nothing was reported against it.
    const [ink, paper] = await opened.evaluate(() => ["color", "backgroundColor"].map((of) => getComputedStyle(document.body)[of]));
    assert.deepEqual([ink, paper], name === "dark" ? ["rgb(230, 233, 237)", "rgb(21, 24, 28)"] : ["rgb(27, 31, 36)", "rgb(255, 255, 255)"]);
    assert.equal(await opened.locator("figure").count(), 6);
    assert.ok(await opened.evaluate(() => document.documentElement.scrollWidth <= document.documentElement.clientWidth), "no scrolling sideways");
    // No word of a drawing lies beyond its figure, and none upon another.
    const problems = await opened.evaluate(() => [...document.querySelectorAll("figure svg[role=img]")].flatMap((svg) => {
      const frame = svg.getBoundingClientRect(), words = [...svg.querySelectorAll("text")].map((word) => [word.textContent, word.getBoundingClientRect(), word.className.baseVal]);
      const outside = words.filter(([, box]) => box.left < frame.left - 2 || box.right > frame.right + 2 || box.top < frame.top - 2 || box.bottom > frame.bottom + 2);
      const ticks = words.filter(([, , pen]) => pen.includes("tick"));
      const over = ticks.flatMap(([a, one], i) => ticks.slice(i + 1).filter(([, other]) => one.left < other.right - 1 && other.left < one.right - 1 &&
                                                                                        one.top < other.bottom - 3 && other.top < one.bottom - 3).map(([b]) => `${a} on ${b}`));
      return [...outside.map(([word]) => `${svg.getAttribute("aria-label")}: ${word} is outside`), ...over];
    }));
    assert.deepEqual(problems, []);
    await shot(opened, `report-${name}`);
    await opened.emulateMedia({ media: "print" });
    assert.equal(await opened.evaluate(() => getComputedStyle(document.body).backgroundColor), "rgb(255, 255, 255)");
    assert.equal(await opened.locator("nav").isVisible(), false);
    await close(opened);
  }
});

test("other files get one clear line", async () => {
  const opened = await open(`file://${page}`);
  writeFileSync(inFolder("text.h5"), "this is no HDF5 file");
  writeFileSync(inFolder("empty.h5"), "");
  execFileSync("/usr/bin/python3", ["-c", `import h5py; h5py.File(${JSON.stringify(inFolder("other.h5"))}, "w")["x"] = [1, 2]`]);
  await choose(opened, inFolder("empty.h5"));
  await opened.getByText("empty.h5 is empty.").waitFor();
  await choose(opened, inFolder("text.h5"));
  await opened.getByText("This file can't be read as HDF5").first().waitFor();
  await opened.getByRole("button", { name: "Other file" }).click();
  await choose(opened, inFolder("other.h5"));
  await opened.getByRole("tab", { name: "Sweep" }).click();
  await opened.getByText("This file is not one of gansweep's").waitFor();
  opened.problems = opened.problems.filter((text) => !/HDF5|open/i.test(text)); // libhdf5's own words for the text file
  await close(opened);
});

test("a chosen file that changes says that it is to be chosen again", async () => {
  sweep("stale.h5", "smoke.yaml");
  const opened = await open(`file://${page}`);
  await choose(opened, inFolder("stale.h5"));
  await opened.locator("canvas").first().waitFor();
  await new Promise((done) => setTimeout(done, 1100)); // times of files are compared in seconds
  sweep("stale.h5", "smoke.yaml", "--set", "seed=1:65");
  await opened.getByText("The file has changed since: choose it again").waitFor({ timeout: 15000 });
  await opened.context().close();
});

test("gansweep view shows a sweep while it grows", async () => {
  const running = spawn(program, ["run", join(source, "experiments/learning-rates.yaml"), "-o", inFolder("growing.h5"), "-q", "--threads", "1",
                                  "--set", "seed=1:320", "--set", "epochs=400", "--checkpoint", "0.2"], { stdio: "ignore" });
  const finished = () => existsSync(inFolder("growing.h5")) && statSync(inFolder("growing.h5")).size > 0;
  while (!finished()) {
    assert.equal(running.exitCode, null);
    await new Promise((done) => setTimeout(done, 50));
  }
  const server = spawn(program, ["view", inFolder("growing.h5"), "--no-browser", "--page", page], { stdio: ["ignore", "pipe", "inherit"] });
  const address = await new Promise((done) => server.stdout.once("data", (data) => done(String(data).split("\n")[0])));
  assert.match(address, /^http:\/\/127\.0\.0\.1:\d+\/[0-9a-f]{32}\/$/);
  const opened = await open(address);
  await opened.locator("canvas").first().waitFor();
  const count = async () => Number((await opened.locator(".note").innerText()).match(/^([\d,]+) of 25,920 trials/)?.[1].replaceAll(",", "") ?? NaN);
  await opened.locator(".note", { hasText: "of 25,920 trials" }).waitFor();
  const first = await count();
  await opened.waitForFunction((before) => Number(document.querySelector(".note").innerText.split(" ")[0].replaceAll(",", "")) > before, first,
                               { timeout: 20000 });
  await opened.locator("canvas").first().waitFor();
  await sweepView(opened);
  await opened.getByText("the others are not finished").waitFor();
  await shot(opened, "growing");
  running.kill("SIGKILL");
  server.kill("SIGINT");
  assert.equal(await new Promise((done) => server.once("exit", done)), 0);
  await opened.getByText("gansweep view has ended.").waitFor({ timeout: 15000 });
  await opened.context().close();
});
