// The status page in Chromium: what it shows, to whom, in which scheme; and what other people's pages cannot do.
import assert from 'node:assert/strict';
import { readFileSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import { createRequire } from 'node:module';
import { after, before, test } from 'node:test';
import { chromium } from 'playwright-core';

const { SITE: site, FOLDER: folder, HOSTILE: hostile, PICTURES: pictures } = process.env;
const axe = readFileSync(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8');
const phone = { width: 320, height: 640 };  // WCAG 2.2, 1.4.10: no scrolling in two directions at this width
const desktop = { width: 1100, height: 1500 };
let browser;

before(async () => {
  browser = await chromium.launch({
    executablePath: process.env.CHROMIUM,
    args: ['--no-sandbox', '--disable-gpu', '--disable-quic', '--no-first-run', '--disable-background-networking',
           '--disable-component-update', '--disable-sync'],
  });
});
after(() => browser?.close());

// One for each client: the box has room for a few connections of one certificate, and a browser keeps six.
const contexts = new Map();

async function contextFor(client, options = {}) {
  return browser.newContext({
    viewport: desktop, ignoreHTTPSErrors: true, ...options,
    clientCertificates: [{ origin: site, certPath: `${folder}/${client}.pem`, keyPath: `${folder}/${client}.key` }],
  });
}

// A page of a client's; all that the browser asks for and complains of meanwhile is kept.
async function newPage(client) {
  if (!contexts.has(client)) contexts.set(client, await contextFor(client));
  const page = await contexts.get(client).newPage();
  const seen = { requests: [], complaints: [] };
  page.on('request', request => seen.requests.push(request.url()));
  page.on('console', message => seen.complaints.push(message.text()));
  page.on('pageerror', error => seen.complaints.push(String(error)));
  page.on('dialog', dialog => { seen.complaints.push(`dialog ${dialog.message()}`); dialog.dismiss(); });
  return { page, seen };
}

async function open(client, { colorScheme = 'light', viewport = desktop } = {}) {
  const { page, seen } = await newPage(client);
  await page.emulateMedia({ colorScheme });
  await page.setViewportSize(viewport);
  await page.goto(site + '/');
  await page.locator('#state').filter({ hasText: /inline/i }).waitFor();
  await page.locator('#refused tr').nth(3).waitFor();
  await page.locator('#rules dd').first().waitFor();
  await page.locator('#events-state').filter({ hasText: 'Live' }).waitFor();
  return { page, seen };
}

const ask = (page, path) => page.evaluate(path => fetch(path).then(answer => answer.json()), path);

async function endOf(client) {
  await contexts.get(client)?.close();
  contexts.delete(client);
}

async function violations(page) {
  await page.evaluate(axe);
  const found = await page.evaluate(() => axe.run(document, {
    runOnly: ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'wcag22aa', 'best-practice'],
  }));
  assert.ok(found.passes.length > 10, 'axe has hardly looked at anything');
  return found.violations.map(each => `${each.id}: ${each.help}: ${each.nodes.map(node => node.html).join(' ')}`);
}

function testSchemes(client) {
  for (const colorScheme of ['light', 'dark'])
    for (const viewport of [phone, desktop])
      test(`${client}, ${colorScheme}, ${viewport.width} wide: accessible`, async () => {
        const { page, seen } = await open(client, { colorScheme, viewport });
        assert.deepEqual(await violations(page), []);
        const [inner, whole] = await page.evaluate(() => [innerWidth, document.documentElement.scrollWidth]);
        assert.ok(whole <= inner, `${whole} wide in a window of ${inner}`);
        assert.deepEqual(seen.requests.filter(url => !url.startsWith(site + '/')), []);
        assert.deepEqual(seen.complaints, [], 'no violation of the content security policy, and no error');
        await page.screenshot({ path: `${pictures}/status-${client}-${colorScheme}-${viewport.width}.png` });
        await page.close();
      });
}

testSchemes('reader');

test('figures, table and plots have what history has', async () => {
  const { page } = await open('reader');
  const history = await ask(page, '/v1/history');
  const refused = history.rows.reduce((sum, each) => sum + each.refused, 0);
  assert.ok(refused > 10000);
  const shown = await page.locator('#month-refused').textContent();
  assert.equal(Number(shown.replaceAll('\u202f', '')), refused);
  assert.equal(await page.locator('#days-figure canvas').count() > 0 || await page.locator('#plots-missing').isVisible(), true);
  assert.match(await page.locator('#rules').textContent(), /2023-09-27.*overdue/);
  assert.equal(await page.locator('#ports tr').count(), 2);
  await page.close();
});

test('pictures for the README', async () => {
  for (const colorScheme of ['light', 'dark']) {
    const { page } = await open('reader', { colorScheme, viewport: { width: 860, height: 1000 } });
    await page.screenshot({ path: `${pictures}/status-${colorScheme}.png` });
    await page.close();
  }
});

test('what comes from outside is text', async () => {
  const { page, seen } = await open('reader');
  assert.equal(await page.locator('img').count(), 0);
  assert.ok((await page.locator('#refused').textContent()).includes(hostile));
  assert.deepEqual(seen.complaints, []);
  await page.close();
});

test('a reader has no forms, and the box refuses a reader', async () => {
  const { page } = await open('reader');
  assert.match(await page.locator('#caller').textContent(), /prometheus.*reads/);
  assert.equal(await page.locator('form, input, select, dialog').count(), 0);
  const status = await page.evaluate(() => fetch('/v1/ruleset/rollback', { method: 'POST' }).then(answer => answer.status));
  assert.equal(status, 403);
  await page.close();
});

test('the report is one sheet of paper, without a script', async () => {
  const { page } = await newPage('reader');
  const response = await page.goto(site + '/v1/report');
  assert.match(response.headers()['content-security-policy'], /^default-src 'none'; style-src 'sha256-/);
  assert.equal(await page.locator('script, img').count(), 0);
  for (const colorScheme of ['light', 'dark']) {
    await page.emulateMedia({ colorScheme });
    assert.deepEqual(await violations(page), []);
  }
  await page.emulateMedia({ colorScheme: 'light' });
  await page.screenshot({ path: `${pictures}/report.png` });
  const print = await page.pdf({ format: 'A4', preferCSSPageSize: true });
  assert.equal(print.toString('latin1').match(/\/Type\s*\/Page\b/g).length, 1);
  writeFileSync(`${pictures}/report.pdf`, print);
  await page.close();
});

test('a reader goes', () => endOf('reader'));

testSchemes('admin');

test('an admin explains a name', async () => {
  const { page } = await open('admin');
  await page.getByLabel('Name', { exact: true }).fill('www.tiktok.com');
  await page.getByRole('button', { name: 'Explain' }).click();
  await page.locator('#explain-answer').filter({ hasText: 'Refused: 400' }).waitFor();
  await page.getByLabel('Client\'s address').fill('10.0.0.1');
  await page.getByLabel('Client\'s VLAN').fill('20');
  await page.getByRole('button', { name: 'Explain' }).click();
  await page.locator('#explain-answer').filter({ hasText: /^www.tiktok.com: .*in zone wifi/ }).waitFor();
  await page.getByLabel('Name', { exact: true }).fill(hostile);
  await page.getByRole('button', { name: 'Explain' }).click();
  await page.locator('#explain-answer').filter({ hasText: 'onerror' }).waitFor();
  assert.equal(await page.locator('img').count(), 0);
  await page.close();
});

test('an admin switches a mode with a reason, and sees it everywhere', async () => {
  const { page } = await open('admin');
  const answer = page.locator('#mode-answer');
  await page.locator('#mode-mode').selectOption('monitor');
  await page.getByRole('button', { name: 'Switch' }).click();
  assert.equal(await answer.textContent(), '', 'a reason is needed');
  await page.locator('#mode-reason').fill(hostile);
  await page.getByRole('button', { name: 'Switch' }).click();
  await page.getByRole('button', { name: 'No', exact: true }).click();
  assert.equal(await answer.textContent(), '');
  await page.getByRole('button', { name: 'Switch' }).click();
  await page.getByRole('button', { name: 'Yes' }).click();
  await answer.filter({ hasText: 'pair0 is monitor' }).waitFor();
  await page.locator('#state').filter({ hasText: 'pair0 is monitor' }).waitFor();
  await page.locator('#alarms').filter({ hasText: hostile }).waitFor();
  await page.locator('#events').filter({ hasText: hostile }).waitFor();
  assert.equal(await page.locator('img').count(), 0);
  await page.locator('#mode-mode').selectOption('inline');
  await page.getByRole('button', { name: 'Switch' }).click();
  await page.getByRole('button', { name: 'Yes' }).click();
  await page.locator('#state').filter({ hasText: 'Inline' }).waitFor();
  await page.close();
});

test('an admin tries a bundle, installs it, and confirms it', async () => {
  const { page } = await open('admin');
  const answer = page.locator('#bundle-answer'), install = page.getByRole('button', { name: /^Install/ });
  await page.locator('#bundle-file').setInputFiles(`${folder}/wrong.bundle`);
  await page.getByRole('button', { name: /^Try/ }).click();
  await answer.filter({ hasText: 'Refused:' }).waitFor();
  assert.equal(await install.isDisabled(), true);
  await page.locator('#bundle-file').setInputFiles(`${folder}/next.bundle`);
  await page.getByRole('button', { name: /^Try/ }).click();
  await answer.filter({ hasText: /nothing was changed: sequence 2 .*No rule is new or gone/s }).waitFor();
  await install.click();
  await page.getByRole('button', { name: 'Yes' }).click();
  await answer.filter({ hasText: /sequence 2 .*is installed, on probation/ }).waitFor();
  await page.getByRole('button', { name: /^Confirm/ }).click();
  await page.getByRole('button', { name: 'Yes' }).click();
  await answer.filter({ hasText: /confirmed/ }).waitFor();
  await page.close();
});

test('the page of another site changes nothing, and reads nothing', async () => {
  const attack = `<!DOCTYPE html><meta charset="utf-8"><title>hostile</title>
<form id="form" method="post" action="${site}/v1/ruleset/rollback"></form>
<form id="plain" method="post" enctype="text/plain" action="${site}/v1/mode"><input name='{"pair":"pair0","mode":"wire","reason":"x","a":"' value='"}'></form>
<iframe id="frame" src="${site}/"></iframe>`;
  const server = createServer((_, answer) => answer.setHeader('Content-Type', 'text/html').end(attack));
  await new Promise(resolve => server.listen(0, '127.0.0.1', resolve));
  server.unref();  // a test that fails does not keep it
  const other = `http://localhost:${server.address().port}/`;
  const { page: own } = await open('admin');
  const before = await ask(own, '/v1/ruleset');
  const { page } = await newPage('admin');
  for (const form of ['form', 'plain']) {
    await page.goto(other);
    const [answer] = await Promise.all([page.waitForResponse(response => response.url().startsWith(site + '/v1/')),
                                        page.evaluate(id => document.getElementById(id).submit(), form)]);
    assert.equal(answer.status(), 403, form);
    await page.waitForURL(site + '/**');
  }
  await page.goto(other);
  const results = await page.evaluate(async site => {
    const attempt = (path, options) => fetch(site + path, { credentials: 'include', ...options }).then(answer => answer.type, () => 'failed');
    return [
      await attempt('/v1/mode', { method: 'POST', headers: { 'Content-Type': 'application/json' }, body: '{}' }),
      await attempt('/v1/ruleset', { method: 'POST', headers: { 'Content-Type': 'application/octet-stream' }, body: 'x' }),
      await attempt('/v1/status', {}),
    ];
  }, site);
  assert.deepEqual(results, ['failed', 'failed', 'failed']);
  assert.equal(await page.frames().find(frame => frame !== page.mainFrame())?.locator('#state').count(), 0, 'no frame shows it');
  assert.deepEqual(await ask(own, '/v1/ruleset'), before);
  assert.equal((await ask(own, '/v1/status')).modes[0].mode, 'inline');
  await own.close();
  await page.close();
  server.close();
});

