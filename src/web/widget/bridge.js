// The panel's way to the page in whose frame it stands: window.postMessage, from one exact origin to another.
//
// The loader says the page's origin in the panel's address; the browser shows the panel to the sites alone that the
// daemon names (frame-ancestors). Whatever comes from another window or another origin is not heard. Without a frame,
// where somebody opens the panel by a link, this browser keeps the token itself.

import { keep } from '../text.js';

/** @typedef {{token?: string, identity?: string, referrer?: string}} Hello what the page tells first */

const address = new URLSearchParams(location.hash.slice(1));
/** What the site has set in its one line: desk, lang, color, theme. @param {string} name */
export const asked = (name) => address.get(name) ?? '';

export class Bridge {
  isFramed = parent !== window;
  /** Where what belongs to one site is kept. */
  site = asked('origin') || location.origin;
  /** Whether the visitor has the panel open. */
  isOpen = !this.isFramed;
  /** Where the visitor is; told anew when the focus leaves the page, for a site may turn pages without loading them. @type {string | undefined} */
  page;

  /** @param {{open: () => void, hide: () => void, identify: (token: string | undefined) => void}} heard */
  constructor(heard) {
    /** @type {Promise<Hello>} */
    this.hello = new Promise((done) => {
      if (!this.isFramed) return done({ token: keep.read('widget-token') ?? undefined, referrer: document.referrer });
      addEventListener('message', ({ source, origin, data }) => {
        if (source !== parent || origin !== this.site || data?.karez !== 1) return;
        this.page = data.page;
        if (data.type === 'hello') done(data);
        if (data.type === 'identify') heard.identify(data.token || undefined);
        if (data.type === 'open' || data.type === 'hide') {
          this.isOpen = data.type === 'open';
          heard[/** @type {'open' | 'hide'} */ (data.type)]();
        }
      });
      this.tell('ready');
    });
  }

  /** @param {string} type @param {object} [fields] */
  tell(type, fields) {
    if (this.isFramed) parent.postMessage({ karez: 1, type, ...fields }, new URL(this.site).origin);
    else if (type === 'token') keep.write('widget-token', /** @type {any} */ (fields).token);
  }
}
