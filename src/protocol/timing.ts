/** Clocks of the control protocol, both sides alike: deadlines are on monotonic time, never on the calendar. */

/** How often every process says that it lives. */
export const HEARTBEAT_MS = 500;
/** Silence after which the other side counts as lost. */
export const SILENCE_MS = 3_000;
/** Time from a process's start to its first word, on a busy machine too; silence counts from that word on. */
export const START_UP_MS = 10 * 60_000;
/** How often deadlines are looked at. */
export const TICK_MS = 250;
/** Agents of hosts look more often: the workers of all hosts wait for a takeover. */
export const AGENT_TICK_MS = 100;
/** A tick later than this shows that this process itself was stopped: the others' silence then proves nothing. */
export const STALL_MS = 1_000;
/** If all ranks wait for longer than this, a message was lost: the generation forms anew. */
export const QUIET_MS = 10_000;
/** A main thread that computes for longer without a word counts as hung; a first step may compile. */
export const HANG_MS = 15 * 60_000;
/** Once the steps' times are known: the least time for which a step may block the main thread. */
export const SHORTEST_HANG_MS = 30_000;
