// What a visitor thinks of a conversation that has ended: one to five stars, and a word. Loaded when one has ended.

import { button, make, part, word } from '../text.js';

/** @typedef {import('./support.js').Support} Support */

const STARS = [1, 2, 3, 4, 5];
const COMMENT_LENGTH = 300; // of characters; the server's limit is one of bytes

/** Draws the card, if it is not there for this ticket. @param {Support} support @param {() => void} begin */
export function drawRating(support, begin) {
  const { ticket, isRateable } = support;
  const node = part('rating');
  const says = JSON.stringify([ticket?.ticket, ticket?.stars, isRateable, document.documentElement.lang]);
  if (node.dataset.says === says) return;
  node.dataset.says = says;
  const again = button(word('begin'), begin, ticket?.stars || !isRateable ? 'primary' : 'link');
  again.dataset.testid = 'begin';
  if (!isRateable) node.replaceChildren(again);
  else if (ticket?.stars) node.replaceChildren(thanks(ticket.stars), again);
  else node.replaceChildren(form(support), again);
}

/** @param {number} stars */
function thanks(stars) {
  const node = make('p', 'thanks', word('rated'));
  node.tabIndex = -1;
  const shown = make('span', 'stars', '★'.repeat(stars));
  shown.setAttribute('role', 'img');
  shown.setAttribute('aria-label', word('stars', stars));
  node.append(' ', shown);
  return node;
}

/** @param {Support} support */
function form(support) {
  const node = make('form');
  const choice = make('fieldset');
  choice.append(make('legend', '', word('rate')));
  const comment = make('textarea');
  const send = make('button', 'primary', word('rateSend'));
  const row = make('div', 'choose');
  for (const stars of STARS) {
    const label = make('label', 'star');
    const input = make('input');
    Object.assign(input, { type: 'radio', name: 'stars', value: String(stars), required: true });
    input.dataset.testid = `star-${stars}`;
    input.setAttribute('aria-label', word('stars', stars));
    input.addEventListener('change', () => {
      row.dataset.stars = String(stars);
      comment.hidden = send.hidden = false;
    });
    label.append(input, make('span', '', '★'));
    label.lastChild.setAttribute('aria-hidden', 'true');
    row.append(label);
  }
  choice.append(row);
  Object.assign(comment, { rows: 2, maxLength: COMMENT_LENGTH, placeholder: word('comment'), hidden: true });
  comment.setAttribute('aria-label', word('comment'));
  comment.dataset.testid = 'comment';
  send.hidden = true;
  send.dataset.testid = 'rate';
  node.append(choice, comment, send);
  node.addEventListener('submit', async (/** @type {Event} */ e) => {
    e.preventDefault();
    send.disabled = true;
    const isKept = await support.rate(Number(row.dataset.stars), comment.value.trim());
    send.disabled = false;
    if (isKept) part('rating').querySelector('.thanks')?.focus();
  });
  return node;
}
