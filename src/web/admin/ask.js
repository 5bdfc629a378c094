// A question before something that hurts. Esc and Cancel are no.

import { the } from './text.js';
import { putWords, say } from './words.js';

/**
 * Asks. Answers null for no, else for how many seconds (`''`: until lifted, or it was not asked).
 * @param {{title: string, text: string, yes: string, term?: boolean}} question
 * @returns {Promise<string | null>}
 */
export function ask({ title, text, yes, term = false }) {
  const dialog = /** @type {HTMLDialogElement} */ (the('ask'));
  putWords();
  the('ask-title').textContent = title;
  the('ask-text').textContent = text;
  the('ask-yes').textContent = yes;
  the('ask-term').hidden = !term;
  dialog.returnValue = '';
  dialog.showModal();
  // What does no harm has the focus.
  the('ask-no').focus();
  return new Promise((done) => {
    dialog.addEventListener('close', () => {
      const seconds = term ? /** @type {HTMLSelectElement} */ (the('ask-seconds')).value : '';
      done(dialog.returnValue === 'yes' ? seconds : null);
    }, { once: true });
  });
}

the('ask-no').addEventListener('click', () => /** @type {HTMLDialogElement} */ (the('ask')).close(''));
the('ask-form').addEventListener('submit', (event) => {
  event.preventDefault();
  /** @type {HTMLDialogElement} */ (the('ask')).close('yes');
});

/** The question before a ban. @param {string} who */
export const askBan = (who) => ask({ title: say('askBan', { who }), text: say('askBanText'), yes: say('ban'), term: true });
