/**
 * Which agent leads a run of several hosts: a pure reducer from what agents hear of each other, and clock readings.
 *
 *   following → leaderless → taking → leading
 *       ↑___________|___________|________|
 *
 * Three rules keep two hosts from training the run at the same time:
 *
 *   1. An agent that no longer hears its leader asks the others. More than half of the hosts must say that they don't hear
 *      it either; then the agent takes the run's folder at once. Each agent votes once in an epoch (as in Raft, Ongaro and
 *      Ousterhout 2014). A leader that leaves votes, too, for the next one; it writes nothing more by then.
 *   2. With fewer votes only the folder tells: whoever owns it touches it every two seconds (core/lease.ts), so an owner
 *      that gave no sign of life for half a minute is taken for dead.
 *   3. A leader that does not hear half of the hosts, itself included, lets no generation form. It forms one again when it
 *      hears them, or when nobody has taken the folder for longer than rule 2 needs.
 *
 * The folder has one owner at a time whatever the agents believe, and its lock tells the owner's epoch. Whoever takes it
 * leads in a later one: with too few votes, agents that don't hear each other would choose the same.
 */
import { SILENCE_MS } from '../protocol/timing.ts';

/** The hosts that count, and who leads them. The one with the greater epoch, then version, is newer. */
export interface View {
  /** Of this leader. */
  readonly epoch: number;
  /** Counts the changes that this leader has made. */
  readonly version: number;
  /** Its rank. */
  readonly leader: number;
  /** Ranks of the hosts that are there, the leader's included; ascending. */
  readonly hosts: readonly number[];
}

/** What agents say to each other about who leads. */
export type AgentMessage =
  /** The sender does not hear the leader of its view, and wants to lead in the epoch. */
  | { readonly kind: 'ask'; readonly epoch: number; readonly view: View }
  /** Nor does the sender. */
  | { readonly kind: 'vote'; readonly epoch: number }
  /** Somebody leads in a newer view. */
  | { readonly kind: 'led'; readonly view: View }
  /** The sender leads no more, and votes for the next one in the epoch. */
  | {
      readonly kind: 'resign';
      readonly epoch: number;
      readonly view: View;
      readonly next: number;
    };

export type AgentRole =
  /** `aloneSinceMs`: since when more than half of the hosts are lost; null while they are there. */
  | { readonly kind: 'leading'; readonly isHeld: boolean; readonly aloneSinceMs: number | null }
  | { readonly kind: 'following' }
  /** `votes`: ranks that have voted for this agent in the epoch that it has promised, itself included. */
  | { readonly kind: 'leaderless'; readonly askAtMs: number; readonly votes: readonly number[] }
  /** It takes the folder. */
  | { readonly kind: 'taking'; readonly votes: readonly number[] }
  /** It led, and has left the run to the others. */
  | { readonly kind: 'resigned'; readonly next: number };

export interface AgentState {
  readonly rank: number;
  readonly view: View;
  readonly role: AgentRole;
  /** The newest epoch in which this agent has voted, or that it has seen. */
  readonly promised: number;
  /** Whether the leader of the view has said that it leads no more: what is heard of it later was on the way. */
  readonly hasLeaderLeft: boolean;
  /** When other hosts were heard last, by rank. */
  readonly heardMs: ReadonlyMap<number, number>;
  /**
   * Of a leader: the hosts of its last view that all of them have confirmed. Until they have confirmed the next one, half
   * of both must be there, as in Raft's joint consensus: one that has not heard of a change counts by the old view.
   */
  readonly agreed: readonly number[];
  /** Of a leader: the version of its view that each host has confirmed. */
  readonly confirmed: ReadonlyMap<number, number>;
}

