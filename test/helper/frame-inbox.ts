import type { Frame } from '../../src/collective/transport/transport.ts';

/** Frames that have arrived in this process, for one consumer. */
export class FrameInbox {
  readonly #arrived: Frame[] = [];
  #closed = false;
  #wake: () => void = () => undefined;

  push(frame: Frame): void {
    this.#arrived.push(frame);
    this.#wake();
  }

  /** The frames in the order of their arrival; ends when the inbox closes. */
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
