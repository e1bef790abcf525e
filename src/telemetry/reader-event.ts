/** From what a coordinator knows to what the reader of a run gets. */
import type { JsonObject, JsonValue } from '../core/json.ts';
import type { CoordinatorEvent } from './coordinator-event.ts';
import type { Baselines, Metrics, RunEvent } from './run-event.ts';
import { isPassed, isSkipped } from './skipped-step.ts';
import { tokensPerSecond } from './tokens-per-second.ts';

type StepEvent = Extract<CoordinatorEvent, { kind: 'step' }>;

/** Undefined for what only the metrics file keeps. */
export function readerEvent(event: CoordinatorEvent): RunEvent | undefined {
  if (event.kind === 'step') return isPassed(event) ? undefined : stepEvent(event);
  if (event.kind === 'event') return payloadEvent(event.step, event.payload);
  const { text, isWarning } = event;
  return isWarning ? { kind: 'warning', text } : { kind: 'status', text, isDetail: true };
}

/** JSON has no NaN: what crossed between processes as null is NaN again. */
export function revived(event: RunEvent): RunEvent {
  if (!('metrics' in event)) return event;
  const measured = measuredOf(event.metrics, event.baselines);
  if (event.kind === 'evaluation') return { ...event, ...measured };
  return { ...event, ...measured, tokensPerSecond: event.tokensPerSecond ?? Number.NaN };
}

function stepEvent(event: StepEvent): RunEvent {
  const [first = {}] = event.reports;
  return {
    kind: 'step',
    step: event.step + 1,
    phase: String(first.phase),
    learningRate: Number(first.learningRate),
    ...measuredOf(first.metrics, first.baselines),
    tokensPerSecond: tokensPerSecond(event.reports),
    isSkipped: isSkipped(event),
  };
}

function payloadEvent(before: number, payload: JsonObject): RunEvent | undefined {
  const step = Number(payload.step ?? before);
  const phase = String(payload.phase);
  switch (payload.kind) {
    case 'evaluation': {
      const { metrics, baselines, better } = payload;
      return {
        kind: 'evaluation',
        step,
        phase,
        ...measuredOf(metrics, baselines),
        isBest: better === true,
      };
    }
    case 'phaseEnd':
      return { kind: 'phaseEnd', step, phase };
    case 'checkpoint':
      return { kind: 'checkpoint', step, path: String(payload.path) };
    case 'status':
      return { kind: 'status', text: String(payload.text) };
    case 'warning':
      return { kind: 'warning', text: String(payload.text) };
    default:
      return undefined;
  }
}

function measuredOf(
  metrics: JsonValue | undefined,
  baselines: JsonValue | undefined,
): { metrics: Metrics; baselines?: Baselines } {
  if (baselines === undefined) return { metrics: metricsOf(metrics) };
  const rules = entriesOf(baselines).map(([name, reached]) => [name, metricsOf(reached)]);
  return { metrics: metricsOf(metrics), baselines: Object.fromEntries(rules) };
}

/** What is neither a number nor null is left out. */
function metricsOf(metrics: JsonValue | undefined): Metrics {
  return Object.fromEntries(
    entriesOf(metrics).flatMap(([name, value]) => {
      if (value === null) return [[name, Number.NaN]];
      return typeof value === 'number' ? [[name, value]] : [];
    }),
  );
}

const entriesOf = (section: JsonValue | undefined): [string, JsonValue][] =>
  typeof section === 'object' && section !== null ? Object.entries(section) : [];
