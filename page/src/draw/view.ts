// Which part of the floor is seen, and how large: metres to pixels and back.

const MOST_ZOOM = 90; // pixels a metre
const LEAST_ZOOM = 4;
export const LINES_PX = 36; // left of the floor, for the names of lines
const MOST_RATIO = 2; // sharper than that nobody sees, and it costs twice as much

export class View {
  /** Size of the canvas in CSS pixels. */
  width = 0;
  height = 0;
  /** Pixels of the screen for one of CSS. */
  ratio = 1;
  /** CSS pixels a metre, and where the floor's zero lies. */
  scale = 1;
  x = 0;
  y = 0;
  /** The whole floor is in view, and stays so when the window changes. */
  untouched = true;
  /** So many CSS pixels at the right edge, or at the lower one, have something laid over them: the whole floor is shown beside that. */
  right = 0;
  below = 0;

  constructor(private readonly bounds: [number, number, number, number]) {}

  resize(width: number, height: number, ratio: number): void {
    this.width = width;
    this.height = height;
    this.ratio = Math.min(ratio || 1, MOST_RATIO);
    if (this.untouched) this.fit();
  }

  /** Screen pixels a metre. */
  get dots(): number {
    return this.scale * this.ratio;
  }

  /** The floor's zero in whole screen pixels, so that a picture of it can be moved instead of drawn anew. */
  get left(): number {
    return Math.round(this.x * this.ratio);
  }

  get top(): number {
    return Math.round(this.y * this.ratio);
  }

  fit(): void {
    const [left, top, right, bottom] = this.bounds;
    const [width, height] = [this.width - this.right, this.height - this.below];
    const scale = Math.min((width - LINES_PX) / (right - left), height / (bottom - top));
    this.scale = scale;
    this.x = (this.width + LINES_PX - (left + right) * scale) / 2;
    this.x -= Math.max(this.x + right * scale - width, 0);
    this.y = (height - (top + bottom) * scale) / 2;
    this.untouched = true;
  }

  pan(dx: number, dy: number): void {
    this.untouched = false;
    this.x += dx;
    this.y += dy;
  }

  /** Zoom by a factor around a point of the canvas; without one, around its middle. */
  zoom(by: number, px = this.width / 2, py = this.height / 2): void {
    this.untouched = false;
    const [left, , right] = this.bounds;
    const least = Math.min((0.5 * this.width) / (right - left), LEAST_ZOOM);
    const scale = Math.min(Math.max(this.scale * by, least), MOST_ZOOM);
    const factor = scale / this.scale;
    this.x = px - (px - this.x) * factor;
    this.y = py - (py - this.y) * factor;
    this.scale = scale;
  }

  /** Bring a point of the floor to the middle. */
  centre([x, y]: [number, number]): void {
    this.untouched = false;
    this.x = this.width / 2 - x * this.scale;
    this.y = this.height / 2 - y * this.scale;
  }

  /** A point of the floor on the canvas, in CSS pixels. */
  onScreen([x, y]: [number, number]): [number, number] {
    return [this.x + x * this.scale, this.y + y * this.scale];
  }

  /** A point of the canvas on the floor. */
  onFloor(px: number, py: number): [number, number] {
    return [(px - this.x) / this.scale, (py - this.y) / this.scale];
  }
}
