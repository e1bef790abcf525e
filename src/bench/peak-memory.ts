/** The peak of this process's resident memory, as Linux counts it. */
import { readFileSync, writeFileSync } from 'node:fs';

/** Resets the peak to the memory that is resident now. */
export function restartPeakMemory(): void {
  writeFileSync('/proc/self/clear_refs', '5');
}

/** The peak in bytes, since the start of the process or `restartPeakMemory`. */
export function peakMemory(): number {
  const [, kilobytes] = /^VmHWM:\s*(\d+) kB$/m.exec(readFileSync('/proc/self/status', 'utf8'))!;
  return Number(kilobytes) * 1024;
}
