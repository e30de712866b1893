// What admins may do: explain a name, try and install rules, confirm, roll back, switch a pair's mode.
import { get, getWithTag, post, postFile } from '/page/box_api.js';
import { by, make, say } from '/page/elements.js';

const fileLimit = 64 * 1024 * 1024;  // the box takes no larger bundle

// Asks before something is changed; true for yes.
function confirmed(question) {
  const dialog = by('ask');
  by('ask-text').textContent = question;
  dialog.showModal();
  return new Promise(resolve => {
    const end = answer => () => { dialog.close(); resolve(answer); };
    by('ask-yes').onclick = end(true);
    by('ask-no').onclick = end(false);
    dialog.oncancel = () => resolve(false);
  });
}

// Says what comes of it, whatever that is. Meanwhile nobody can begin it twice.
async function attempt(button, place, act) {
  button.disabled = true;
  say(place, 'Working …');
  try {
    say(place, await act());
    return true;
  } catch (error) {
    say(place, `Refused: ${error.message}`);
    return false;
  } finally {
    button.disabled = false;
  }
}

function ruleText(rule) {
  const mode = rule.mode ? `, ${rule.mode}` : '', comment = rule.comment ? `: ${rule.comment}` : '';
  return `by ${rule.kind} ${rule.rule} (${rule.category}${mode})${comment}`;
}

function explain(event) {
  event.preventDefault();
  const query = new URLSearchParams({ name: by('explain-name').value });
  for (const name of ['client', 'vlan'])
    if (by(`explain-${name}`).value) query.set(name, by(`explain-${name}`).value);
  attempt(event.submitter, by('explain-answer'), async () => {
    const answer = await get(`/v1/explain?${query}`);
    const zone = answer.zone ? ` in zone ${answer.zone}` : '';
    const parts = [`${answer.name}: ${answer.verdict}${zone}`, ...answer.rules.map(ruleText)];
    if (answer.allowed?.name) parts.push(`let pass as ${answer.allowed.name}: ${answer.allowed.reason}`);
    return parts.join('; ');
  });
}

let tried = null;  // the file of the last dry run that went well, and the rules that it was held against

function tryBundle(event) {
  event.preventDefault();
  const file = by('bundle-file').files[0];
  by('bundle-install').disabled = true;
  attempt(event.submitter, by('bundle-answer'), async () => {
    if (file.size > fileLimit) throw new Error('the file is larger than 64 MiB');
    const { etag } = await getWithTag('/v1/ruleset');
    const content = await file.arrayBuffer();
    const message = await postFile('/v1/ruleset?dry_run=1', content);
    tried = { content, etag, message };
    by('bundle-install').disabled = false;
    const changes = message.includes('\n') ? '' : '\nNo rule is new or gone.';
    return `Tried, and nothing was changed: ${message}${changes}`;
  });
}

async function install(event) {
  if (tried === null) return;
  const what = tried.message.split('\n')[0];
  if (!await confirmed(`Install what was tried? ${what}. It is rolled back in ten minutes unless you confirm it.`)) return;
  const comment = by('bundle-comment').value;
  const path = '/v1/ruleset' + (comment ? '?' + new URLSearchParams({ comment }) : '');
  const done = await attempt(event.target, by('bundle-answer'), () => postFile(path, tried.content, tried.etag));
  if (done) tried = null;
  by('bundle-install').disabled = tried === null;
}

function change(button, path, question) {
  by(button).addEventListener('click', async event => {
    const ruleset = await get('/v1/ruleset');
    const sequence = ruleset.current?.sequence ?? 0;
    if (!await confirmed(question(sequence))) return;
    attempt(event.target, by('bundle-answer'),
            () => post(path, { ...(sequence ? { sequence } : {}), comment: by('bundle-comment').value }));
  });
}

async function setMode(event) {
  event.preventDefault();
  const message = { pair: by('mode-pair').value, mode: by('mode-mode').value, reason: by('mode-reason').value };
  const minutes = Number(by('mode-minutes').value);
  if (minutes > 0) message.duration_seconds = minutes * 60;
  const button = event.submitter;
  const length = minutes > 0 ? ` for ${minutes} minutes` : '';
  if (!await confirmed(`Run ${message.pair} as ${message.mode}${length}?`)) return;
  attempt(button, by('mode-answer'), () => post('/v1/mode', message));
}

export function showAdmin() {
  by('admin').replaceChildren(by('admin-forms').content.cloneNode(true));
  by('explain-form').addEventListener('submit', explain);
  by('bundle-form').addEventListener('submit', tryBundle);
  by('bundle-file').addEventListener('change', () => { tried = null; by('bundle-install').disabled = true; });
  by('bundle-install').addEventListener('click', install);
  change('bundle-confirm', '/v1/ruleset/confirm', sequence => `Confirm sequence ${sequence}?`);
  change('bundle-rollback', '/v1/ruleset/rollback', sequence => `Roll back from sequence ${sequence} to what was before?`);
  by('mode-form').addEventListener('submit', setMode);
}

// Pairs that there are now.
export function offerPairs(status) {
  const list = by('mode-pair'), pairs = status.modes.map(mode => mode.pair);
  if (list === null || [...list.options].map(option => option.value).join() === pairs.join()) return;
  list.replaceChildren(...pairs.map(pair => make('option', pair)));
}
