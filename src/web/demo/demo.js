// A shop that nobody runs, to show the support widget in somebody's page: teas, a basket that counts, two languages.
//
// The widget stands in the page by its one line alone; what the page does with it is at the end of this file.

/** @type {Record<string, Record<string, string>>} */
const WORDS = {
  en: {
    shop: 'Leaf & Water',
    parts: 'Parts of this page',
    teas: 'Our teas',
    brewing: 'How to brew',
    language: '中文',
    inBasket: 'in the basket',
    kicker: 'A demo shop',
    title: 'Tea is leaf, water and a little time.',
    lead: 'Six teas, from the first green of spring to a cake that is older than most kettles. Not sure which? Ask us.',
    look: 'See the teas',
    ask: 'Ask us',
    add: 'Add',
    addOf: 'Add {0} to the basket',
    step1: 'Warm',
    step1Text: 'Rinse pot and cups with hot water.',
    step2: 'Steep',
    step2Text: 'Green at 80 °C for two minutes, dark at 95 °C for four.',
    step3: 'Pour',
    step3Text: 'To the last drop. Good leaves make three more.',
    footer: 'This shop is invented and sells nothing. It shows the support widget of Karez.',
  },
  zh: {
    shop: '一叶一水',
    parts: '本页内容',
    teas: '我们的茶',
    brewing: '怎样泡茶',
    language: 'English',
    inBasket: '件在购物篮中',
    kicker: '演示商店',
    title: '茶，是叶、水，和一点时间。',
    lead: '六款茶，从春天的第一抹新绿，到比大多数水壶还老的茶饼。不知道选哪款？问问我们。',
    look: '看看茶',
    ask: '问一问',
    add: '加入',
    addOf: '把{0}加入购物篮',
    step1: '温杯',
    step1Text: '用热水烫洗茶壶和茶杯。',
    step2: '浸泡',
    step2Text: '绿茶 80 °C 泡两分钟，黑茶 95 °C 泡四分钟。',
    step3: '出汤',
    step3Text: '倒尽最后一滴。好茶还能再泡三次。',
    footer: '这家商店是虚构的，不出售任何商品，只用来展示 Karez 的客服窗口。',
  },
};

/** Name and words in both languages, price, class of its colour. */
const TEAS = [
  { en: ['First green', 'Spring buds, chestnut and grass'], zh: ['头春绿', '春芽，栗香与青草香'], price: 18, look: 'green' },
  { en: ['White hair', 'Sun-dried, soft as honey water'], zh: ['白毫', '日晒而成，柔如蜜水'], price: 24, look: 'white' },
  { en: ['Rock oolong', 'Roasted twice, stone and orchid'], zh: ['岩韵乌龙', '两道焙火，岩骨花香'], price: 27, look: 'amber' },
  { en: ['Old red', 'Malt, cocoa, a long evening'], zh: ['老树红', '麦芽、可可，一个漫长的夜晚'], price: 16, look: 'red' },
  { en: ['Cellar cake', 'Twelve years dark, earth and dates'], zh: ['窖藏茶饼', '陈化十二年，土香与枣香'], price: 39, look: 'dark' },
  { en: ['Jasmine pearl', 'Rolled by hand, seven nights of flowers'], zh: ['茉莉龙珠', '手工揉制，七窨花香'], price: 22, look: 'flower' },
];

let language = navigator.language.toLowerCase().startsWith('zh') ? 'zh' : 'en';
let basket = 0;

/** @param {string} key */
const word = (key) => WORDS[language][key];

/** @param {string} tag @param {string} [className] @param {string} [text] @returns {any} */
function make(tag, className = '', text = '') {
  const node = document.createElement(tag);
  node.className = className;
  node.textContent = text;
  return node;
}

/** @param {string} id @returns {any} */
const part = (id) => document.getElementById(id);

function draw() {
  document.documentElement.lang = language === 'zh' ? 'zh-CN' : 'en';
  for (const node of /** @type {NodeListOf<HTMLElement>} */ (document.querySelectorAll('[data-word]'))) node.textContent = word(node.dataset.word ?? '');
  for (const node of /** @type {NodeListOf<HTMLElement>} */ (document.querySelectorAll('[data-label]'))) node.setAttribute('aria-label', word(node.dataset.label ?? ''));
  part('language').textContent = word('language');
  part('language').lang = language === 'zh' ? 'en' : 'zh-CN';
  part('list').replaceChildren(...TEAS.map(tea));
}

/** @param {typeof TEAS[number]} tea */
function tea(tea) {
  const [name, text] = tea[/** @type {'en' | 'zh'} */ (language)];
  const node = make('li', 'tea');
  const foot = make('p', 'foot');
  const add = make('button', '', word('add'));
  add.type = 'button';
  add.setAttribute('aria-label', word('addOf').replace('{0}', name));
  add.addEventListener('click', () => (part('basket').textContent = String((basket += 1))));
  foot.append(make('b', '', `¥${tea.price}`), add);
  node.append(tin(tea.look), make('h3', '', name), make('p', '', text), foot);
  return node;
}

/** A tin in the tea's colour. @param {string} look */
function tin(look) {
  const space = 'http://www.w3.org/2000/svg';
  const drawing = document.createElementNS(space, 'svg');
  drawing.setAttribute('viewBox', '0 0 160 120');
  drawing.setAttribute('class', `tin ${look}`);
  drawing.setAttribute('aria-hidden', 'true');
  for (const [name, d] of [['box', 'M46 40h68v64a6 6 0 0 1-6 6H52a6 6 0 0 1-6-6z'], ['cap', 'M42 40V28a8 8 0 0 1 8-8h60a8 8 0 0 1 8 8v12z'], ['paper', 'M46 58h68v34H46z'], ['mark', 'M70 86c0-14 8-20 22-20 0 14-7 21-21 20zM71 85l10-9']]) {
    const path = document.createElementNS(space, 'path');
    path.setAttribute('class', name);
    path.setAttribute('d', d);
    drawing.append(path);
  }
  return drawing;
}

part('language').addEventListener('click', () => {
  language = language === 'zh' ? 'en' : 'zh';
  draw();
});
draw();

// ---- what a page can do with the widget ----

part('ask').addEventListener('click', () => /** @type {any} */ (window).Karez.open());
