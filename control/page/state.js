// Is the box in the way, and well? Ports, rules and what the policy says.
import { get } from '/page/box_api.js';
import { age, by, make, rate, row, say, time } from '/page/elements.js';

// What one sentence says of the box, and how bad that is.
export function verdict(status) {
  const around = status.guard.pairs.filter(pair => status.guard.running && pair.passage !== 'dataplane');
  if (!status.dataplane.running || around.length > 0)
    return ['bad', `✖ Not inspecting: ${around.map(pair => `${pair.pair} is ${pair.passage} (${pair.cause})`).join(', ')
                   || 'sluis-dataplane does not run'}`];
  if (status.dataplane.moving_workers < status.dataplane.workers) return ['bad', '✖ Workers of the dataplane stand still'];
  const others = status.modes.filter(mode => mode.mode !== 'inline');
  if (others.length > 0)
    return ['warn', `▲ Not inline: ${others.map(mode => `${mode.pair} is ${mode.mode} (${mode.cause})`).join(', ')}`];
  return ['good', `✔ Inline: ${status.modes.length === 1 ? 'the pair is' : `all ${status.modes.length} pairs are`} inspected and policed`];
}

export async function showStatus() {
  const status = await get('/v1/status');
  const [kind, text] = verdict(status);
  say(by('state'), text, `state ${kind}`);
  const alarms = status.alarms.map(alarm => {
    const item = make('li');
    item.append(make('strong', alarm.name), ` ${alarm.message}`);
    return item;
  });
  if (alarms.length === 0) alarms.push(make('li', 'No alarms.', 'good'));
  by('alarms').replaceChildren(...alarms);
  return status;
}

let former = new Map();  // port: its counts, and when they were read

export async function showPorts() {
  const now = performance.now();
  const { ports } = await get('/v1/ports');
  const seen = new Map();
  by('ports').replaceChildren(...ports.map(port => {
    const name = `${port.pair} ${port.side}`, before = former.get(name);
    seen.set(name, { port, now });
    const perSecond = key => before && port[key] >= before.port[key]
      ? rate((port[key] - before.port[key]) * 8000 / (now - before.now)) : '–';
    const made = row([port.pair, port.side, port.mode, port.link, '', '', port.rx_frames, port.missed_frames]);
    made.children[4].replaceWith(make('td', perSecond('rx_bytes'), 'number'));
    made.children[5].replaceWith(make('td', perSecond('tx_bytes'), 'number'));
    return made;
  }));
  former = seen;
}

// The next review of any rule in force.
export function nextReview(policy) {
  const dates = policy.zones.flatMap(zone => zone.categories)
    .filter(category => category.state === 'in_force' && category.review_by > 0).map(category => category.review_by);
  return dates.length > 0 ? Math.min(...dates) : 0;
}

function policyInForce(policy) {
  if (policy.origin === 'starting') return 'not known yet: the box has just started';
  if (policy.origin === 'none') return 'none: the configuration holds for everybody';
  return `${policy.zones.length} zones, by ${policy.origin}`;
}

export async function showRules() {
  const [ruleset, policy] = await Promise.all([get('/v1/ruleset'), get('/v1/policy')]);
  const now = Date.now() / 1000, review = nextReview(policy);
  const facts = [
    ['Rules in force', ruleset.in_force === 'none' ? 'none' : `sequence ${ruleset.sequence} (${ruleset.in_force})`],
    ['Made', ruleset.created ? `${time(ruleset.created)}, ${age(now - ruleset.created)} ago` : '–'],
    ['Expire', ruleset.expires ? `${time(ruleset.expires)}${ruleset.expired ? ': expired, and in force' : ''}` : '–'],
    ['On probation', ruleset.pending ? `yes, until ${time(ruleset.probation_end)} unless confirmed` : 'no'],
    ['Policy', policyInForce(policy)],
    ['Next review', review ? `${time(review)}${review < now ? ': overdue' : ''}` : 'none is set'],
    ['Next change of the policy', time(policy.next_change)],
  ];
  for (const zone of policy.zones) {
    const modes = zone.categories.filter(category => category.mode !== 'off').map(category => `${category.category} ${category.mode}`);
    facts.push([`Zone ${zone.name}`, modes.join(', ') || 'nothing']);
  }
  by('rules').replaceChildren(...facts.map(([name, value]) => {
    const pair = make('div');
    pair.append(make('dt', name), make('dd', value));
    return pair;
  }));
}

