/** The text that `bench profile` prints. */
import { formatTable } from '../core/format.ts';
import { byLayer, byOperation, type StepProfile, sumOfParts } from './step-profile.ts';
import { describeTiming } from './step-table.ts';

/** One line adds up all groups below this share. */
const SMALL_SHARE = 0.005;

/**
 * The profile as text.
 * @param title what was timed
 */
export function profileText(title: string, profile: StepProfile): string {
  const parts = sumOfParts(profile);
  const peak = Math.round(profile.peakBytes / 1e6);
  const { flopsPerSecond } = profile.limits;
  return [
    title,
    `compiled step: ${describeTiming(profile.step)} ms, median (minimum … maximum); peak memory ${peak} MB`,
    `its operations one by one: ${parts.toFixed(1)} ms. Alone, each pays a call into TensorFlow and writes its result to memory; as one graph some are fused, overlap or are not needed.`,
    `the machine's limit: ${Math.round(flopsPerSecond / 1e9)} GFLOP/s`,
    '',
    formatTable([
      ['operation', 'pass', 'count', 'ms', 'share', 'GFLOP/s', 'of the limit'],
      ...operationRows(profile, parts),
    ]),
    '',
    formatTable([
      ['layer', 'forward ms', 'gradient ms', 'update ms', 'share'],
      ...byLayer(profile.operations).map(({ layer, ...passes }) => {
        const times = [passes.forward, passes.gradient, passes.update];
        const cells = times.map((time) => (time === 0 ? '' : time.toFixed(2)));
        return [layer, ...cells, percent(times.reduce((a, b) => a + b) / parts)];
      }),
    ]),
    '',
  ].join('\n');
}

function operationRows(profile: StepProfile, parts: number): string[][] {
  const groups = byOperation(profile.operations);
  const small = groups.filter(({ milliseconds }) => milliseconds < SMALL_SHARE * parts);
  const rows = groups.slice(0, groups.length - small.length).map((group) => {
    const { op, pass, count, milliseconds, flops } = group;
    const speed = flops / (milliseconds / 1e3);
    const ofLimit = speed / profile.limits.flopsPerSecond;
    const multiplies = flops === 0 ? ['', ''] : [(speed / 1e9).toFixed(0), percent(ofLimit)];
    const share = percent(milliseconds / parts);
    return [op, pass, String(count), milliseconds.toFixed(2), share, ...multiplies];
  });
  if (small.length === 0) return rows;
  const count = small.reduce((sum, group) => sum + group.count, 0);
  const milliseconds = small.reduce((sum, group) => sum + group.milliseconds, 0);
  const share = percent(milliseconds / parts);
  return [...rows, ['others', '', String(count), milliseconds.toFixed(2), share, '', '']];
}

const percent = (share: number): string => `${(100 * share).toFixed(1)} %`;
