// A small plot of the last minutes, drawn as SVG by hand: an area, a line, and the point that is looked at.

const NAMESPACE = 'http://www.w3.org/2000/svg';
const WIDTH = 300;
const HEIGHT = 56;
/** Above the largest value and below the smallest, so that no line is cut. */
const MARGIN = 4;

/** How many values a plot holds: five minutes of one every two seconds. */
export const LENGTH = 150;
/** How many it has room for at least, so that the first ones are not lost in an empty plot. */
const LENGTH_MIN = 30;

/** Over how many values a plot goes that has so many. @param {number} count */
export const spanOf = (count) => Math.max(LENGTH_MIN, count);

/** @param {string} tag @param {Record<string, string | number>} attributes */
function shape(tag, attributes) {
  const made = document.createElementNS(NAMESPACE, tag);
  for (const [name, value] of Object.entries(attributes)) made.setAttribute(name, String(value));
  return made;
}

export class Plot {
  /** @param {(back: number | null) => void} lookedAt how many values back somebody points; null: nowhere */
  constructor(lookedAt) {
    this.span = LENGTH_MIN;
    this.element = shape('svg', { viewBox: `0 0 ${WIDTH} ${HEIGHT}`, preserveAspectRatio: 'none', role: 'img', class: 'plot' });
    this.area = shape('path', { class: 'area' });
    this.line = shape('path', { class: 'line' });
    this.cursor = shape('line', { class: 'cursor', y1: 0, y2: HEIGHT, visibility: 'hidden' });
    this.element.append(shape('line', { class: 'ground', x1: 0, x2: WIDTH, y1: HEIGHT - 0.5, y2: HEIGHT - 0.5 }), this.area, this.line, this.cursor);
    this.element.addEventListener('pointermove', (event) => {
      const box = this.element.getBoundingClientRect();
      const place = (/** @type {PointerEvent} */ (event).clientX - box.left) / box.width;
      lookedAt(Math.round((1 - Math.min(1, Math.max(0, place))) * (this.span - 1)));
    });
    this.element.addEventListener('pointerleave', () => lookedAt(null));
  }

  /** @param {(number | null)[]} values the newest last; null where nothing is known @param {number} floor what the top shows at least */
  draw(values, floor) {
    const top = Math.max(floor, ...values.map((value) => value ?? 0));
    this.span = spanOf(values.length);
    const x = (/** @type {number} */ at) => WIDTH - ((values.length - 1 - at) * WIDTH) / (this.span - 1);
    const y = (/** @type {number} */ value) => HEIGHT - MARGIN - (value / top) * (HEIGHT - 2 * MARGIN);
    let line = '';
    let area = '';
    let begun = /** @type {number | null} */ (null);
    values.forEach((value, at) => {
      if (value !== null) line += `${begun === null ? 'M' : 'L'}${x(at).toFixed(1)} ${y(value).toFixed(1)}`;
      if (value !== null && begun === null) begun = at;
      const ends = begun !== null && (at === values.length - 1 || values[at + 1] === null);
      if (ends && value !== null) {
        // One value alone is a point.
        if (begun === at) line += 'h0';
        const last = line.slice(line.lastIndexOf('M')).replace('h0', '');
        area += `${last}V${HEIGHT}H${x(/** @type {number} */ (begun)).toFixed(1)}Z`;
        begun = null;
      }
    });
    this.line.setAttribute('d', line);
    this.area.setAttribute('d', area);
  }

  /** @param {number | null} back */
  point(back) {
    this.cursor.setAttribute('visibility', back === null ? 'hidden' : 'visible');
    const x = WIDTH - ((back ?? 0) * WIDTH) / (this.span - 1);
    this.cursor.setAttribute('x1', String(x));
    this.cursor.setAttribute('x2', String(x));
  }

  /** @param {string} text for whoever does not see it */
  describe(text) {
    this.element.setAttribute('aria-label', text);
  }
}
