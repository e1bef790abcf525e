/** What a pure reducer returns: the next state, what is to be done, and why, in one sentence. */
export interface Transition<State, Effect> {
  readonly state: State;
  readonly effects: readonly Effect[];
  /** The same sentence reaches the log and the tests; empty when there is nothing to tell. */
  readonly reason: string;
}
