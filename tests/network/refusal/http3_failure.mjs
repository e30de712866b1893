// What Chromium makes of a refused site over HTTP/3 alone, in sessions with nothing remembered. Prints JSON, in seconds,
// times since 1970. Each of its connections is QUIC from the start; it has no way to fall back to TCP.
import { readdirSync, readFileSync, readlinkSync } from 'node:fs';
import { chromium } from 'playwright-core';

const { QUIC, KEY, TIMEOUT, TRIES, LOG, BOX } = process.env;
const hosts = ['www.tiktok.com', 'm.tiktok.com', 'www.example.org'];
const browser = await chromium.launch({
  executablePath: '/usr/bin/chromium',
  args: ['--no-sandbox', '--disable-gpu', '--no-first-run', '--disable-background-networking', '--disable-component-update',
         '--disable-sync', '--enable-quic', `--host-resolver-rules=MAP * ${QUIC}`, `--log-net-log=${LOG}`,
         `--origin-to-force-quic-on=${hosts.map(host => host + ':443').join()}`, `--ignore-certificate-errors-spki-list=${KEY}`],
});

const now = () => (performance.timeOrigin + performance.now()) / 1000;

function networkService() {
  const here = readlinkSync('/proc/self/ns/net');  // no other browser is in this network
  for (const each of readdirSync('/proc').filter(name => /^\d+$/.test(name))) {
    try {
      const command = readFileSync(`/proc/${each}/cmdline`, 'utf8');
      if (command.includes('network.mojom.NetworkService') && readlinkSync(`/proc/${each}/ns/net`) === here)
        return `/proc/${each}/task`;
    } catch { }  // it has ended meanwhile
  }
  throw new Error('there is no network service');
}

// How long the browser's and the box's threads wanted to run and had no processor: what a busy machine does to them.
const waited = processes => processes.flatMap(tasks => readdirSync(tasks).map(each => `${tasks}/${each}/schedstat`))
  .reduce((sum, each) => sum + Number(readFileSync(each, 'utf8').split(' ')[1]) / 1e9, 0);

async function visit(host) {
  const context = await browser.newContext();
  const page = await context.newPage();
  const processes = [networkService(), `/proc/${BOX}/task`], before = waited(processes), begin = now();
  const what = await page.goto(`https://${host}/`, { timeout: 1000 * Number(TIMEOUT) })
    .then(() => page.textContent('body'), error => String(error.message));
  const end = now(), lost = waited(processes) - before;
  await context.close();
  return { what: what.trim(), begin, end, lost };
}

const allowed = (await visit('www.example.org')).what;
const refused = [];
for (let i = 0; i < Number(TRIES); ++i) refused.push(await visit(hosts[i % 2]));
console.log(JSON.stringify({ allowed, refused }));
await browser.close();
