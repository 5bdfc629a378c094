// The one dialog of the page, filled by whoever opens it. Loaded with the first that does.

import { button, make, part, word } from './text.js';

const dialog = part('dialog');
dialog.addEventListener('click', (/** @type {Event} */ e) => e.target === dialog && dialog.close());

/** Opens it with a title and ways out. @param {string} title @param {...Node} nodes @returns {HTMLDialogElement} */
export function openDialog(title, ...nodes) {
  if (dialog.open) dialog.close();
  dialog.className = '';
  const head = make('h2', '', title);
  head.id = 'dialog-title';
  const close = button('✕', () => dialog.close(), 'icon close');
  close.setAttribute('aria-label', word('close'));
  dialog.replaceChildren(close, head, ...nodes);
  dialog.showModal();
  return dialog;
}
