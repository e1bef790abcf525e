/**
 * What crosses between the supervisor, which owns the processes of a run, and the coordinator, which decides: over
 * the channel that Node opens between a process and its child.
 */
import type { Failure } from '../../core/failure.ts';
import type { JsonObject } from '../../core/json.ts';
import type { StopSignal } from '../../core/stop-signal.ts';
import type { ExitStatus, Seat } from '../../launch/launching.ts';
import type { RunEvent } from '../../telemetry/run-event.ts';
import type { CoordinatorOutcome } from '../machine.ts';
import type { RendezvousSpec } from '../rendezvous.ts';
import type { Journal, Succession } from '../succession.ts';

/** What a coordinator process begins with. */
export interface Beginning {
  readonly kind: 'begin';
  readonly rendezvous: RendezvousSpec;
  /** Of the coordinator's program; opaque to the supervisor. */
  readonly task: JsonObject;
  /** Null for the first coordinator of a run, and when the one before had not begun to listen. */
  readonly takeOver: {
    readonly succession: Omit<Succession, 'awayMs'>;
    /** When the coordinator before was lost, as Date.now() says: processes have no other clock in common. */
    readonly lostAt: number;
    readonly endpoint: string;
  } | null;
  /** What happened to the coordinator before, in one sentence. */
  readonly loss: string | null;
}

export type ToCoordinator =
  | Beginning
  | {
      readonly kind: 'spawned';
      readonly slot: number;
      readonly attempt: number;
      readonly pid: number;
      readonly host: string | null;
    }
  | {
      readonly kind: 'exited';
      readonly slot: number;
      readonly attempt: number;
      readonly status: ExitStatus;
    }
  | { readonly kind: 'signal'; readonly signal: StopSignal }
  | { readonly kind: 'hold'; readonly isHeld: boolean };

export type FromCoordinator =
  /** It lives: said every `HEARTBEAT_MS`. */
  | { readonly kind: 'heartbeat' }
  | { readonly kind: 'listening'; readonly endpoint: string }
  | { readonly kind: 'launch'; readonly seats: readonly Seat[] }
  | {
      readonly kind: 'kill';
      readonly slot: number;
      readonly attempt: number;
      readonly signal: NodeJS.Signals;
    }
  | { readonly kind: 'journal'; readonly journal: Journal }
  /** What the run's reader is to know; dropped rather than kept when the supervisor reads too slowly. */
  | { readonly kind: 'event'; readonly event: RunEvent }
  /** The run has ended. */
  | { readonly kind: 'outcome'; readonly outcome: PlainOutcome }
  /** It can't begin. */
  | { readonly kind: 'failed'; readonly failure: Failure };

/** A `CoordinatorOutcome` that can cross between processes. */
export type PlainOutcome = Omit<CoordinatorOutcome, 'error'> & { readonly error: Failure | null };
