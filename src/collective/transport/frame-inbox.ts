import type { Frame } from './transport.ts';

/** Frames that have arrived inside this process, for one consumer. */
export class FrameInbox {
  readonly #arrived: Frame[] = [];
  #closed = false;
  #wake: () => void = () => undefined;

  push(frame: Frame): void {
    this.#arrived.push(frame);
    this.#wake();
  }

  /** In the order in which they came; ends when the inbox is closed. */
  async *frames(): AsyncIterable<Frame> {
    while (!this.#closed) {
      const frame = this.#arrived.shift();
      if (frame !== undefined) yield frame;
      else await new Promise<void>((resolve) => (this.#wake = resolve));
    }
  }

  close(): void {
    this.#closed = true;
    this.#wake();
  }
}
