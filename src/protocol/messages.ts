/**
 * The control protocol between the coordinator and its workers: every message there is, on one screen.
 * Each carries the protocol's version, the run (with the secret of this start) and the generation, so that
 * a frame from another time or place is recognised; what holds between them is in GUARANTEES.md.
 */
import { z } from 'zod';
import { isJsonObject, type JsonObject } from '../core/json.ts';

export const PROTOCOL_VERSION = 5;
/** Of a run: each is told where all others are. */
export const MOST_WORKERS = 4096;

const count = z.int().min(0);
const hash = z.string().max(256);
const fingerprint = z.string().max(1024);
const text = z.string().max(4096);
const envelope = { protocol: z.int(), run: z.string().max(256), generation: count };
/** Plain JSON that passes through: metrics, evaluation results. */
const payload = z.custom<JsonObject>(isJsonObject, 'not plain JSON');
const sums = z.record(z.string().max(256), z.number());
/** Workers that say the same see each other's memory. */
const host = z.string().max(64);
const peer = z.strictObject({ rank: count, endpoint: z.string().max(512), host });
/** Where a worker's state stands: steps applied, and whether the evaluation due after the last one is done. */
const boundary = z.strictObject({ step: count, evaluated: z.boolean() });
/**
 * What a worker may wait for in a round, in the order in which it is sent: parts of the sum, as a rank begins the round;
 * sums of a host, when all parts have come; finished segments, when all sums of hosts have; copies of those of other
 * hosts, when these have.
 */
export const AWAITED_ORDER = ['parts', 'sums', 'segments', 'copies'] as const;
/** What a waiting worker misses, of which ranks (eight at most): the first of that order, or a state. */
const awaited = z.strictObject({
  what: z.enum([...AWAITED_ORDER, 'state']),
  ranks: z.array(count).max(8),
});
/** Where a worker gets the state from that its generation begins with. */
const origin = z.discriminatedUnion('kind', [
  /** The run's beginning or a checkpoint; `again` when the run was under way and its state is lost. */
  z.strictObject({ kind: z.literal('disk'), again: z.boolean() }),
  /** It has it. */
  z.strictObject({ kind: z.literal('own') }),
  z.strictObject({ kind: z.literal('peer'), rank: count }),
]);
const failure = { code: z.string().max(64), message: text, advice: text };

const message = <Kind extends string, Shape extends z.ZodRawShape>(kind: Kind, shape: Shape) =>
  z.strictObject({ kind: z.literal(kind), ...envelope, ...shape });

/** Worker → coordinator. `slot` is the place in which the launcher started it; the rank is given by `assign`. */
export const workerMessage = z.discriminatedUnion('kind', [
  message('hello', { slot: count, pid: count, dataEndpoint: z.string().max(512), host }).extend({
    configHash: hash,
    dataHash: hash,
    fingerprint,
  }),
  /** It has dropped its unfinished step and can take a place in this generation; null: it has no state. */
  message('boundary', { at: boundary.nullable() }),
  /** The state is loaded: this worker could run `step` from the state with this hash. */
  message('ready', { step: count, stateHash: hash }),
  /**
   * `training`: a leased step is computed; `computing`: anything else is. `forMs`: since its main thread began to
   * do so, or since what it waits for last made progress; `blockedMs`: since that thread owes an answer.
   */
  message('heartbeat', {
    step: count,
    activity: z.enum(['training', 'computing', 'waiting']),
    forMs: count,
    blockedMs: count,
    awaits: awaited.optional(),
    /** For how long nothing was heard of the coordinator, when that is too long. */
    unheardMs: count.optional(),
  }),
  /** A connection that was lost is there again: that to a rank's data socket, or (null) to the coordinator. */
  message('reconnected', { rank: count.nullable() }),
  /**
   * Step `step` is applied. `sums` are reduced values, so they are the same on every rank; so is the hash of
   * the state, which is there each so many steps.
   */
  message('stepDone', { step: count, sums, stateHash: hash.optional(), report: payload }),
  /** A frame of numbers from this rank arrived other than it was sent: it is missing now. */
  message('damaged', { sender: count }),
  message('event', { step: count, payload }),
  /** What every rank says alike, such as an evaluation's metrics: it is told once for each kind and step. */
  message('result', { step: count, payload }),
  message('failed', { step: count, ...failure }),
  message('finished', { step: count, stateHash: hash, reason: z.enum(['completed', 'drained']) }),
  /** A signal that was sent to this worker alone. */
  message('signalled', { signal: z.enum(['SIGTERM', 'SIGUSR1']) }),
]);

/** Coordinator → worker. */
export const coordinatorMessage = z.discriminatedUnion('kind', [
  /** This coordinator does not know the worker, which may know another one: say `hello` and what was done last. */
  message('introduce', {}),
  /** A generation (the envelope's) is to be formed: drop the unfinished step and say `boundary`. */
  message('regroup', {}),
  /** `receivers`: ranks that wait for this worker's state. */
  message('assign', {
    rank: count,
    worldSize: z.int().min(1),
    peers: z.array(peer).max(MOST_WORKERS),
    origin,
    receivers: z.array(count).max(MOST_WORKERS),
  }),
  /** Steps below `until` may run; the first lease starts the generation. */
  message('lease', { until: count }),
  /** Step `stopAt` and those after it will not be leased: finish there, save, say `finished`. */
  message('drain', { stopAt: count }),
  message('heartbeat', {}),
  /** Every rank has finished with the same state: leave. */
  message('complete', { step: count }),
  message('abort', failure),
]);

export type Boundary = z.output<typeof boundary>;
export type Awaited = z.output<typeof awaited>;
export type Origin = z.output<typeof origin>;
export type WorkerMessage = z.output<typeof workerMessage>;
export type CoordinatorMessage = z.output<typeof coordinatorMessage>;

type WithoutEnvelope<M> = M extends unknown ? Omit<M, 'protocol' | 'run' | 'generation'> : never;
/** A message as the reducers make it: the sender adds version, run and generation. */
export type WorkerBody = WithoutEnvelope<WorkerMessage>;
export type CoordinatorBody = WithoutEnvelope<CoordinatorMessage>;
