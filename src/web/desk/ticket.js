// A ticket as the desk knows it: the talk with a visitor, and what the daemon tells of it besides what is said.

import { Talk } from '../talk.js';
import { same } from '../text.js';
import { noteRow } from './rows.js';

/** @typedef {import('../text.js').Id} Id */
/** @typedef {{uid: Id, name: string}} Person */
/**
 * @typedef {object} Visitor
 * @property {Id} uid
 * @property {string} name
 * @property {string} [page]
 * @property {string} [referrer]
 * @property {string} [browser]
 * @property {string} [lang]
 * @property {Record<string, unknown>} [form]
 * @property {boolean} [online]
 * @property {boolean} [guest]
 * @property {number} [earlier] how many tickets there were before
 */
/**
 * @typedef {object} Told what the daemon says of a ticket; moments in Unix milliseconds
 * @property {number} ticket
 * @property {'waiting' | 'open' | 'offline' | 'closed'} state
 * @property {string} [desk]
 * @property {Visitor} visitor
 * @property {Person} [agent] who holds it, or held it last
 * @property {number} [priority]
 * @property {string[]} [tags]
 * @property {number} opened
 * @property {number} since when it came into the queue
 * @property {number} [claimed]
 * @property {number} [replied]
 * @property {number} [closed]
 * @property {string} [by] who closed it
 * @property {number} [stars]
 * @property {string} [comment]
 * @property {number} [transfers]
 * @property {number} seq
 * @property {{uid: Id, name: string, content: string, time: number}} [last]
 * @property {number} [closing] milliseconds until it is closed because nobody speaks
 */
/** @typedef {{after: number, uid: Id, name: string, content: string, time: number}} Note */

/** The talk with a visitor. */
export class Ticket extends Talk {
  /** @param {number} number */
  constructor(number) {
    super({ ticket: number });
    this.number = number;
    /** @type {Told | null} */
    this.told = null;
    /** When it closes by itself, by the clock of `performance`. @type {number | null} */
    this.closesAt = null;
    /** What the composer is for. @type {'reply' | 'note'} */
    this.mode = 'reply';
    /** @type {Note[]} */
    this.notes = [];
    this.notesLoaded = false;
  }

  get title() {
    return this.told?.visitor.name || `#${this.number}`;
  }

  get state() {
    return this.told?.state ?? 'closed';
  }

  /** Colleagues are named; the visitor is who the ticket is about. @param {Id} uid */
  names(uid) {
    return !same(uid, this.told?.visitor.uid);
  }

  get time() {
    return Math.max(super.time, this.told?.last?.time ?? 0, this.told?.claimed ?? 0);
  }

  /** @param {Note[]} notes */
  putNotes(notes) {
    const byKey = new Map([...this.notes, ...notes].map((note) => [`${note.time} ${note.uid} ${note.content}`, note]));
    this.notes = [...byKey.values()].sort((one, other) => one.after - other.after || one.time - other.time);
    this.notices = this.notes.map((note, at) => ({ ...note, type: `note${at}`, row: () => noteRow(note) }));
  }
}

/** The order of a queue: who is urgent, then who came first. @param {Ticket} one @param {Ticket} other */
export function inQueue({ told: one }, { told: other }) {
  if (!one || !other) return 0;
  return (other.priority ?? 0) - (one.priority ?? 0) || one.since - other.since || one.ticket - other.ticket;
}
