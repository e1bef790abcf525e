/** Clocks of the control protocol, both sides alike: deadlines are on monotonic time, never on the calendar. */

/** Every process says so often that it lives. */
export const HEARTBEAT_MS = 500;
/** Silence after which the other side counts as lost. */
export const SILENCE_MS = 3_000;
/** A process that starts must say its first word within so long, whatever else the machine does; silence counts from then on. */
export const START_UP_MS = 10 * 60_000;
/** How often deadlines are looked at. */
export const TICK_MS = 250;
/** A tick so late says that this process itself was stopped: the others' silence proves nothing then. */
export const STALL_MS = 1_000;
/** All ranks wait and nothing has come for so long: a message was lost, so the generation is formed anew. */
export const QUIET_MS = 10_000;
/** A main thread that computes for so long without a word counts as hung; a first step may compile. */
export const HANG_MS = 15 * 60_000;
/** Once the steps' times are known, one that blocks it in a step for a multiple of them, and at least so long. */
export const SHORTEST_HANG_MS = 30_000;
