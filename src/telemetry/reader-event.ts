/** From what a coordinator knows to what the reader of a run gets. */
import type { JsonObject, JsonValue } from '../core/json.ts';
import type { CoordinatorEvent } from './coordinator-event.ts';
import type { Metrics, RunEvent } from './run-event.ts';
import { isSkipped } from './skipped-step.ts';
import { tokensPerSecond } from './tokens-per-second.ts';

type StepEvent = Extract<CoordinatorEvent, { kind: 'step' }>;

/** Undefined for what only the metrics file keeps. */
export function readerEvent(event: CoordinatorEvent): RunEvent | undefined {
  if (event.kind === 'step') return stepEvent(event);
  if (event.kind === 'event') return payloadEvent(event.step, event.payload);
  const { text, isWarning } = event;
  return isWarning ? { kind: 'warning', text } : { kind: 'status', text, isDetail: true };
}

/** JSON has no NaN: what crossed between processes as null is NaN again. */
export function revived(event: RunEvent): RunEvent {
  if (!('metrics' in event)) return event;
  const metrics = metricsOf(event.metrics);
  if (event.kind === 'evaluation') return { ...event, metrics };
  return { ...event, metrics, tokensPerSecond: event.tokensPerSecond ?? Number.NaN };
}

function stepEvent(event: StepEvent): RunEvent {
  const [first = {}] = event.reports;
  return {
    kind: 'step',
    step: event.step + 1,
    phase: String(first.phase),
    learningRate: Number(first.learningRate),
    metrics: metricsOf(first.metrics),
    tokensPerSecond: tokensPerSecond(event.reports),
    isSkipped: isSkipped(event),
  };
}

function payloadEvent(before: number, payload: JsonObject): RunEvent | undefined {
  const step = Number(payload.step ?? before);
  const phase = String(payload.phase);
  switch (payload.kind) {
    case 'evaluation': {
      const { metrics, better } = payload;
      return {
        kind: 'evaluation',
        step,
        phase,
        metrics: metricsOf(metrics),
        isBest: better === true,
      };
    }
    case 'phaseEnd':
      return { kind: 'phaseEnd', step, phase };
    case 'checkpoint':
      return { kind: 'checkpoint', step, path: String(payload.path) };
    case 'warning':
      return { kind: 'warning', text: String(payload.text) };
    default:
      return undefined;
  }
}

/** What is neither a number nor null is left out. */
function metricsOf(metrics: JsonValue | undefined): Metrics {
  const entries = typeof metrics === 'object' && metrics !== null ? Object.entries(metrics) : [];
  return Object.fromEntries(
    entries.flatMap(([name, value]) => {
      if (value === null) return [[name, Number.NaN]];
      return typeof value === 'number' ? [[name, value]] : [];
    }),
  );
}
