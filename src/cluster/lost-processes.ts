/** What a leader that takes a run over makes of the slots of which it hears nothing. Pure. */
import type { Journal, SlotProcess } from '../coordinator/succession.ts';

/**
 * The newest process in each slot of which no host has said that it lives.
 * @param reported those that live
 * @param hostOf the host of a slot, and whether it has left the run
 */
export function lostProcesses(
  reported: readonly SlotProcess[],
  worldSize: number,
  journal: Journal | null,
  hostOf: (slot: number) => { readonly name: string; readonly hasLeft: boolean },
): SlotProcess[] {
  const living = new Set(reported.map(({ slot }) => slot));
  const slots = [...Array(worldSize).keys()].filter((slot) => !living.has(slot));
  return slots.map((slot) => {
    const attempt = journal?.losses.find((one) => one.slot === slot)?.attempt ?? 0;
    const { name: host, hasLeft } = hostOf(slot);
    const gone = hasLeft ? { hostLeft: true } : { hostLost: 'nothing was heard' };
    const exit = { code: null, signal: null, lastLine: '', ...gone };
    return { slot, attempt, pid: null, host, exit };
  });
}
