// The card beside a conversation: who the visitor is, where from, what was asked before, and the ticket's tags and rating.
// All of it is foreign; addresses become links where they are http or https.

import { button, dayAndClock, linkNode, make, moment, paintAvatar, part, word } from '../text.js';
import { lasting, starsNode } from './rows.js';

/** @typedef {import('./ticket.js').Ticket} Ticket */
/** @typedef {import('./tickets.js').Tickets} Tickets */

const TAGS_MAX = 20;
const TAG_BYTES_MAX = 64;

/** An address as a link, where it is one. @param {string} address @returns {Node} */
function address(address) {
  const target = URL.canParse(address) ? new URL(address) : null;
  if (target && ['http:', 'https:'].includes(target.protocol)) return linkNode(address, target);
  return document.createTextNode(address);
}

/** A language's name in the reader's. @param {string} lang */
function languageName(lang) {
  try {
    return `${new Intl.DisplayNames([document.documentElement.lang], { type: 'language' }).of(lang)} (${lang})`;
  } catch {
    return lang;
  }
}

/** Browsers by what they say, those first that name others besides themselves. */
const BROWSERS = /** @type {[RegExp, string][]} */ ([
  [/MicroMessenger\/(\d+)/, 'WeChat'], [/Edg\w*\/(\d+)/, 'Edge'], [/OPR\/(\d+)/, 'Opera'], [/SamsungBrowser\/(\d+)/, 'Samsung Internet'],
  [/Firefox\/(\d+)/, 'Firefox'], [/FxiOS\/(\d+)/, 'Firefox'], [/(?:Chrome|CriOS)\/(\d+)/, 'Chrome'], [/Version\/(\d+).*Safari/, 'Safari'],
]);
const SYSTEMS = /** @type {[RegExp, string][]} */ ([[/Android/, 'Android'], [/iPhone|iPod/, 'iPhone'], [/iPad/, 'iPad'], [/Windows/, 'Windows'], [/Mac OS X/, 'Mac'], [/Linux/, 'Linux']]);

/** What a browser calls itself, in short; the whole is behind it. @param {string} text */
function browserNode(text) {
  const known = BROWSERS.find(([pattern]) => pattern.test(text));
  const system = SYSTEMS.find(([pattern]) => pattern.test(text))?.[1];
  const node = make('span', '', known ? [`${known[1]} ${known[0].exec(text)?.[1]}`, system].filter(Boolean).join(' · ') : text);
  if (known) node.title = text;
  return node;
}

export class Card {
  /** @type {Ticket | null} */
  #ticket = null;
  #says = '';
  /** What the visitor had asked before, by the number of the ticket. @type {Map<number, Ticket[]>} */
  #earlier = new Map();

  /** @param {Tickets} tickets @param {{refused: (error: any) => void, choose: (ticket: Ticket) => void, close: () => void, announce: (text: string) => void}} page */
  constructor(tickets, page) {
    this.tickets = tickets;
    this.page = page;
    this.node = part('panel');
  }

