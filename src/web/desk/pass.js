// Who the agent is: the token of the site, out of the address or typed in, and what it says. It stays in the storage of this
// tab and nowhere else. Whether it holds the daemon alone knows.

import { keep } from '../text.js';

const KEY = 'desk-token';

/** What a token says of who has it. @param {string | null} token @returns {{sub?: any, role?: string, desks?: string[]}} */
export function claims(token) {
  try {
    const bytes = Uint8Array.from(atob(String(token).split('.')[1].replaceAll('-', '+').replaceAll('_', '/')), (unit) => unit.charCodeAt(0));
    return JSON.parse(new TextDecoder().decode(bytes)) ?? {};
  } catch {
    return {};
  }
}

/** What is wrong with a token at first sight, as a word of the tables; nothing where it may hold. @param {string | null} token */
export function flaw(token) {
  if (!token) return 'tokenMissing';
  const { role, sub } = claims(token);
  if (sub === undefined) return 'tokenStrange';
  return role === 'agent' || role === 'admin' ? '' : 'tokenNoAgent';
}

/** The token of this tab. */
export const pass = {
  read: () => keep.read(KEY, sessionStorage),
  /** @param {string | null} token */
  write: (token) => keep.write(KEY, token, sessionStorage),
};

const fragment = new URLSearchParams(location.hash.slice(1));
if (fragment.has('token')) pass.write(fragment.get('token'));
// A token must not stay where it can be read over a shoulder, nor go into a bookmark.
if (location.hash) history.replaceState(history.state, '', location.pathname + location.search);
