// The page that explains the API: which language is read, in which language the examples are, and copying. Without
// this script everything is there to be read, only all at once.

const root = document.documentElement;
const language = document.getElementById('language');
const choice = document.getElementById('languages');
const told = document.getElementById('told');
const WORDS = {
  en: { title: 'Karez: the API', other: '中文', copy: 'Copy', copied: 'Copied', contents: 'contents', example: 'example' },
  zh: { title: 'Karez：接口说明', other: 'English', copy: '复制', copied: '已复制', contents: '目录', example: '示例' },
};
const words = () => WORDS[root.lang];
const copies = [];

/** Shows the page in one of its languages. @param {string} name `en` or `zh` */
function speak(name) {
  root.lang = name;
  document.title = words().title;
  language.textContent = words().other;
  language.lang = name === 'en' ? 'zh' : 'en';
  document.querySelector('nav').setAttribute('aria-label', words().contents);
  for (const { button, pre } of copies) {
    button.textContent = words().copy;
    pre.setAttribute('aria-label', `${words().example} ${pre.dataset.code}`);
  }
}

/** Copies; over plain http there is no clipboard, but what is selected can be copied. @param {HTMLElement} pre */
async function copy(pre) {
  try {
    await navigator.clipboard.writeText(pre.textContent);
  } catch {
    getSelection().selectAllChildren(pre);
    document.execCommand('copy');
  }
}

/** Gives an example its button. It says of this host what the file can only say of any. @param {HTMLElement} pre */
function equip(pre) {
  const code = pre.firstElementChild;
  const { origin, host } = location;
  code.textContent = code.textContent
    .replaceAll('http://127.0.0.1:8282', origin)
    .replaceAll('ws://127.0.0.1:8282', `${origin.startsWith('https') ? 'wss' : 'ws'}://${host}`);
  const frame = document.createElement('div');
  frame.className = 'example';
  const button = Object.assign(document.createElement('button'), { type: 'button', className: 'copy' });
  button.addEventListener('click', async () => {
    await copy(pre);
    button.textContent = told.textContent = words().copied;
    setTimeout(() => {
      button.textContent = words().copy;
      told.textContent = '';
    }, 2000);
  });
  // What scrolls sideways can be scrolled by keyboard.
  pre.tabIndex = 0;
  pre.setAttribute('role', 'group');
  pre.replaceWith(frame);
  frame.append(pre, button);
  copies.push({ button, pre });
}

/** Shows the examples in one language. @param {string} name */
function show(name) {
  root.dataset.code = name;
  for (const { button, pre } of copies) button.hidden = getComputedStyle(pre).display === 'none';
}

document.querySelectorAll('pre').forEach(equip);
choice.addEventListener('change', (event) => show(event.target.value));
language.addEventListener('click', () => speak(root.lang === 'en' ? 'zh' : 'en'));
choice.hidden = language.hidden = false;
const asked = new URLSearchParams(location.search).get('lang') ?? navigator.language;
speak(asked.startsWith('zh') ? 'zh' : 'en');
show(choice.querySelector(':checked').value);