  /** @param {Ticket | null} ticket */
  draw(ticket) {
    const says = JSON.stringify([ticket?.number, ticket?.told, this.#earlier.get(ticket?.number ?? 0)?.length, document.documentElement.lang]);
    if (says === this.#says) return;
    this.#says = says;
    // Somebody may be typing a tag.
    const typed = this.#ticket === ticket ? part('tag-input')?.value : '';
    const hadFocus = this.#ticket === ticket && document.activeElement?.id === 'tag-input';
    this.#ticket = ticket;
    if (!ticket?.told) return this.node.replaceChildren();
    const { told } = ticket;
    const close = button('✕', () => this.page.close(), 'icon');
    close.setAttribute('aria-label', word('close'));
    const head = make('header');
    head.append(make('h2', '', word('visitor')), close);
    this.node.replaceChildren(head, this.#about(ticket), this.#facts(ticket));
    const form = Object.entries(told.visitor.form ?? {});
    if (form.length > 0) this.node.append(make('h3', '', word('form')), facts(form.map(([name, value]) => [name, String(value)])));
    this.node.append(make('h3', '', word('tags')), this.#tags(ticket));
    if (told.stars) this.node.append(make('h3', '', word('rating')), this.#rating(ticket));
    this.node.append(this.#before(ticket));
    if (typed) part('tag-input').value = typed;
    if (hadFocus) part('tag-input')?.focus();
  }

  /** @param {Ticket} ticket */
  #about({ told, title }) {
    const node = make('div', 'about');
    if (!told) return node;
    const avatar = paintAvatar(make('span', `avatar big${told.visitor.online ? ' online' : ''}`), told.visitor.uid, title);
    avatar.setAttribute('aria-hidden', 'true');
    const who = [word(told.visitor.guest ? 'guest' : 'known'), word('uidIs', told.visitor.uid), told.visitor.online !== undefined && word(told.visitor.online ? 'online' : 'offline')];
    const name = make('p', 'card-name', title);
    name.dataset.testid = 'card-name';
    node.append(avatar, name, make('p', 'faint', who.filter(Boolean).join(' · ')));
    return node;
  }

  /** @param {Ticket} ticket */
  #facts(ticket) {
    const { told } = ticket;
    if (!told) return make('dl');
    const { page, referrer, browser, lang } = told.visitor;
    const now = told.closed ?? undefined;
    const length = told.claimed && now ? lasting(now - told.claimed) : undefined;
    return facts([
      [word('page'), page && address(page)],
      [word('referrer'), referrer && address(referrer)],
      [word('browser'), browser && browserNode(browser)],
      [word('language'), lang && languageName(lang)],
      [word('ticket'), `#${ticket.number}`],
      [word('deskIs'), told.desk],
      [word('opened'), dayAndClock(told.opened)],
      [word('waited'), told.claimed && lasting(told.claimed - told.opened)],
      [word('length'), length],
      [word('agent'), told.agent?.name],
      [word('transfers'), told.transfers ? String(told.transfers) : undefined],
      [word('closedBy'), told.closed && told.by ? word(`by_${told.by}`) : undefined],
    ]);
  }

  // ---- tags ----

  /** @param {Ticket} ticket */
  #mayTag(ticket) {
    return this.tickets.mayAnswer(ticket) || ticket.state === 'closed';
  }

  /** @param {Ticket} ticket */
  #tags(ticket) {
    const node = make('div', 'tags');
    node.dataset.testid = 'tags';
    const tags = ticket.told?.tags ?? [];
    const may = this.#mayTag(ticket);
    const list = make('ul');
    for (const tag of tags) {
      const item = make('li', 'tag', tag);
      if (may) {
        const remove = button('✕', () => this.#tag(ticket, tags.filter((one) => one !== tag)), 'untag');
        remove.setAttribute('aria-label', word('untag', tag));
        item.append(remove);
      }
      list.append(item);
    }
    if (tags.length > 0) node.append(list);
    if (!may) return tags.length > 0 ? node : (node.append(make('p', 'faint', word('noTags'))), node);
    if (tags.length >= TAGS_MAX) return node;
    const form = make('form', 'with-button');
    const input = make('input');
    input.id = 'tag-input';
    input.dataset.testid = 'tag-input';
    input.placeholder = word('tagHint');
    input.setAttribute('aria-label', word('tagHint'));
    input.autocomplete = 'off';
    form.append(input, make('button', '', word('add')));
    form.addEventListener('submit', (/** @type {Event} */ e) => {
      e.preventDefault();
      const added = input.value.split(/[,，;；]/).map((/** @type {string} */ one) => one.trim()).filter(Boolean);
      if (added.length === 0) return;
      if (added.some((/** @type {string} */ one) => new TextEncoder().encode(one).length > TAG_BYTES_MAX)) return this.page.refused({ code: 'too_large', field: 'tags' });
      input.value = '';
      this.#tag(ticket, [...new Set([...tags, ...added])].slice(0, TAGS_MAX));
    });
    node.append(form);
    return node;
  }

  /** @param {Ticket} ticket @param {string[]} tags */
  async #tag(ticket, tags) {
    try {
      await this.tickets.tag(ticket, tags);
      this.page.announce(tags.length > 0 ? word('tagsAre', tags.join(', ')) : word('noTags'));
      part('tag-input')?.focus();
    } catch (error) {
      this.page.refused(error);
    }
  }

  // ---- rating, and what was before ----

  /** @param {Ticket} ticket */
  #rating({ told }) {
    const node = make('div', 'rating');
    node.dataset.testid = 'rating';
    node.append(starsNode(told?.stars ?? 0));
    if (told?.comment) node.append(make('blockquote', '', told.comment));
    return node;
  }

  /** @param {Ticket} ticket */
  #before(ticket) {
    const node = make('div', 'earlier');
    const uid = ticket.told?.visitor.uid;
    if (uid === undefined) return node;
    const before = this.#earlier.get(ticket.number);
    if (!before) {
      this.#earlier.set(ticket.number, []);
      this.tickets.earlier(uid).then((found) => (this.#earlier.set(ticket.number, found), this.tickets.page.changed()), () => this.#earlier.delete(ticket.number));
    }
    const others = (before ?? []).filter((one) => one !== ticket);
    if (others.length === 0) return node;
    node.append(make('h3', '', word('earlier', others.length)));
    const list = make('ul', 'earlier-list');
    list.dataset.testid = 'earlier';
    for (const one of others) {
      const line = button('', () => this.page.choose(one), 'item');
      const words = make('span', 'item-words');
      const time = make('time', 'faint', dayAndClock(one.told?.opened ?? 0));
      time.title = moment(one.told?.opened ?? 0);
      words.append(make('span', 'item-name', `#${one.number}`), time, make('span', 'preview faint', one.told?.last?.content ?? ''));
      line.append(words);
      const place = make('li');
      place.append(line);
      list.append(place);
    }
    node.append(list);
    return node;
  }

  /** What was there before is asked for again. */
  forget() {
    this.#earlier.clear();
    this.#says = '';
  }
}

/** What is known, as pairs. @param {[string, string | Node | undefined | 0 | ''][]} pairs */
function facts(pairs) {
  const list = make('dl', 'facts');
  for (const [name, value] of pairs) {
    if (!value) continue;
    const told = make('dd');
    told.append(value);
    list.append(make('dt', '', name), told);
  }
  return list;
}
