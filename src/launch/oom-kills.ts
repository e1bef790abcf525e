import { readFileSync } from 'node:fs';

/**
 * Processes that the kernel has killed for want of memory in this process's control group; 0 where it doesn't tell.
 * See memory.events (version 2) and memory.oom_control (version 1) in the kernel's documentation of cgroups.
 */
export function oomKills(): number {
  try {
    for (const line of readFileSync('/proc/self/cgroup', 'utf8').split('\n')) {
      const [, controllers = '', path = ''] = /^\d+:([^:]*):(.*)$/.exec(line) ?? [];
      const isVersion1 = controllers.split(',').includes('memory');
      if (!isVersion1 && controllers !== '') continue;
      const count = isVersion1
        ? countIn('/sys/fs/cgroup/memory', path, 'memory.oom_control')
        : countIn('/sys/fs/cgroup', path, 'memory.events');
      if (count !== undefined) return count;
    }
  } catch {
    // No Linux, or no /proc.
  }
  return 0;
}

/** In a container the group may be mounted as the root. */
function countIn(mount: string, path: string, file: string): number | undefined {
  for (const folder of [`${mount}${path}`, mount]) {
    try {
      const found = /^oom_kill (\d+)$/m.exec(readFileSync(`${folder}/${file}`, 'utf8'));
      if (found !== null) return Number(found[1]);
    } catch {
      // Not mounted there.
    }
  }
  return undefined;
}
