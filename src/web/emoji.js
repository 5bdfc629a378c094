// About two hundred emoji to choose from, by pointer or arrow keys. Loaded when somebody first opens it.

import { button, make, word } from './text.js';

const GROUPS = /** @type {const} */ ([
  ['emojiFaces', '😀 😃 😄 😁 😆 😅 🤣 😂 🙂 🙃 😉 😊 😇 🥰 😍 🤩 😘 😗 😚 😙 😋 😛 😜 🤪 😝 🤗 🤭 🤫 🤔 🤐 🤨 😐 😑 😶 😏 😒 🙄 😬 😌 😔 😪 😴 😷 🤒 🤕 🤢 🤧 🥵 🥶 😵 🤯 🤠 🥳 😎 🤓 🧐 😕 😟 🙁 😮 😯 😲 😳 🥺 😦 😧 😨 😰 😥 😢 😭 😱 😖 😣 😞 😓 😩 😫 🥱 😤 😡 😠 😈 💀 💩 🤡 👻 👽 🤖'],
  ['emojiHands', '👋 🤚 ✋ 🖖 👌 🤏 ✌️ 🤞 🤟 🤘 🤙 👈 👉 👆 👇 ☝️ 👍 👎 ✊ 👊 🤛 🤜 👏 🙌 👐 🤲 🤝 🙏 💪 👀 🙈 🙉 🙊 🙋 🤷 🤦 🙇 💃 🕺 🏃'],
  ['emojiThings', '❤️ 🧡 💛 💚 💙 💜 🖤 💔 💕 💯 💢 💥 💦 💤 🔥 ⭐ 🌟 ✨ 🎉 🎊 🎁 🎈 🏆 🥇 📌 📎 📅 ⏰ 💡 🔔 🔒 🔑 💰 📱 💻 📷 🎵 🎮 ⚽ 🏀 ✅ ❌ ❓ ❗ ⚠️ 🆗 🚗 ✈️ 🚀 🏠'],
  ['emojiNature', '🐶 🐱 🐭 🐰 🦊 🐻 🐼 🐯 🐮 🐷 🐸 🐔 🐧 🦄 🐝 🦋 🐢 🐬 🌸 🌹 🌻 🍀 🍁 🌈 ☀️ 🌙 ☁️ 🌧️ ❄️ 🌊 🍎 🍉 🍇 🍓 🍑 🌶️ 🍞 🍜 🍚 🥟 🍔 🍕 🍺 🍵 ☕ 🍰 🧧 🏮'],
]);
const COLUMNS = 8;

/**
 * Fills the panel; the keys are those of a grid.
 * @param {HTMLElement} panel @param {(emoji: string) => void} put @param {() => void} close
 */
export function openEmoji(panel, put, close) {
  if (panel.childElementCount === 0) fill(panel, put, close);
  /** @type {HTMLElement | null} */ (panel.querySelector('[tabindex="0"]'))?.focus();
}

/** @param {HTMLElement} panel @param {(emoji: string) => void} put @param {() => void} close */
function fill(panel, put, close) {
  /** @type {HTMLButtonElement[]} */
  const all = [];
  for (const [name, text] of GROUPS) {
    const group = make('div', 'emoji-group');
    group.setAttribute('role', 'group');
    group.setAttribute('aria-label', word(name));
    for (const emoji of text.split(' ')) {
      const one = button(emoji, () => put(emoji));
      one.tabIndex = all.length === 0 ? 0 : -1;
      all.push(one);
      group.append(one);
    }
    panel.append(group);
  }
  panel.addEventListener('keydown', (e) => {
    const steps = /** @type {Record<string, number>} */ ({ ArrowRight: 1, ArrowLeft: -1, ArrowDown: COLUMNS, ArrowUp: -COLUMNS });
    const at = all.indexOf(/** @type {HTMLButtonElement} */ (document.activeElement));
    if (e.key === 'Escape') {
      e.stopPropagation();
      close();
    } else if (e.key in steps && !e.altKey) {
      e.preventDefault();
      const next = all[at + steps[e.key]];
      if (!next) return;
      all[at].tabIndex = -1;
      next.tabIndex = 0;
      next.focus();
    }
  });
}
