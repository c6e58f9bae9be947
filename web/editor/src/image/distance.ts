/** Distances to the nearest marked pixel, exact (Felzenszwalb and Huttenlocher 2012): one pass down, one across. */

const NONE = 1e12;

export function distances(width: number, height: number, marked: (at: number) => boolean): Float32Array {
  const squares = new Float64Array(width * height);
  for (let at = 0; at < squares.length; at++) squares[at] = marked(at) ? 0 : NONE;
  const work = new Parabolas(Math.max(width, height));
  for (let x = 0; x < width; x++) work.lower(squares, x, width, height);
  for (let y = 0; y < height; y++) work.lower(squares, y * width, 1, width);
  return Float32Array.from(squares, Math.sqrt);
}

/** The lower envelope of the parabolas that stand on a line of squared distances, and room to find it in. */
class Parabolas {
  readonly #line: Float64Array;
  readonly #feet: Int32Array;
  readonly #bounds: Float64Array;

  constructor(longest: number) {
    this.#line = new Float64Array(longest);
    this.#feet = new Int32Array(longest);
    this.#bounds = new Float64Array(longest + 1);
  }

  lower(squares: Float64Array, start: number, step: number, length: number): void {
    const [line, feet, bounds] = [this.#line, this.#feet, this.#bounds];
    for (let place = 0; place < length; place++) line[place] = squares[start + place * step]!;
    const meet = (a: number, b: number) => (line[b]! + b * b - line[a]! - a * a) / (2 * (b - a));
    let last = 0;
    feet[0] = 0;
    bounds[0] = -Infinity;
    for (let place = 1; place < length; place++) {
      while (last > 0 && meet(feet[last]!, place) <= bounds[last]!) last--;
      const border = meet(feet[last]!, place);
      feet[++last] = place;
      bounds[last] = border;
    }
    for (let place = 0, one = 0; place < length; place++) {
      while (one < last && bounds[one + 1]! < place) one++;
      squares[start + place * step] = (place - feet[one]!) ** 2 + line[feet[one]!]!;
    }
  }
}
