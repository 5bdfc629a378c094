// A picture on its way out: made smaller where it is larger than anybody looks at, and freed of what a camera notes in
// it (EXIF: place, time, device). Loaded when somebody first attaches a file. Nothing here knows of conversations.

/** @typedef {{blob: Blob, name: string, width?: number, height?: number, isPicture: boolean}} Prepared */

const SIDE_MAX = 2048;
/** Up to here a picture is sent as it is, if it notes nothing. */
const SMALL_BYTES = 256 * 1024;
const QUALITY = 0.85;
const NAME_BYTES = 200;
/** What every browser shows, and the server lets it show. */
const SHOWN = new Set(['image/png', 'image/jpeg', 'image/gif', 'image/webp']);
const ENDINGS = /** @type {Record<string, string>} */ ({ 'image/jpeg': 'jpg', 'image/png': 'png', 'image/webp': 'webp' });
/** How JPEG, WebP and PNG begin the part that holds notes. */
const NOTES = ['Exif\0\0', 'EXIF', 'eXIf', 'http://ns.adobe.com/xap'];

/** What is to be sent of a chosen file. @param {File} file @returns {Promise<Prepared>} */
export async function prepare(file) {
  const name = nameOf(file);
  const asFile = { blob: file, name, isPicture: false };
  if (!file.type.startsWith('image/') || file.type === 'image/svg+xml') return asFile;
  let bitmap;
  try {
    bitmap = await createImageBitmap(file, { imageOrientation: 'from-image' });
  } catch {
    return asFile; // no picture for this browser
  }
  const { width, height } = bitmap;
  try {
    const isFit = Math.max(width, height) <= SIDE_MAX;
    // Of a picture that moves, a smaller one would stand still.
    const isKept = file.type === 'image/gif' || (isFit && file.size <= SMALL_BYTES && SHOWN.has(file.type) && !(await hasNotes(file)));
    if (isKept) return { blob: file, name, width, height, isPicture: true };
    const made = await draw(bitmap, file.type);
    const isLarger = made.blob.size >= file.size && isFit && SHOWN.has(file.type) && !(await hasNotes(file));
    if (isLarger) return { blob: file, name, width, height, isPicture: true };
    return { ...made, name: name.replace(/\.[^.]*$|$/, `.${ENDINGS[made.blob.type] ?? 'png'}`), isPicture: true };
  } catch {
    return asFile; // larger than this browser can draw
  } finally {
    bitmap.close();
  }
}

/** A name as the server takes it; of one that is too long the end stays, which says what it is. @param {File} file */
function nameOf(file) {
  // eslint-disable-next-line no-control-regex
  const name = file.name.replace(/[\u0000-\u001f\u007f-\u009f]/g, '').trim() || 'file';
  const [stem, ending] = [name.replace(/\.[^.]{1,10}$/, ''), /\.[^.]{1,10}$/.exec(name)?.[0] ?? ''];
  const letters = [...stem];
  while (new TextEncoder().encode(letters.join('')).length > NAME_BYTES) letters.pop();
  return letters.join('') + ending;
}

/** @param {Blob} file */
async function hasNotes(file) {
  const text = new TextDecoder('latin1').decode(await file.arrayBuffer());
  return NOTES.some((note) => text.includes(note));
}

/** @param {ImageBitmap} bitmap @param {string} type @returns {Promise<{blob: Blob, width: number, height: number}>} */
async function draw(bitmap, type) {
  const share = Math.min(1, SIDE_MAX / Math.max(bitmap.width, bitmap.height));
  const canvas = document.createElement('canvas');
  canvas.width = Math.max(1, Math.round(bitmap.width * share));
  canvas.height = Math.max(1, Math.round(bitmap.height * share));
  const context = canvas.getContext('2d');
  if (!context) throw new Error('no canvas');
  // What may be seen through stays so; where a browser writes no WebP it writes PNG. What cameras make is no such thing.
  const wanted = type === 'image/png' || type === 'image/webp' ? 'image/webp' : 'image/jpeg';
  if (wanted === 'image/jpeg') {
    context.fillStyle = '#fff';
    context.fillRect(0, 0, canvas.width, canvas.height);
  }
  context.imageSmoothingQuality = 'high';
  context.drawImage(bitmap, 0, 0, canvas.width, canvas.height);
  const blob = await new Promise((done) => canvas.toBlob(done, wanted, QUALITY));
  if (!blob) throw new Error('no picture');
  return { blob, width: canvas.width, height: canvas.height };
}
