// Goes where SHOTS says, with one Chromium, and takes a picture of each page. Prints what came, as JSON.
import { chromium } from 'playwright-core';

const { SHOTS, RESOLVER, QUIC_HOST, KEY, PICTURES } = process.env;
const phone = { width: 360, height: 560 };
const browser = await chromium.launch({
  executablePath: process.env.CHROMIUM,
  args: ['--no-sandbox', '--disable-gpu', '--no-first-run', '--disable-background-networking', '--disable-component-update',
         '--disable-sync', '--enable-quic', `--host-resolver-rules=${RESOLVER}`, `--origin-to-force-quic-on=${QUIC_HOST}:443`,
         `--ignore-certificate-errors-spki-list=${KEY}`],
});

// What is of an app on the device: it shows what its network library tells it, and offers to try again.
const app = `<!DOCTYPE html><html lang="en"><meta charset="utf-8"><title>app</title><style>
body { margin: 0; height: 100vh; display: flex; flex-direction: column; justify-content: center; text-align: center;
       font: 16px sans-serif; background: #111; color: #eee }
p { margin: 8px 24px } button { margin: 24px; padding: 12px 32px; align-self: center; font: inherit; color: #fff; background: #a03; border: 0; border-radius: 6px }
small { color: #aaa; padding: 0 24px }</style>
<p><b>No connection</b></p><p>Check your internet connection and try again.</p><button>Try again</button><small></small></html>`;

async function runApp(page, url) {
  await page.setContent(app);
  const failed = page.waitForEvent('requestfailed');
  await page.evaluate(url => fetch(url, { mode: 'no-cors' }).catch(() => {}), url);
  const error = (await failed).failure().errorText;
  await page.locator('small').evaluate((small, text) => { small.textContent = text; }, error);
  return { error };
}

async function visit(page, url) {
  try {
    const response = await page.goto(url, { timeout: 20000 });
    return { status: response.status(), url: page.url(), heading: await page.locator('h1').textContent() };
  } catch (error) {
    await page.waitForTimeout(3000);  // Chromium looks for a reason, and says it on its page
    return { error: String(error.message).match(/net::(\w+)/)?.[0] ?? String(error.message) };
  }
}

const seen = {};
for (const { name, url, locale, isApp } of JSON.parse(SHOTS)) {
  const context = await browser.newContext({ viewport: phone, locale: locale ?? 'en-GB' });
  const page = await context.newPage();
  seen[name] = { ...await (isApp ? runApp(page, url) : visit(page, url)), text: '' };
  seen[name].text = (await page.locator('body').innerText()).replace(/\s+/g, ' ');
  await page.screenshot({ path: `${PICTURES}/${name}.png` });
  await context.close();
}
console.log(JSON.stringify(seen));
await browser.close();
