/** The report of gpu-check, to read and to send. */
import { existsSync, readFileSync } from 'node:fs';
import { LOCKSTEP_VERSION } from '../../src/core/version.ts';

export interface CheckResult {
  readonly name: string;
  readonly passed: boolean;
  readonly details: string;
  readonly seconds: number;
}

export interface GpuCheck {
  readonly gpus: readonly { readonly index: string; readonly name: string }[];
  readonly checks: readonly CheckResult[];
  readonly date: string;
}

export function gpuCheckReport({ gpus, checks, date }: GpuCheck): string {
  const devices = gpus.map(({ index, name }) => `GPU ${index}: ${name}`);
  return [
    '# GPU check',
    '',
    `- ${date}, Lockstep ${LOCKSTEP_VERSION}, Node ${process.version}`,
    `- ${devices.length === 0 ? 'A rehearsal on CPU workers: it says nothing about GPUs.' : devices.join(', ')}`,
    ...(existsSync('.engine/engine.json')
      ? [`- engine: \`${JSON.stringify(JSON.parse(readFileSync('.engine/engine.json', 'utf8')))}\``]
      : []),
    '',
    ...checks.flatMap(({ name, passed, details, seconds }) => [
      `## ${passed ? 'Passed' : 'FAILED'}: ${name} (${Math.round(seconds)} s)`,
      '',
      ...details.split('\n').map((line) => `    ${line}`),
      '',
    ]),
  ].join('\n');
}
