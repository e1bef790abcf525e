/** Injects faults into a run with made-up gradients, from outside. */
import { renameSync, writeFileSync } from 'node:fs';
import { systemErrorCode } from '../../core/system-error.ts';
import type { FakeRunProcess } from './fake-run.ts';
import { orderPath } from './fake-run.ts';
import type { InjectedName } from './fault-kinds.ts';
import type { TcpProxy } from './tcp-proxy.ts';

/** Shorter than the silence after which a process is lost. */
const PAUSE_MS = 800;
const PARTITION_MS = 1_500;
const DELAY_MS = 50;
const DELAYED_FOR_MS = 1_000;

/**
 * Injects a fault into the worker in a slot, or into the coordinator. Resolves when the fault itself is over: a
 * pause has ended, a partition has healed. Does nothing to a process that is gone.
 */
export async function inject(
  run: FakeRunProcess,
  fault: InjectedName,
  slot: number,
): Promise<void> {
  switch (fault) {
    case 'kill':
      return signal(run.pidIn(slot), 'SIGKILL');
    case 'stop':
      return signal(run.pidIn(slot), 'SIGSTOP');
    case 'preempt':
      return signal(run.pidIn(slot), 'SIGTERM');
    case 'kill-coordinator':
      return signal(run.coordinatorPid, 'SIGKILL');
    case 'stop-coordinator':
      return signal(run.coordinatorPid, 'SIGSTOP');
    case 'pause':
      signal(run.pidIn(slot), 'SIGSTOP');
      await pause(PAUSE_MS);
      return signal(run.pidIn(slot), 'SIGCONT');
    case 'exit':
    case 'hang':
    case 'full-disk':
    case 'slow':
    case 'nan':
    case 'wrong-sum':
    case 'malformed-message':
      return order(orderPath(run.run, slot), fault);
    default:
      return await injectIntoLink(linkOf(run, fault, slot), fault);
  }
}

async function injectIntoLink(link: TcpProxy, fault: string): Promise<void> {
  if (fault.startsWith('half-open')) return link.halfOpen('there', 'back');
  if (fault.startsWith('cut')) return link.cut();
  if (fault.startsWith('partition')) link.silence('there', 'back');
  else link.delay(DELAY_MS);
  await pause(fault.startsWith('partition') ? PARTITION_MS : DELAYED_FOR_MS);
  link.heal();
}

function linkOf({ network }: FakeRunProcess, fault: string, slot: number): TcpProxy {
  const { control, data } = network!.links[slot]!;
  return fault.endsWith('control') ? control : data;
}

function order(path: string, fault: InjectedName): void {
  writeFileSync(`${path}.tmp`, fault);
  renameSync(`${path}.tmp`, path);
}

function signal(pid: number, name: NodeJS.Signals): void {
  try {
    process.kill(pid, name);
  } catch (thrown) {
    // The process has ended meanwhile.
    if (systemErrorCode(thrown) !== 'ESRCH') throw thrown;
  }
}

/** Waits. */
export const pause = (ms: number) => new Promise<void>((resolve) => setTimeout(resolve, ms));
