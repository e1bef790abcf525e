/** One worker as the coordinator sees it. */
import type { WorkerMessage } from '../protocol/messages.ts';

/** What every worker's `hello` must say; a hash that is absent here must only be equal on all workers. */
export interface ExpectedHashes {
  readonly configHash?: string;
  readonly dataHash?: string;
  readonly fingerprint?: string;
}

export type Of<Kind extends WorkerMessage['kind']> = Extract<WorkerMessage, { kind: Kind }>;
type Hello = Of<'hello'>;

export interface Member {
  /** Place in which the launcher started it. In generation 1 the rank is the slot. */
  readonly slot: number;
  readonly pid: number | null;
  readonly hello: Hello | null;
  readonly ready: { readonly step: number; readonly stateHash: string } | null;
  readonly finished: Pick<Of<'finished'>, 'step' | 'stateHash' | 'reason'> | null;
  readonly lastHeardMs: number | null;
  /** Steps that it has applied. */
  readonly step: number;
}

export interface ExitStatus {
  readonly code: number | null;
  readonly signal: string | null;
  /** Last line that the process printed, if any. */
  readonly lastLine: string;
}
