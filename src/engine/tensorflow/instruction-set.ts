/** The CPU's vector instructions that TensorFlow's kernels choose by: other ones give other bits. */
import { readFileSync } from 'node:fs';

/** As Linux names them in /proc/cpuinfo, weakest first. */
const RELEVANT_FLAGS = ['avx', 'avx2', 'fma', 'avx512f', 'avx512_vnni', 'avx512_bf16', 'amx_tile'];

/** E.g. `avx+avx2+fma`; the part after `flags :` of the first processor decides. */
export function instructionSetOf(cpuInfo: string): string {
  const line = cpuInfo.split('\n').find((line) => line.startsWith('flags')) ?? '';
  const flags = new Set(line.split(/\s+/));
  return RELEVANT_FLAGS.filter((flag) => flags.has(flag)).join('+') || 'baseline';
}

export function readInstructionSet(): string {
  return instructionSetOf(readFileSync('/proc/cpuinfo', 'utf8'));
}
