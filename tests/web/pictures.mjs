// What the tests of files have in common: pictures that a browser draws, where they stand in a log, and somebody without a
// page who sends them.

import assert from 'node:assert/strict';
import { part } from './people.mjs';
import { installed } from './peers.mjs';

/** A picture with something on it, as a file. @param {import('playwright-core').Page} page */
export async function picture(page, name, width, height, type = 'image/jpeg', text = '坎儿井') {
  const bytes = await page.evaluate(async ([width, height, type, text]) => {
    const canvas = Object.assign(document.createElement('canvas'), { width, height });
    const context = canvas.getContext('2d');
    const sky = context.createLinearGradient(0, 0, 0, height);
    ['#7db7e8', '#f6d9a8', '#c98a4b'].forEach((colour, at) => sky.addColorStop(at / 2, colour));
    context.fillStyle = sky;
    context.fillRect(0, 0, width, height);
    context.fillStyle = '#0b6b6b';
    for (let at = 0; at < 5; at += 1) context.fillRect(width * (0.1 + at * 0.18), height * (0.72 - at * 0.05), width * 0.1, height * 0.3);
    context.fillStyle = '#fff';
    context.font = `bold ${height / 5}px sans-serif`;
    context.textAlign = 'center';
    context.fillText(text, width / 2, height * 0.45);
    const blob = await new Promise((done) => canvas.toBlob(done, type, 0.9));
    return [...new Uint8Array(await blob.arrayBuffer())];
  }, [width, height, type, text]);
  return { name, mimeType: type, buffer: Buffer.from(bytes) };
}

/** The same JPEG with what a camera notes in it: here, where it was taken. */
export function withNotes(file) {
  const notes = Buffer.from('Exif\0\0GPS 42.95 N 89.18 E, taken by Ann');
  const head = Buffer.from([0xff, 0xe1, 0, notes.length + 2]);
  return { ...file, buffer: Buffer.concat([file.buffer.subarray(0, 2), head, notes, file.buffer.subarray(2)]) };
}

/** A picture that moves, of one dot. */
export const gif = (name) => ({ name, mimeType: 'image/gif', buffer: Buffer.from('R0lGODlhAQABAIAAAAAAAP///yH5BAEAAAAALAAAAAABAAEAAAIBRAA7', 'base64') });

export const paper = (name, bytes, fill = 7) => ({ name, mimeType: 'application/pdf', buffer: Buffer.alloc(bytes, fill) });

/** Somebody who is not in front of a page. */
export class Sender {
  static async enter(site) {
    const sender = new Sender();
    sender.site = site;
    sender.socket = new (installed('ws').WebSocket)(`${site.socket}/ws`);
    sender.waiting = new Map();
    const login = new Promise((done) => sender.waiting.set('login', done));
    sender.socket.on('message', (data) => {
      const message = JSON.parse(String(data));
      sender.waiting.get(message.id ?? message.type)?.(message);
    });
    await new Promise((done) => sender.socket.on('open', done));
    sender.socket.send(JSON.stringify({ type: 'login', name: 'Sender' }));
    sender.token = (await login).token;
    return sender;
  }

  say(message) {
    const id = String(Math.random());
    const answer = new Promise((done) => this.waiting.set(id, done));
    this.socket.send(JSON.stringify({ ...message, id }));
    return answer;
  }

  async file(gid, kind, { name, mimeType, buffer }, size) {
    const answer = await fetch(`${this.site.page}v1/files?gid=${gid}&name=${encodeURIComponent(name)}`, {
      method: 'POST', body: buffer, headers: { authorization: `Bearer ${this.token}`, 'content-type': mimeType },
    });
    const { id, type, bytes } = await answer.json();
    return this.say({ type: 'group', gid, content: name, kind, data: { file: { id, name, type, bytes, ...size } } });
  }

  close() {
    this.socket.close();
  }
}

/** Attaches files, until they are in the tray or refused. */
export async function choose(tab, ...files) {
  await part(tab, 'files').setInputFiles(files);
  await tab.page.locator('#tray:not([hidden]), #alert:not([hidden])').first().waitFor();
}

export const files = (tab) => part(tab, 'log').locator('karez-file');
/** The file of this name in the log, once it is stored. */
export const file = (tab, name) => part(tab, 'log').locator('.row[data-seq] karez-file').filter({ has: tab.page.locator(`img[alt$="${name}"], b:text-is("${name}")`) });
export const bubble = (tab, name) => part(tab, 'log').locator('.row').filter({ has: tab.page.locator(`karez-file img[alt$="${name}"], karez-file b:text-is("${name}")`) });

/** A picture that can be seen, of this size in itself. */
export async function isSeen(tab, name, width, height) {
  const image = file(tab, name).locator('img');
  await image.waitFor();
  await tab.page.waitForFunction((image) => image.complete && image.naturalWidth > 0, await image.elementHandle());
  assert.deepEqual(await image.evaluate((image) => [image.naturalWidth, image.naturalHeight]), [width, height]);
  assert.match(await image.getAttribute('src'), /^blob:/);
}

/** What a browser does when something is pasted or dropped. */
export const give = (tab, event, type, texts = []) => tab.page.evaluate(([event, type, texts]) => {
  const data = new DataTransfer();
  for (const text of texts) data.setData('text/plain', text);
  const bytes = Uint8Array.from(atob('R0lGODlhAQABAIAAAAAAAP///yH5BAEAAAAALAAAAAABAAEAAAIBRAA7'), (one) => one.charCodeAt(0));
  data.items.add(new File([bytes], `${event}.gif`, { type }));
  const target = document.getElementById('input');
  const made = event === 'paste' ? new ClipboardEvent(event, { clipboardData: data, bubbles: true, cancelable: true }) : new DragEvent(event, { dataTransfer: data, bubbles: true, cancelable: true });
  return !target.dispatchEvent(made);
}, [event, type, texts]);
