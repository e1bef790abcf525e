/** Adds up where a step's time goes. */
export class Stopwatch<Section extends string> {
  readonly milliseconds: Record<Section, number>;

  constructor(sections: readonly Section[]) {
    this.milliseconds = Object.fromEntries(sections.map((s) => [s, 0])) as Record<Section, number>;
  }

  async time<T>(section: Section, action: () => Promise<T>): Promise<T> {
    const started = performance.now();
    try {
      return await action();
    } finally {
      this.milliseconds[section] += performance.now() - started;
    }
  }

  timeSync<T>(section: Section, action: () => T): T {
    const started = performance.now();
    try {
      return action();
    } finally {
      this.milliseconds[section] += performance.now() - started;
    }
  }
}