export type AgentEvent =
  /** `version`: of the view of this leader that the other one has. */
  | {
      readonly kind: 'heard';
      readonly from: number;
      readonly version?: number | undefined;
      readonly nowMs: number;
    }
  | {
      readonly kind: 'message';
      readonly from: number;
      readonly message: AgentMessage;
      readonly nowMs: number;
    }
  | { readonly kind: 'tick'; readonly nowMs: number }
  /** This process was stopped for a while: the others' silence until now proves nothing. */
  | { readonly kind: 'stalled'; readonly nowMs: number }
  /** A host has come to the leader, or has gone. */
  | { readonly kind: 'came'; readonly host: number; readonly nowMs: number }
  | { readonly kind: 'went'; readonly host: number; readonly nowMs: number }
  /** This leader writes nothing more, and leaves the run to the next one. May be said again, until that one leads. */
  | { readonly kind: 'resign'; readonly next: number }
  /** The folder's owner gave no sign of life for half a minute. */
  | { readonly kind: 'ownerSilent'; readonly nowMs: number }
  /** The folder is this agent's, which leads in the epoch, or another one was first. */
  | { readonly kind: 'taken'; readonly epoch: number; readonly nowMs: number }
  | { readonly kind: 'refused'; readonly nowMs: number }
  /** The folder of the leader has another owner. */
  | { readonly kind: 'deposed'; readonly nowMs: number };

export type AgentEffect =
  | { readonly kind: 'send'; readonly to: number; readonly message: AgentMessage }
  /** The leader tells all hosts of its view. */
  | { readonly kind: 'announce'; readonly view: View }
  | { readonly kind: 'hold'; readonly isHeld: boolean }
  /** The leader does not hear this host any more. */
  | { readonly kind: 'lost'; readonly host: number }
  /** Watches the folder's owner from now on. `isNext`: it has left, and this host is to lead. */
  | {
      readonly kind: 'leaderLost';
      readonly leader: number;
      readonly hasLeft: boolean;
      readonly isNext: boolean;
    }
  | { readonly kind: 'leaderBack'; readonly leader: number }
  /**
   * In this epoch, or a later one if the folder's owner led in it. `isAgreed`: whether more than half of the hosts have
   * voted for it; else only while the owner stays silent.
   */
  | { readonly kind: 'take'; readonly epoch: number; readonly isAgreed: boolean }
  /** Goes on with the run as the leader; these hosts come to it. */
  | { readonly kind: 'lead'; readonly view: View }
  /** Joins the leader of this view. */
  | { readonly kind: 'follow'; readonly view: View }
  /** Ends the coordinator and the workers here: another agent leads. */
  | { readonly kind: 'stepDown' };

export interface AgentTransition {
  readonly state: AgentState;
  readonly effects: readonly AgentEffect[];
}

/** A leader that does not hear the others for so long lets no generation form; its coordinator regroups later. */
const DOUBT_MS = SILENCE_MS / 2;
/** An agent without a leader asks so often. */
const ASK_MS = 400;
/** The agents of a run ask one after the other, so that the first one gets all votes. */
const STAGGER_MS = 200;
/** One that has voted lets the other one try for so long. */
const PATIENCE_MS = 2_500;
/** Rule 2 needs half a minute from when the others noticed; then nobody else is there. */
const ALONE_MS = 40_000;

export function leadingAgent(rank: number, view: View, nowMs: number): AgentState {
  const role = { kind: 'leading', isHeld: false, aloneSinceMs: null } as const;
  const heardMs = new Map(view.hosts.map((host) => [host, nowMs]));
  const known = { heardMs, agreed: view.hosts, confirmed: new Map() };
  return { rank, view, role, promised: view.epoch, hasLeaderLeft: false, ...known };
}

export function followingAgent(rank: number, view: View, nowMs: number): AgentState {
  const heardMs = new Map([[view.leader, nowMs]]);
  const known = { heardMs, agreed: [], confirmed: new Map(), hasLeaderLeft: false };
  return { rank, view, role: { kind: 'following' }, promised: view.epoch, ...known };
}

const isNewer = (a: View, b: View): boolean =>
  a.epoch > b.epoch || (a.epoch === b.epoch && a.version > b.version);

