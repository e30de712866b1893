// The status page: who looks, and what is shown how often.
import { get, Refusal } from '/page/box_api.js';
import { by, say } from '/page/elements.js';
import { offerPairs, showAdmin } from '/page/admin.js';
import { followEvents } from '/page/events.js';
import { showRefused } from '/page/refused.js';
import { showPorts, showRules, showStatus } from '/page/state.js';

const failing = new Map();  // what could not be shown, and why

function note(name, error) {
  if (error === null) failing.delete(name);
  else failing.set(name, error instanceof Refusal ? error.message : `the box does not answer (${error.message})`);
  by('connection').hidden = failing.size === 0;
  say(by('connection'), [...failing].map(([what, why]) => `${what}: ${why}`).join('; '));
}

// Again and again, one after the other, and not while nobody looks.
async function keep(name, seconds, show) {
  for (;;) {
    if (document.visibilityState === 'visible') {
      try {
        await show();
        note(name, null);
      } catch (error) {
        note(name, error);
      }
    }
    await new Promise(resolve => setTimeout(resolve, seconds * 1000));
  }
}

const caller = await get('/v1/caller').catch(() => ({ name: '', role: 'read' }));
by('box').textContent = location.hostname;
const [name] = caller.name.split(', SHA-256');
by('caller').textContent = caller.role === 'admin' ? `${name}: may change things` : `${name}: reads`;
document.title = `Sluis ${location.hostname}`;
if (caller.role === 'admin') showAdmin();
keep('State', 3, async () => offerPairs(await showStatus()));
keep('Ports', 3, showPorts);
keep('Rules', 15, showRules);
keep('What was refused', 10, showRefused);
followEvents();
