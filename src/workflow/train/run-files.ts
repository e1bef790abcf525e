/** What a run leaves in its folder while it runs: metrics and its coordinator's log. */

import type { CoordinatorEvent } from '../../telemetry/coordinator-event.ts';
import type { MetricsFile } from '../../telemetry/metrics.ts';
import { isPassed, isSkipped, spoiltMicroBatches } from '../../telemetry/skipped-step.ts';
import { tokensPerSecond } from '../../telemetry/tokens-per-second.ts';

/** Appends what a run tells to `metrics.jsonl`: one object a step, evaluation, phase end or checkpoint. */
export function recordEvent(metrics: MetricsFile, event: CoordinatorEvent): void {
  if (event.kind === 'status') return;
  if (event.kind === 'event') {
    metrics.append({ ...event.payload, kind: event.payload.kind ?? 'event' });
    return;
  }
  if (isPassed(event)) return;
  const [first = {}] = event.reports;
  metrics.append({
    kind: 'step',
    step: event.step + 1,
    time: new Date().toISOString(),
    phase: first.phase ?? null,
    stepInPhase: first.stepInPhase ?? null,
    learningRate: first.learningRate ?? null,
    metrics: first.metrics ?? null,
    ...(first.baselines !== undefined && { baselines: first.baselines }),
    tokens: event.reports.map((report) => report.tokens ?? null),
    positions: event.reports.map((report) => report.positions ?? null),
    timings: event.reports.map((report) => report.timings ?? null),
    tokensPerSecond: tokensPerSecond(event.reports),
    ...(isSkipped(event) && {
      skipped: true,
      nonFinite: spoiltMicroBatches(event).map(({ text: _, ...where }) => where),
    }),
  });
}