export function reduceAgent(state: AgentState, event: AgentEvent): AgentTransition {
  if (event.kind === 'resign') return resign(state, event.next);
  if (state.role.kind === 'resigned') return stay(state);
  switch (event.kind) {
    case 'heard':
      return onHeard(heard(state, event.from, event.nowMs), event.from, event.version);
    case 'message':
      return onMessage(state, event.from, event.message, event.nowMs);
    case 'tick':
      return onTick(state, event.nowMs);
    case 'stalled':
      return stay({
        ...state,
        heardMs: new Map([...state.heardMs.keys()].map((rank) => [rank, event.nowMs])),
      });
    case 'came':
      return onCame(heard(state, event.host, event.nowMs), event.host);
    case 'went':
      return onWent(state, event.host);
    case 'ownerSilent':
      if (state.role.kind !== 'leaderless') return stay(state);
      return take({ ...state, promised: state.promised + 1 }, [state.rank], false);
    case 'taken':
      return onTaken(state, event.epoch, event.nowMs);
    case 'refused':
      if (state.role.kind !== 'taking') return stay(state);
      return stay({ ...state, role: leaderless(event.nowMs + PATIENCE_MS) });
    case 'deposed':
      return onDeposed(state, event.nowMs);
  }
}

const stay = (state: AgentState, ...effects: AgentEffect[]): AgentTransition => ({
  state,
  effects,
});

const after = (first: AgentTransition, second: AgentTransition): AgentTransition => ({
  state: second.state,
  effects: [...first.effects, ...second.effects],
});

const leaderless = (askAtMs: number): AgentRole => ({ kind: 'leaderless', askAtMs, votes: [] });

const heard = (state: AgentState, from: number, nowMs: number): AgentState => ({
  ...state,
  heardMs: new Map(state.heardMs).set(from, nowMs),
});

function onHeard(state: AgentState, from: number, version?: number): AgentTransition {
  if (state.role.kind === 'leading' && version !== undefined) {
    return stay(confirm(state, from, version));
  }
  if (state.role.kind !== 'leaderless' || from !== state.view.leader) return stay(state);
  if (state.hasLeaderLeft) return stay(state);
  return stay({ ...state, role: { kind: 'following' } }, { kind: 'leaderBack', leader: from });
}

function confirm(state: AgentState, from: number, version: number): AgentState {
  return agree({ ...state, confirmed: new Map(state.confirmed).set(from, version) });
}

function agree(state: AgentState): AgentState {
  const { view, rank, confirmed } = state;
  const isWhole = view.hosts.every((host) => host === rank || confirmed.get(host) === view.version);
  return isWhole ? { ...state, agreed: view.hosts } : state;
}

function onMessage(
  state: AgentState,
  from: number,
  message: AgentMessage,
  nowMs: number,
): AgentTransition {
  switch (message.kind) {
    case 'ask':
      return onAsk(state, from, message, nowMs);
    case 'vote':
      return onVote(state, from, message.epoch);
    case 'led':
      return onView(state, message.view, nowMs);
    case 'resign':
      return onResign(state, from, message, nowMs);
  }
}

function onAsk(
  state: AgentState,
  from: number,
  { epoch, view }: Extract<AgentMessage, { kind: 'ask' }>,
  nowMs: number,
): AgentTransition {
  if (state.role.kind === 'following' && isSilent(state, state.view.leader, nowMs)) {
    // Here, too, though this agent has not looked since.
    const lost = loseLeader(state, nowMs);
    return after(lost, onAsk(lost.state, from, { kind: 'ask', epoch, view }, nowMs));
  }
  const led = { kind: 'send', to: from, message: { kind: 'led', view: state.view } } as const;
  if (isNewer(state.view, view)) return stay(state, led);
  if (isNewer(view, state.view)) {
    // Of a time when this host led, of which it knows nothing any more.
    if (view.leader === state.rank) return stay(state);
    const learnt = onView(state, view, nowMs);
    return after(learnt, onAsk(learnt.state, from, { kind: 'ask', epoch, view }, nowMs));
  }
  if (state.role.kind !== 'leaderless' || epoch <= state.promised) return stay(state);
  const voted = { ...state, promised: epoch, role: leaderless(nowMs + PATIENCE_MS) };
  return stay(voted, { kind: 'send', to: from, message: { kind: 'vote', epoch } });
}

function onVote(state: AgentState, from: number, epoch: number): AgentTransition {
  const { role, view } = state;
  if (role.kind !== 'leaderless' || role.votes.length === 0 || epoch !== state.promised) {
    return stay(state);
  }
  const votes = [...new Set([...role.votes, from])];
  if (2 * votes.length > view.hosts.length) return take(state, votes, true);
  return stay({ ...state, role: { ...role, votes } });
}

