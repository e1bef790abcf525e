import type { JsonObject } from '../core/json.ts';

/** Valid positions of the whole global step by the slowest rank's time. */
export function tokensPerSecond(reports: readonly JsonObject[]): number {
  const seconds = reports.map(({ timings }) => {
    const parts = Object.values((timings ?? {}) as Record<string, number>);
    return parts.reduce((a, b) => a + b, 0) / 1000;
  });
  const tokens = reports.reduce((sum, report) => sum + Number(report.tokens ?? 0), 0);
  return tokens / Math.max(...seconds);
}
