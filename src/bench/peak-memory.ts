/** The most memory that this process had resident, as Linux counts it. */
import { readFileSync, writeFileSync } from 'node:fs';

/** Forgets what was the most so far: counting begins with what is resident now. */
export function restartPeakMemory(): void {
  writeFileSync('/proc/self/clear_refs', '5');
}

/** In bytes, since the process began or `restartPeakMemory`. */
export function peakMemory(): number {
  const [, kilobytes] = /^VmHWM:\s*(\d+) kB$/m.exec(readFileSync('/proc/self/status', 'utf8'))!;
  return Number(kilobytes) * 1024;
}