/** Whoever is next needs one vote fewer, and none to know that the leader is gone. */
function onResign(
  before: AgentState,
  from: number,
  { epoch, view, next }: Extract<AgentMessage, { kind: 'resign' }>,
  nowMs: number,
): AgentTransition {
  const learnt = onView(before, view, nowMs);
  const { state } = learnt;
  const { rank, role } = state;
  const isOfLeader = from === view.leader && view.leader === state.view.leader;
  const isWaiting = role.kind === 'following' || role.kind === 'leaderless';
  if (!isOfLeader || view.epoch !== state.view.epoch || !isWaiting) return learnt;
  if (state.hasLeaderLeft) return learnt;
  const isNext = next === rank && epoch > state.promised;
  const left = { ...state, hasLeaderLeft: true, role: leaderless(nowMs + PATIENCE_MS) };
  const lost: AgentEffect = { kind: 'leaderLost', leader: from, hasLeft: true, isNext };
  const told = after(learnt, role.kind === 'following' ? stay(left, lost) : stay(left));
  return isNext ? after(told, askIn(left, epoch, [rank, from], nowMs)) : told;
}

function resign(state: AgentState, next: number): AgentTransition {
  const { role, view, rank } = state;
  if (role.kind !== 'leading' && role.kind !== 'resigned') return stay(state);
  // Said again, it is the same vote.
  const epoch = role.kind === 'resigned' ? state.promised : state.promised + 1;
  const chosen = role.kind === 'resigned' ? role.next : next;
  const message = { kind: 'resign', epoch, view, next: chosen } as const;
  return stay(
    { ...state, promised: epoch, role: { kind: 'resigned', next: chosen } },
    ...view.hosts
      .filter((host) => host !== rank)
      .map((to) => ({ kind: 'send', to, message }) as const),
  );
}

function take(state: AgentState, votes: readonly number[], isAgreed: boolean): AgentTransition {
  const take = { kind: 'take', epoch: state.promised, isAgreed } as const;
  return stay({ ...state, role: { kind: 'taking', votes } }, take);
}

function onTaken(state: AgentState, epoch: number, nowMs: number): AgentTransition {
  const { role, rank } = state;
  if (role.kind !== 'taking') return stay(state);
  // All heard the leader until it left; otherwise only those that have voted are known to be there.
  const { hosts: known, leader } = state.view;
  const there = state.hasLeaderLeft ? known.filter((host) => host !== leader) : role.votes;
  const hosts = there.toSorted((a, b) => a - b);
  const view = { epoch, version: 0, leader: rank, hosts };
  // All that were there hear of it: those that voted, and those that may be cut off from the others only.
  const others = state.view.hosts.filter((host) => host !== rank);
  return stay(
    agree({ ...leadingAgent(rank, view, nowMs), agreed: state.view.hosts }),
    { kind: 'lead', view },
    ...others.map((to) => ({ kind: 'send', to, message: { kind: 'led', view } }) as const),
  );
}

/** Somebody knows of a newer view. */
function onView(state: AgentState, view: View, nowMs: number): AgentTransition {
  if (!isNewer(view, state.view) || view.leader === state.rank) return stay(state);
  const isOther = view.leader !== state.view.leader || view.epoch !== state.view.epoch;
  const promised = Math.max(state.promised, view.epoch);
  if (!isOther) return stay({ ...state, view, promised });
  const follower = { ...followingAgent(state.rank, view, nowMs), promised };
  const follow = { kind: 'follow', view } as const;
  if (state.role.kind !== 'leading') return stay(follower, follow);
  return stay(follower, { kind: 'stepDown' }, follow);
}

function onDeposed(state: AgentState, nowMs: number): AgentTransition {
  if (state.role.kind !== 'leading') return stay(state);
  return stay({ ...state, role: leaderless(nowMs + PATIENCE_MS) }, { kind: 'stepDown' });
}

function onTick(state: AgentState, nowMs: number): AgentTransition {
  const { role } = state;
  if (role.kind === 'leading') return watchHosts(state, role, nowMs);
  if (role.kind === 'following') return watchLeader(state, nowMs);
  if (role.kind === 'leaderless' && nowMs >= role.askAtMs) return ask(state, nowMs);
  return stay(state);
}

