/** The CPU's vector instructions. TensorFlow chooses its kernels by them, so other ones give other bits. */
import { readFileSync } from 'node:fs';

/** The names of /proc/cpuinfo on Linux, weakest first. */
const RELEVANT_FLAGS = ['avx', 'avx2', 'fma', 'avx512f', 'avx512_vnni', 'avx512_bf16', 'amx_tile'];

/**
 * The instruction set, such as `avx+avx2+fma`.
 * @param cpuInfo text of /proc/cpuinfo; the flags of its first processor count
 */
export function instructionSetOf(cpuInfo: string): string {
  const line = cpuInfo.split('\n').find((line) => line.startsWith('flags')) ?? '';
  const flags = new Set(line.split(/\s+/));
  return RELEVANT_FLAGS.filter((flag) => flags.has(flag)).join('+') || 'baseline';
}

/** The instruction set of this machine. */
export function readInstructionSet(): string {
  return instructionSetOf(readFileSync('/proc/cpuinfo', 'utf8'));
}
