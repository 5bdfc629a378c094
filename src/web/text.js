// Small pieces: ids, dates, foreign text on its way into the page, what a tab keeps over a reload.

import { locale } from './words.js';

/** An id as the wire writes it: an integer where it is one. null when it is none. @param {string} typed */
export function parseId(typed) {
  const text = typed.trim();
  if (/^[1-9]\d{0,15}$/.test(text) && Number.isSafeInteger(Number(text))) return Number(text);
  // eslint-disable-next-line no-control-regex
  if (!text || new TextEncoder().encode(text).length > 64 || /[\u0000-\u001f\u007f-\u009f]/.test(text)) return null;
  return text;
}

/** 14:05 @param {number} time */
export const clock = (time) => new Intl.DateTimeFormat(locale(), { hour: '2-digit', minute: '2-digit' }).format(time);

/** The whole moment, for those who point at a time. @param {number} time */
export const moment = (time) => new Intl.DateTimeFormat(locale(), { dateStyle: 'medium', timeStyle: 'medium' }).format(time);

/** today, yesterday, or the date: by calendar days. @param {number} time */
export function day(time) {
  const midnight = (t) => new Date(t).setHours(0, 0, 0, 0);
  const days = Math.round((midnight(time) - midnight(Date.now())) / 86_400_000);
  if (days <= 0 && days > -2) return new Intl.RelativeTimeFormat(locale(), { numeric: 'auto' }).format(days, 'day');
  return new Intl.DateTimeFormat(locale(), { dateStyle: 'long' }).format(time);
}

/** A new element with a class and, as text only, its content. */
export function make(tag, className, text) {
  const node = document.createElement(tag);
  if (className) node.className = className;
  if (text !== undefined) node.textContent = text;
  return node;
}

const LINK = /(https?:\/\/[^\s<>"'，。！？；：、）】》]+)/;

/** What somebody wrote, as nodes: text, and links for http and https alone. @param {string} content */
export function contentNode(content) {
  const node = make('div', 'content');
  content.split(LINK).forEach((piece, i) => {
    const target = i % 2 === 1 && URL.canParse(piece) ? new URL(piece) : null;
    if (!target) return node.append(piece);
    const link = make('a', '', piece);
    link.href = target.href;
    link.target = '_blank';
    link.rel = 'noopener noreferrer';
    node.append(link);
  });
  const emoji = /^(\p{Extended_Pictographic}[\u{1f3fb}-\u{1f3ff}\ufe0f]*(\u200d\p{Extended_Pictographic}\ufe0f?)*\s*){1,5}$/u;
  if (emoji.test(content)) node.classList.add('large');
  return node;
}

/** A letter on a colour of one's own. @param {HTMLElement} node @param {string|number} uid @param {string} name */
export function paintAvatar(node, uid, name) {
  let hue = 0;
  for (const unit of String(uid)) hue = (hue * 31 + unit.codePointAt(0)) % 360;
  node.style.setProperty('--hue', String(hue * 47 % 360));
  node.textContent = [...name.trim()][0]?.toUpperCase() ?? '?';
  return node;
}

/** As high as its text, where a browser does not do that by itself. @param {HTMLTextAreaElement} input */
export function fitHeight(input) {
  if (CSS.supports('field-sizing', 'content')) return;
  input.style.height = 'auto';
  input.style.height = `${input.scrollHeight + 2}px`;
}

/** Keeps something until the tab is closed. @param {string} key @param {object} value */
export function keepInTab(key, value) {
  try {
    sessionStorage.setItem(`karez.${key}`, JSON.stringify(value));
  } catch {
    // Full or forbidden: a reload then starts with an empty log, which is all that is lost.
  }
}

/** What was kept; an empty object when nothing was. @param {string} key */
export function keptInTab(key) {
  try {
    return JSON.parse(sessionStorage.getItem(`karez.${key}`) ?? '{}');
  } catch {
    return {};
  }
}

/**
 * Whether a key sends. Enter that chooses a word in an input method must not: `isComposing`, and 229 where a
 * browser ends the composition before it reports the key. @param {KeyboardEvent} e
 */
export const isSendKey = (e) => e.key === 'Enter' && !e.shiftKey && !e.isComposing && e.keyCode !== 229;
