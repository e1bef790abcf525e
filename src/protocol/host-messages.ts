/**
 * What the agents of a run's hosts say to each other: every message there is. One agent leads, on whose host the
 * coordinator is; each other one starts and watches the workers of its own host at the leader's word.
 */
import { z } from 'zod';
import { LockstepError } from '../core/errors.ts';
import { failureOfError } from '../core/failure.ts';
import { MAX_DEPTH } from './codec.ts';
import { MOST_WORKERS } from './messages.ts';

export const HOST_PROTOCOL = 4;

const count = z.int().min(0);
const name = z.string().max(256);
const text = z.string().max(4096);
const failure = z.strictObject({ code: z.string().max(64), message: text, advice: text });
const seat = { slot: count, attempt: count };
const status = z.strictObject({
  code: z.int().nullable(),
  signal: z.string().max(32).nullable(),
  lastLine: text,
  outOfMemory: z.boolean().optional(),
  stateWhenKilled: z.enum(['running', 'stopped']).optional(),
});
const outcome = z.strictObject({
  status: z.enum(['completed', 'stopped', 'failed']),
  exitCode: count,
  // Of any length: no host is to take the end of the run for nonsense. A whole message has a limit.
  reason: z.string(),
  step: count,
  stateHash: name.nullable(),
  lastCheckpoint: text.nullable(),
  runFolder: text,
});

const signal = z.enum(['SIGINT', 'SIGTERM', 'SIGHUP', 'SIGUSR1']);
const rank = count.max(1023);
const view = z.strictObject({
  epoch: count,
  version: count,
  leader: rank,
  hosts: z.array(rank).min(1).max(1024),
});
/** What agents say to each other about who leads, see cluster/agent-machine.ts. */
const agentMessage = z.discriminatedUnion('kind', [
  z.strictObject({ kind: z.literal('ask'), epoch: count, view }),
  z.strictObject({ kind: z.literal('vote'), epoch: count }),
  z.strictObject({ kind: z.literal('led'), view }),
  z.strictObject({ kind: z.literal('resign'), epoch: count, view, next: rank }),
]);
/** What a host keeps for a coordinator that takes over; its content is that of coordinator/succession.ts. */
const journal = z.strictObject({
  epoch: count,
  /** Counts those of one leader. */
  version: count,
  content: z.record(name, z.unknown()),
});
const agent = {
  /** Of the run: what agents of another start say counts for nothing. */
  start: name,
  from: rank,
  message: agentMessage,
  /** With a vote: the newest that the sender has. */
  journal: journal.nullable(),
};
const beat = { epoch: count, version: count };

const message = <Kind extends string, Shape extends z.ZodRawShape>(kind: Kind, shape: Shape) =>
  z.strictObject({ kind: z.literal(kind), ...shape });

const rosterHost = z.strictObject({
  hostRank: rank,
  host: name,
  pid: count,
  workers: count.min(1),
  /** Where it listens for other agents. */
  address: name,
  port: z.int().min(1).max(65_535),
  /** Of its workers; 0 before all hosts have come. */
  firstSlot: count,
});

/** A file of the run that a host without the leader's disk fetches. Its name leads nowhere but into that host's copy. */
const copiedFile = z.strictObject({
  name: z
    .string()
    .max(512)
    .regex(/^(config\.yaml|extensions\.json|data(\/[A-Za-z0-9][A-Za-z0-9._-]*){1,2})$/),
  sizeBytes: count,
  sha256: z.string().regex(/^[0-9a-f]{64}$/),
});

/** A host's agent → the leader's. */
export const memberMessage = z.discriminatedUnion('kind', [
  /** Said again until it is answered. */
  message('hello', {
    protocol: z.int(),
    version: name,
    /** Null where the leader is to choose one. */
    hostRank: count.nullable(),
    host: name,
    pid: count,
    workers: count.min(1),
    /** Its address on the way to the leader, and the leader's as it sees it. */
    address: name,
    leaderAddress: name,
    /** Where it listens for other agents. */
    port: z.int().min(1).max(65_535),
    /** What it was started for: all hosts must be started for the same. */
    request: name,
    /** So many hosts, as it was told. */
    hosts: count,
    /** Its workers, when it took part before. */
    running: z.array(z.strictObject({ ...seat, pid: count })).max(1024),
  }),
  /** The view that it has. */
  message('heartbeat', beat),
  message('agent', agent),
  /** It sees the run's folder and can start workers. */
  message('ready', {}),
  /** It can't. */
  message('cannot', { failure }),
  /** It makes ready, and has fetched so much of what its workers read; said again and again. */
  message('fetching', { doneBytes: count, totalBytes: count }),
  message('spawned', { ...seat, pid: count }),
  message('exited', { ...seat, status }),
  /** It ends. */
  message('bye', {}),
  /** It was asked to stop: so is the run. */
  message('signal', { signal }),
  /** It was asked to stop, and wants to leave the run to the others. Said again until it is answered. */
  message('leave', { signal }),
  /** It is ready to lead. */
  message('prepared', {}),
]);

