// Recent events, as the box tells them; the newest first.
import { by, row, say } from '/page/elements.js';

const kept = 50;
const types = 'alert,drop,alarm,audit,suppressed';
let paused = false;
const waiting = [];  // while the list is paused

// What an event is about, in one line.
export function summary(event) {
  const about = event[event.event_type] ?? {};
  if (event.event_type === 'alarm') return `${about.name} ${about.state}: ${about.message}`;
  if (event.event_type === 'audit') {
    const parts = [about.what, about.stage, about.who && `by ${about.who}`, about.comment, about.outcome];
    return parts.filter(Boolean).join(', ');
  }
  if (event.event_type === 'suppressed') return `${about.count} more of type ${about.event_type}`;
  const dns = event.dns?.query?.[0]?.rrname ?? event.dns?.answer?.rrname;
  const name = event.tls?.sni ?? event.quic?.sni ?? event.http?.hostname ?? dns ?? 'no name';
  const { zone, category, reason } = event.sluis ?? {};
  return `${event.verdict?.action === 'drop' ? 'refused' : 'let pass'}: ${name} (${event.app_proto}), zone ${zone}, ` +
         `${category || reason}, ${event.src_ip} to ${event.dest_ip}`;
}

function show(event) {
  const when = new Date(event.timestamp);
  const list = by('events');
  list.prepend(row([Number.isNaN(when.getTime()) ? '–' : when.toLocaleString('sv'), String(event.event_type), summary(event)]));
  while (list.rows.length > kept) list.lastElementChild.remove();
}

function take(message) {
  let event;
  try { event = JSON.parse(message.data); } catch { return; }
  if (!event.event_type) return;
  if (!paused) return show(event);
  waiting.push(event);
  if (waiting.length > kept) waiting.shift();
}

function follow() {
  const source = new EventSource(`/v1/events?types=${types}`);
  for (const type of types.split(',')) source.addEventListener(type, take);
  source.addEventListener('open', () => say(by('events-state'), 'Live.'));
  source.addEventListener('error', () => {
    say(by('events-state'), 'Not connected; trying again.');
    if (source.readyState === EventSource.CLOSED) setTimeout(follow, 10000);  // the browser tries the others again
  });
}

// First those that the box remembers, then those to come.
export async function followEvents() {
  by('pause').addEventListener('click', () => {
    paused = !paused;
    by('pause').setAttribute('aria-pressed', String(paused));
    for (const event of waiting.splice(0)) show(event);
  });
  const remembered = await fetch(`/v1/events?follow=0&types=${types}`).then(answer => answer.text()).catch(() => '');
  const lines = remembered.split('\n').filter(line => line.startsWith('data: '));
  for (const line of lines.slice(-kept)) take({ data: line.slice(6) });
  follow();
}
