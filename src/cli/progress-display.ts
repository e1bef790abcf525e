/** Shows a run's progress: a bar on a terminal, one short line now and then elsewhere. */
import { MultiBar, type SingleBar } from 'cli-progress';
import { formatCount, formatDuration, formatMetrics } from '../core/format.ts';
import { printable } from '../core/printable.ts';
import type { RunEvent } from '../telemetry/run-event.ts';

/** Without a terminal, a line each so many milliseconds at most. */
const LINE_INTERVAL_MS = 10_000;

/** Where it is shown: the process's standard error. */
export interface DisplayOutput {
  readonly isTTY: boolean;
  /** Width of the terminal. */
  readonly columns?: number | undefined;
  write(text: string): boolean;
}

export interface ProgressDisplay {
  show(event: RunEvent): void;
  stop(): void;
}

type StepEvent = Extract<RunEvent, { kind: 'step' }>;

export function openProgressDisplay(totalSteps: number, output: DisplayOutput): ProgressDisplay {
  const display = output.isTTY
    ? new BarDisplay(totalSteps, output)
    : new LineDisplay(totalSteps, output);
  const openedAt = performance.now();
  let first: { step: number; time: number } | undefined;
  const showStep = (event: StepEvent) => {
    const now = performance.now();
    // The time until the first step is mostly the workers' start: it says nothing about the others.
    first ??= { step: event.step, time: now };
    const secondsSinceFirst = (now - first.time) / 1000;
    display.step(event.step, {
      text: describeStep(event),
      elapsed: formatDuration((now - openedAt) / 1000),
      left: timeLeft(totalSteps - event.step, secondsSinceFirst, event.step - first.step),
    });
  };
  return {
    show(event) {
      if (event.kind === 'step') return showStep(event);
      const text = describeEvent(event);
      if (text !== undefined) display.line(text);
    },
    stop: () => display.stop(),
  };
}

function timeLeft(steps: number, seconds: number, stepsInThem: number): string {
  if (steps === 0) return formatDuration(0);
  return stepsInThem === 0 ? '?' : formatDuration((seconds / stepsInThem) * steps);
}

interface StepLine {
  readonly text: string;
  readonly elapsed: string;
  readonly left: string;
}

class BarDisplay {
  /** One bar; a multi-bar is what can write lines above it. */
  readonly #bars: MultiBar;
  readonly #bar: SingleBar;

  constructor(totalSteps: number, output: DisplayOutput) {
    this.#bars = new MultiBar({
      stream: output as NodeJS.WriteStream,
      format: '{bar} {percentage}% {value}/{total} {left} left · {text}',
      barsize: 20,
      barCompleteChar: '█',
      barIncompleteChar: '░',
      hideCursor: true,
      gracefulExit: false,
    });
    this.#bar = this.#bars.create(totalSteps, 0, { left: '?', text: 'starting workers' });
  }

  step(done: number, { text, left }: StepLine): void {
    this.#bar.update(done, { left, text });
  }

  line(text: string): void {
    this.#bars.log(`${printable(text)}\n`);
  }

  stop(): void {
    this.#bars.stop();
  }
}

class LineDisplay {
  readonly #totalSteps: number;
  readonly #output: DisplayOutput;
  #lastLineAt = Number.NEGATIVE_INFINITY;

  constructor(totalSteps: number, output: DisplayOutput) {
    this.#totalSteps = totalSteps;
    this.#output = output;
  }

  step(done: number, { text, elapsed, left }: StepLine): void {
    const now = performance.now();
    if (now - this.#lastLineAt < LINE_INTERVAL_MS && done < this.#totalSteps) return;
    this.#lastLineAt = now;
    this.line(`[step ${done}/${this.#totalSteps}] ${elapsed}<${left} ${text}`);
  }

  line(text: string): void {
    this.#output.write(`${printable(text)}\n`);
  }

  stop(): void {}
}

function describeStep(event: StepEvent): string {
  const { phase, tokensPerSecond } = event;
  return `${phase}: ${formatMetrics(event)} · ${formatCount(tokensPerSecond)} tokens/s`;
}

function describeEvent(event: RunEvent): string | undefined {
  if (event.kind === 'warning') return `  Warning: ${event.text}`;
  if (event.kind === 'status' && event.isDetail !== true) return event.text;
  if (event.kind !== 'evaluation') return undefined;
  const mark = event.isBest ? ' · best so far' : '';
  return `  ${event.phase}, validation after step ${event.step}: ${formatMetrics(event)}${mark}`;
}