/** The leader's agent → a host's. */
export const leaderMessage = z.discriminatedUnion('kind', [
  message('welcome', {
    ...{ hostRank: rank, hosts: count, host: name, pid: count, view },
    /** Random: of all agents that have come to one leader, and to those that took over from it. */
    start: name,
  }),
  /** It is none of the run's hosts, or no longer. */
  message('refused', { failure }),
  /** All places are taken. Said again until one is free. */
  message('full', {}),
  /** It was counted as lost: it is to say hello again. */
  message('introduce', {}),
  message('heartbeat', beat),
  message('agent', agent),
  /** Where all agents listen that have come so far. */
  message('roster', { hosts: z.array(rosterHost).max(1024) }),
  message('journal', { journal }),
  /** Where workers reach the coordinator. */
  message('coordinator', { endpoint: name }),
  /** The run begins, or goes on. */
  message('run', {
    runFolder: text,
    /** Name of this start of the run, from which the keys of its processes follow. */
    run: name,
    coordinatorKey: name,
    /** By slot. */
    workerKeys: z.array(name).min(1).max(MOST_WORKERS),
    worldSize: count.min(1),
    coordinatorWaitMs: count,
    maxRestarts: count,
    minWorkers: count,
    /** What the coordinator's program is told. */
    task: z.record(name, z.unknown()),
    /** What the file that locks the folder holds: who sees another one sees another folder. */
    lock: text,
    resume: z.boolean(),
    /** Where hosts without this disk fetch what their workers read; null where all see one disk. */
    copy: z
      .strictObject({
        port: z.int().min(1).max(65_535),
        /** See data/format/data-key.ts: a host that has the same dataset does not fetch it. */
        dataKey: name,
        files: z.array(copiedFile).min(1).max(4096),
      })
      .nullable(),
    /** Faults to inject into workers. */
    simulate: z.array(text),
    /** Of this host. */
    firstSlot: count,
  }),
  message('launch', {
    ...seat,
    environment: z.record(name, text),
  }),
  message('kill', { ...seat, signal: z.enum(['SIGKILL', 'SIGTERM', 'SIGINT', 'SIGUSR1']) }),
  /** The leader is about to leave, and this host is to lead next. Said again until it is answered. */
  message('prepare', {}),
  /** The host may leave: the others go on. */
  message('leave', {}),
  /** The run has ended. */
  message('end', { outcome: outcome.nullable(), failure: failure.nullable() }),
]);

export type CopiedFile = Readonly<z.output<typeof copiedFile>>;
export type RosterHost = z.output<typeof rosterHost>;
export type KeptJournal = z.output<typeof journal>;
export type MemberMessage = z.output<typeof memberMessage>;
export type LeaderMessage = z.output<typeof leaderMessage>;

export function encodeHostMessage(what: MemberMessage | LeaderMessage): Buffer {
  return Buffer.from(JSON.stringify(what));
}

/** @throws LockstepError PROTOCOL for anything else than a message of a host */
export function decodeFromMember(frame: Uint8Array | null): MemberMessage {
  return decoded(frame, memberMessage);
}

/** @throws LockstepError PROTOCOL for anything else than a message of the leader */
export function decodeFromLeader(frame: Uint8Array | null): LeaderMessage {
  return decoded(frame, leaderMessage);
}

function decoded<Message>(frame: Uint8Array | null, schema: z.ZodType<Message>): Message {
  const content = Buffer.from(frame ?? []).toString('utf8');
  // What is nested deeper can be read here, but not told to others.
  if (depthOf(content) > MAX_DEPTH) {
    throw protocolError(`a message is nested more than ${MAX_DEPTH} levels deep`);
  }
  const value = parseJson(content);
  const version = versionOf(value);
  if (version !== undefined && version !== HOST_PROTOCOL) {
    throw protocolError(`it speaks version ${version} of the protocol, this one ${HOST_PROTOCOL}`);
  }
  const parsed = schema.safeParse(value);
  if (parsed.success) return parsed.data;
  const issue = parsed.error.issues[0];
  throw protocolError(`${issue?.path.join('.') || 'the message'}: ${issue?.message ?? 'invalid'}`);
}

/** Levels of nesting of a JSON text. */
function depthOf(content: string): number {
  let [depth, deepest, isString] = [0, 0, false];
  for (let at = 0; at < content.length; at++) {
    const char = content[at];
    if (char === '"') isString = !isString;
    else if (isString && char === '\\') at++;
    else if (!isString && (char === '[' || char === '{')) deepest = Math.max(deepest, ++depth);
    else if (!isString && (char === ']' || char === '}')) depth--;
  }
  return deepest;
}

function parseJson(content: string): unknown {
  try {
    return JSON.parse(content);
  } catch {
    return undefined;
  }
}

function versionOf(value: unknown): number | undefined {
  if (typeof value !== 'object' || value === null || !('protocol' in value)) return undefined;
  return typeof value.protocol === 'number' ? value.protocol : undefined;
}

function protocolError(why: string): LockstepError {
  return new LockstepError(
    'PROTOCOL',
    `Cannot understand the agent of another host: ${why}.`,
    'Start all hosts from one installation, by the same command.',
  );
}

/** A failure as it travels. */
export const travelling = (error: LockstepError) => {
  const { code, message: what, advice } = failureOfError(error);
  return { code, message: what.slice(0, 4096), advice: advice.slice(0, 4096) };
};
