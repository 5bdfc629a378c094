// Files of a conversation, over HTTP: their bytes would hold up what is said on the connection.
//
//   const file = await upload(karez, { gid: 123 }, blob, { name: 'photo.png', onprogress: (share) => {} });
//   await karez.group(123).send(file.name, { kind: 'image', data: { file } });
//   const response = await download(karez, file.id);
//
// An uploaded file belongs to nobody's entry until such a message is stored, and is removed within an hour if none is.
// It is a module of its own, for most pages say text only, and serves pages of the daemon's own site: the daemon answers
// no other.

import { KarezError } from './karez.js';

/** @typedef {import('./karez.js').Karez} Karez */
/** @typedef {import('./karez.js').Target} Target */
/** @typedef {{id: string, name: string, type: string, bytes: number}} Uploaded */

/** A link is dead over which nothing moves for so long; no browser says so. */
const STALLED_MS = 30_000;
/** Where the server is busy and does not say for how long. */
const RETRY_MS = 2000;

/** @param {Karez} karez @param {string} path */
const address = (karez, path) => new URL(path, karez.url.replace(/^ws/, 'http')).href;

/**
 * What the server's refusal says, in the words of the client.
 * @param {number} status @param {any} problem the body, if it was JSON @param {string | null} retryAfter seconds
 */
function refusal(status, problem, retryAfter) {
  const isBusy = status === 429 || status === 503;
  const retry = isBusy ? (Number(retryAfter) * 1000 || RETRY_MS) : undefined;
  const code = problem?.code ?? (isBusy ? 'internal' : status === 413 ? 'too_large' : 'bad_request');
  return new KarezError(code, { type: 'error', message: problem?.detail ?? problem?.title, field: problem?.field, retry });
}

/**
 * Sends a file's bytes.
 * @param {Karez} karez logged in; its token says who one is
 * @param {Target} target the conversation in which it will be said
 * @param {Blob} file
 * @param {{name?: string, onprogress?: (share: number) => void, signal?: AbortSignal}} [options] `share` is 0 to 1
 * @returns {Promise<Uploaded>} rejects with a {@link KarezError}: `offline` when the link broke, `aborted` by `signal`
 */
export function upload(karez, target, file, { name = file instanceof File ? file.name : 'file', onprogress, signal } = {}) {
  return new Promise((done, refused) => {
    if (signal?.aborted) return refused(new KarezError('aborted'));
    // Of the two ways to ask, the only one that tells how much has gone.
    const request = new XMLHttpRequest();
    /** @type {ReturnType<typeof setTimeout>} */
    let timer;
    const moved = () => {
      clearTimeout(timer);
      timer = setTimeout(() => request.abort(), STALLED_MS);
    };
    const abort = () => request.abort();
    const query = new URLSearchParams(Object.entries({ ...target, name }).map(([key, value]) => [key, String(value)]));
    request.open('POST', address(karez, `/v1/files?${query}`));
    request.setRequestHeader('Authorization', `Bearer ${karez.token}`);
    request.setRequestHeader('Content-Type', file.type || 'application/octet-stream');
    request.upload.onprogress = ({ loaded, total }) => {
      moved();
      onprogress?.(total ? loaded / total : 0);
    };
    request.onload = () => {
      let answer;
      try {
        answer = JSON.parse(request.responseText);
      } catch {
        // a proxy's page
      }
      if (request.status === 201 && typeof answer?.id === 'string') done({ id: answer.id, name: answer.name, type: answer.type, bytes: answer.bytes });
      else refused(refusal(request.status, answer, request.getResponseHeader('Retry-After')));
    };
    request.onerror = () => refused(new KarezError('offline'));
    request.onabort = () => refused(new KarezError(signal?.aborted ? 'aborted' : 'offline'));
    request.onloadend = () => {
      clearTimeout(timer);
      signal?.removeEventListener('abort', abort);
    };
    signal?.addEventListener('abort', abort);
    moved();
    request.send(file);
  });
}

/**
 * Asks for a file's bytes.
 * @param {Karez} karez @param {string} id @param {{signal?: AbortSignal}} [options]
 * @returns {Promise<Response>} rejects with a {@link KarezError}: `not_found` also when it was recalled
 */
export async function download(karez, id, { signal } = {}) {
  let response;
  try {
    response = await fetch(address(karez, `/files/${encodeURIComponent(id)}`), { headers: { Authorization: `Bearer ${karez.token}` }, signal });
  } catch {
    throw new KarezError(signal?.aborted ? 'aborted' : 'offline');
  }
  if (response.ok) return response;
  throw refusal(response.status, await response.json().catch(() => null), response.headers.get('Retry-After'));
}
