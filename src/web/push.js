// What the site's back end pushes: a card with a headline, a text and a link, until somebody takes it away.
//
// Everything in it is foreign: it is shown as text, and only what leads to a page of http or https is a link.

import { clock, make, moment } from './text.js';
import { word } from './words.js';

/** Older ones make room: nobody reads a wall of cards. */
const CARDS_MAX = 4;
/** A push may come once more after a crash; it is known by its id. */
const KNOWN_MAX = 200;
const known = new Set();

/** Where a card may lead. @param {string|undefined} url @returns {URL|null} */
function page(url) {
  if (typeof url !== 'string' || !URL.canParse(url, location.href)) return null;
  const target = new URL(url, location.href);
  return ['http:', 'https:'].includes(target.protocol) ? target : null;
}

/** @param {HTMLElement} list @param {{id: string, title?: string, content: string, url?: string, time: number}} push */
export function showPush(list, push) {
  if (known.has(push.id)) return;
  known.add(push.id);
  if (known.size > KNOWN_MAX) known.delete(known.values().next().value);
  list.append(card(push));
  while (list.children.length > CARDS_MAX) list.firstElementChild.remove();
}

function card(push) {
  const node = make('li', 'push');
  const text = make('div', 'push-text');
  if (push.title) text.append(make('p', 'push-title', push.title));
  text.append(make('p', 'push-content', push.content));
  const target = page(push.url);
  if (target) {
    const link = make('a', '', word('pushLink', target.host));
    link.href = target.href;
    link.target = '_blank';
    link.rel = 'noopener noreferrer';
    text.append(link);
  }
  const time = make('time', '', clock(push.time));
  time.title = moment(push.time);
  const close = make('button', 'quiet icon', '×');
  close.type = 'button';
  close.setAttribute('aria-label', word('dismiss'));
  close.addEventListener('click', () => node.remove());
  node.append(text, time, close);
  return node;
}
