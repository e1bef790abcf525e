/** Shows a run's progress: a bar on a terminal, one short line now and then elsewhere. */
import { MultiBar, type SingleBar } from 'cli-progress';
import { formatCount, formatDuration, formatMetrics } from '../core/format.ts';
import { printable } from '../core/printable.ts';
import type { RunEvent } from './run-event.ts';

/** Without a terminal, a line each so many milliseconds at most. */
const LINE_INTERVAL_MS = 10_000;

export interface ProgressDisplay {
  show(event: RunEvent): void;
  stop(): void;
}

type StepEvent = Extract<RunEvent, { kind: 'step' }>;
type OtherEvent = Extract<RunEvent, { kind: 'event' }>;

export function openProgressDisplay(
  totalSteps: number,
  output: NodeJS.WriteStream = process.stderr,
): ProgressDisplay {
  const display = output.isTTY
    ? new BarDisplay(totalSteps, output)
    : new LineDisplay(totalSteps, output);
  const openedAt = performance.now();
  let first: { step: number; time: number } | undefined;
  return {
    show(event) {
      if (event.kind === 'status') {
        if (event.isWarning) display.line(`  Warning: ${event.text}`);
        return;
      }
      if (event.kind === 'event') {
        const text = describeEvent(event);
        if (text !== undefined) display.line(text);
        return;
      }
      const now = performance.now();
      // The time until the first step is mostly the workers' start: it says nothing about the others.
      first ??= { step: event.step, time: now };
      const secondsSinceFirst = (now - first.time) / 1000;
      const left = totalSteps - event.step - 1;
      display.step(event.step + 1, {
        text: describeStep(event),
        elapsed: formatDuration((now - openedAt) / 1000),
        left: timeLeft(left, secondsSinceFirst, event.step - first.step),
      });
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

  constructor(totalSteps: number, output: NodeJS.WriteStream) {
    this.#bars = new MultiBar({
      stream: output,
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
  readonly #output: NodeJS.WriteStream;
  #lastLineAt = Number.NEGATIVE_INFINITY;

  constructor(totalSteps: number, output: NodeJS.WriteStream) {
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

function describeStep({ reports }: StepEvent): string {
  const first = reports[0] ?? {};
  const metrics = formatMetrics((first.metrics ?? {}) as Record<string, unknown>);
  return `${String(first.phase)}: ${metrics} · ${formatCount(tokensPerSecond(reports))} tokens/s`;
}

/** Valid positions of the whole global step by the slowest rank's time. */
export function tokensPerSecond(reports: StepEvent['reports']): number {
  const seconds = reports.map(({ timings }) => {
    const parts = Object.values((timings ?? {}) as Record<string, number>);
    return parts.reduce((a, b) => a + b, 0) / 1000;
  });
  const tokens = reports.reduce((sum, report) => sum + Number(report.tokens ?? 0), 0);
  return tokens / Math.max(...seconds);
}

function describeEvent({ payload }: OtherEvent): string | undefined {
  const phase = String(payload.phase);
  switch (payload.kind) {
    case 'evaluation': {
      const metrics = formatMetrics(payload.metrics as Record<string, unknown>);
      const mark = payload.better === true ? ' · best so far' : '';
      return `  ${phase}, validation after step ${String(payload.step)}: ${metrics}${mark}`;
    }
    case 'warning':
      return `  Warning: ${String(payload.text)}`;
    default:
      return undefined;
  }
}
