// The notice page in Chromium: by axe-core for WCAG 2.2 AA, in each language and scheme, wide, narrow and enlarged.
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { after, before, test } from 'node:test';
import { chromium } from 'playwright-core';

const site = process.env.NOTICE;
const axe = readFileSync(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8');
const phone = { width: 320, height: 640 };  // WCAG 2.2, 1.4.10: no scrolling in two directions at this width
const desktop = { width: 1280, height: 800 };
const languages = ['nl', 'fr', 'de', 'en'];
let browser;

before(async () => {
  browser = await chromium.launch({
    executablePath: process.env.CHROMIUM,
    args: ['--no-sandbox', '--disable-gpu', '--disable-quic', '--no-first-run', '--disable-background-networking',
           '--disable-component-update', '--disable-sync'],
  });
});
after(() => browser?.close());

// Opens a page of its own; all that the browser asks for and complains of meanwhile is kept.
async function open(path, options = {}) {
  const context = await browser.newContext({ viewport: desktop, ...options });
  const page = await context.newPage();
  const seen = { requests: [], complaints: [] };
  page.on('request', request => seen.requests.push(request.url()));
  page.on('console', message => seen.complaints.push(message.text()));
  page.on('pageerror', error => seen.complaints.push(String(error)));
  const response = await page.goto(site + path);
  return { context, page, response, seen };
}

async function violations(page) {
  await page.evaluate(axe);
  const found = await page.evaluate(() => axe.run(document, {
    runOnly: ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'wcag22aa', 'best-practice'],
  }));
  assert.ok(found.passes.length > 10, 'axe has hardly looked at anything');
  const bad = [...found.violations, ...found.incomplete];
  return bad.map(each => `${each.id}: ${each.help}: ${each.nodes.map(node => node.html).join(' ')}`);
}

for (const language of languages)
  for (const colorScheme of ['light', 'dark'])
    for (const viewport of [phone, desktop])
      test(`${language}, ${colorScheme}, ${viewport.width} wide: accessible`, async () => {
        const { context, page, seen } = await open('/' + language, { colorScheme, viewport });
        assert.deepEqual(await violations(page), []);
        const [inner, whole] = await page.evaluate(() => [innerWidth, document.documentElement.scrollWidth]);
        assert.ok(whole <= inner, `${whole} wide in a window of ${inner}`);
        assert.deepEqual(seen.requests, [site + '/' + language]);
        assert.deepEqual(seen.complaints, []);
        await page.screenshot({ path: `${process.env.PICTURES}/${language}-${colorScheme}-${viewport.width}.png`, fullPage: true });
        await context.close();
      });

test('axe finds what is wrong', async () => {
  const { context, page } = await open('/en');
  await page.evaluate(() => { document.documentElement.removeAttribute('lang'); });
  assert.match((await violations(page)).join(), /html-has-lang/);
  await context.close();
});

test('the scheme follows the device', async () => {
  const paper = [];
  for (const colorScheme of ['light', 'dark']) {
    const { context, page } = await open('/en', { colorScheme });
    paper.push(await page.evaluate(() => getComputedStyle(document.body).backgroundColor));
    await context.close();
  }
  assert.deepEqual(paper, ['rgb(255, 255, 255)', 'rgb(20, 24, 29)']);
});

test('the language follows the browser, and can be switched without scripts', async () => {
  const { context, page, response } = await open('/', { locale: 'fr-BE', javaScriptEnabled: false });
  assert.equal(response.status(), 403);
  assert.equal(await page.locator('h1').textContent(), 'TikTok est bloqué sur ce réseau');
  for (const language of languages) {
    await page.locator(`nav a[hreflang=${language}]`).click();
    assert.equal(page.url(), `${site}/${language}`);
    assert.equal(await page.locator('html').getAttribute('lang'), language);
    assert.equal(await page.locator('nav a[aria-current=page]').getAttribute('hreflang'), language);
  }
  await context.close();
});

test('every link is reached by the keyboard, and shows it', async () => {
  const { context, page } = await open('/nl');
  const count = await page.locator('a').count();
  assert.equal(count, 6);
  for (let i = 0; i < count; ++i) {
    await page.keyboard.press('Tab');
    const [index, outline] = await page.evaluate(() => [
      [...document.querySelectorAll('a')].indexOf(document.activeElement), getComputedStyle(document.activeElement).outlineStyle]);
    assert.equal(index, i);
    assert.equal(outline, 'solid');
  }
  await context.close();
});

test('text enlarged to twice its size stays whole on a phone', async () => {
  const { context, page } = await open('/de', { viewport: phone });
  await page.evaluate(() => { document.documentElement.style.setProperty('font-size', '200%'); });
  const [inner, whole] = await page.evaluate(() => [innerWidth, document.documentElement.scrollWidth]);
  assert.ok(whole <= inner, `${whole} wide in a window of ${inner}`);
  await context.close();
});

test('nothing stays in the browser', async () => {
  const { context, page } = await open('/');
  assert.deepEqual(await context.cookies(), []);
  assert.equal(await page.evaluate(() => localStorage.length + sessionStorage.length), 0);
  await context.close();
});