function watchLeader(state: AgentState, nowMs: number): AgentTransition {
  if (!isSilent(state, state.view.leader, nowMs)) return stay(state);
  const lost = loseLeader(state, nowMs);
  return after(lost, onTick(lost.state, nowMs));
}

function loseLeader(state: AgentState, nowMs: number): AgentTransition {
  const { leader, hosts } = state.view;
  const place = hosts.filter((host) => host !== leader).indexOf(state.rank);
  const lost = { ...state, role: leaderless(nowMs + STAGGER_MS * Math.max(0, place)) };
  return stay(lost, { kind: 'leaderLost', leader, hasLeft: false, isNext: place === 0 });
}

function ask(state: AgentState, nowMs: number): AgentTransition {
  // One that the leader has dropped has no say.
  if (!state.view.hosts.includes(state.rank)) return stay(state);
  return askIn(state, state.promised + 1, [state.rank], nowMs);
}

function askIn(
  state: AgentState,
  epoch: number,
  votes: readonly number[],
  nowMs: number,
): AgentTransition {
  const { view } = state;
  const role = { kind: 'leaderless', askAtMs: nowMs + ASK_MS, votes } as const;
  const asking = { ...state, promised: epoch, role };
  if (2 * votes.length > view.hosts.length) return take(asking, votes, true);
  const others = view.hosts.filter((host) => !votes.includes(host));
  return stay(
    asking,
    ...others.map((to) => ({ kind: 'send', to, message: { kind: 'ask', epoch, view } }) as const),
  );
}

function watchHosts(
  state: AgentState,
  role: Extract<AgentRole, { kind: 'leading' }>,
  nowMs: number,
): AgentTransition {
  const { rank, view, agreed } = state;
  const share = (hosts: readonly number[], ms: number): number =>
    hosts.filter((host) => host === rank || silenceOf(state, host, nowMs) <= ms).length /
    hosts.length;
  const shareWithin = (ms: number) => Math.min(share(view.hosts, ms), share(agreed, ms));
  const isEnough = shareWithin(SILENCE_MS) >= 0.5;
  const aloneSinceMs = isEnough ? null : (role.aloneSinceMs ?? nowMs);
  const isAlone = aloneSinceMs !== null && nowMs - aloneSinceMs > ALONE_MS;
  if (isAlone || (isEnough && share(view.hosts, SILENCE_MS) < 1)) {
    const present = view.hosts.filter(
      (host) => host === rank || silenceOf(state, host, nowMs) <= SILENCE_MS,
    );
    return narrow(isAlone ? { ...state, agreed: present } : state, present);
  }
  const isHeld = !isEnough || shareWithin(DOUBT_MS) <= 0.5;
  const next: AgentState = { ...state, role: { kind: 'leading', isHeld, aloneSinceMs } };
  return isHeld === role.isHeld ? stay(next) : stay(next, { kind: 'hold', isHeld });
}

/** The view without the hosts that are lost. */
function narrow(state: AgentState, hosts: readonly number[]): AgentTransition {
  const lost = state.view.hosts.filter((host) => !hosts.includes(host));
  const view = { ...state.view, version: state.view.version + 1, hosts };
  return stay(
    agree({ ...state, view }),
    { kind: 'announce', view },
    ...lost.map((host) => ({ kind: 'lost', host }) as const),
  );
}

function onCame(state: AgentState, host: number): AgentTransition {
  if (state.role.kind !== 'leading') return stay(state);
  const hosts = [...new Set([...state.view.hosts, host])].toSorted((a, b) => a - b);
  const view = { ...state.view, version: state.view.version + 1, hosts };
  return stay({ ...state, view }, { kind: 'announce', view });
}

function onWent(state: AgentState, host: number): AgentTransition {
  if (state.role.kind !== 'leading' || !state.view.hosts.includes(host)) return stay(state);
  return narrow(
    state,
    state.view.hosts.filter((other) => other !== host),
  );
}

const silenceOf = ({ heardMs }: AgentState, host: number, nowMs: number): number =>
  nowMs - (heardMs.get(host) ?? Number.NEGATIVE_INFINITY);

const isSilent = (state: AgentState, host: number, nowMs: number): boolean =>
  silenceOf(state, host, nowMs) > SILENCE_MS;
