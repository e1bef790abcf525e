import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import {
  type AgentEffect,
  type AgentEvent,
  type AgentState,
  followingAgent,
  leadingAgent,
  reduceAgent,
  type View,
} from '../../../src/cluster/agent-machine.ts';

const VIEW: View = { epoch: 1, version: 3, leader: 0, hosts: [0, 1, 2] };
const tick = (nowMs: number): AgentEvent => ({ kind: 'tick', nowMs });
const heard = (from: number, nowMs: number, version = VIEW.version): AgentEvent => ({
  kind: 'heard',
  from,
  version,
  nowMs,
});
const said = (
  from: number,
  message: Extract<AgentEvent, { kind: 'message' }>['message'],
  nowMs: number,
): AgentEvent => ({
  kind: 'message',
  from,
  message,
  nowMs,
});

function play(state: AgentState, ...events: AgentEvent[]) {
  const effects: AgentEffect[] = [];
  let now = state;
  for (const event of events) {
    const result = reduceAgent(now, event);
    now = result.state;
    effects.push(...result.effects);
  }
  return { state: now, effects, kinds: effects.map(({ kind }) => kind) };
}

/** Host 1, which does not hear host 0 any more and has asked host 2. */
const asking = (view = VIEW) => play(followingAgent(1, view, 0), tick(3001));

describe('an agent that follows', () => {
  it('follows as long as it hears its leader', () => {
    const { state, effects } = play(followingAgent(1, VIEW, 0), heard(0, 2000), tick(4900));
    assert.equal(state.role.kind, 'following');
    assert.deepEqual(effects, []);
  });

  it('asks the others as soon as it has heard nothing for 3 s, one agent after the other', () => {
    const first = asking();
    assert.deepEqual(first.kinds, ['leaderLost', 'send', 'send']);
    const second = play(followingAgent(2, VIEW, 0), tick(3001), tick(3100));
    assert.deepEqual(second.kinds, ['leaderLost']);
    assert.deepEqual(play(second.state, tick(3201)).kinds, ['send', 'send']);
  });

  it('takes the folder at once when more than half of the hosts say that they do not hear the leader either', () => {
    const { state } = asking();
    const voted = play(state, said(2, { kind: 'vote', epoch: state.promised }, 3100));
    assert.deepEqual(voted.effects, [{ kind: 'take', epoch: 2, isAgreed: true }]);
    const leads = play(voted.state, { kind: 'taken', epoch: 2, nowMs: 3110 });
    const view = { epoch: 2, version: 0, leader: 1, hosts: [1, 2] };
    assert.deepEqual(leads.effects[0], { kind: 'lead', view });
    assert.deepEqual(leads.state.view, view);
  });

  it('counts a vote once, and none of another epoch', () => {
    const wide = { ...VIEW, hosts: [0, 1, 2, 3, 4] };
    const { state } = asking(wide);
    const vote = (from: number, epoch: number) => said(from, { kind: 'vote', epoch }, 3100);
    const one = play(state, vote(2, state.promised), vote(2, state.promised), vote(3, 1));
    assert.deepEqual(one.effects, []);
    assert.deepEqual(play(one.state, vote(3, state.promised)).kinds, ['take']);
  });

  it('needs a folder without a sign of life where only half of the hosts are left', () => {
    const pair = { ...VIEW, hosts: [0, 1] };
    const { state } = asking(pair);
    assert.deepEqual(play(state, tick(20_000)).kinds, ['send']);
    const silent = play(state, { kind: 'ownerSilent', nowMs: 33_000 });
    assert.deepEqual(silent.effects, [{ kind: 'take', epoch: 3, isAgreed: false }]);
    const refused = play(silent.state, { kind: 'refused', nowMs: 33_010 });
    assert.equal(refused.state.role.kind, 'leaderless');
  });

  it('leads in the epoch that the folder gives it: owners that it never heard of may have led since', () => {
    const { state } = asking({ ...VIEW, hosts: [0, 1] });
    const silent = play(state, { kind: 'ownerSilent', nowMs: 33_000 });
    const leads = play(silent.state, { kind: 'taken', epoch: 80, nowMs: 33_010 });
    const view = { epoch: 80, version: 0, leader: 1, hosts: [1] };
    assert.deepEqual(leads.effects[0], { kind: 'lead', view });
    assert.equal(leads.state.promised, 80);
  });

  it('votes once in an epoch, and not while it hears its leader', () => {
    const ask = (from: number, epoch: number, nowMs: number) =>
      said(from, { kind: 'ask', epoch, view: VIEW }, nowMs);
    const hears = play(followingAgent(2, VIEW, 0), ask(1, 2, 1000));
    assert.deepEqual(hears.effects, []);
    const lost = play(followingAgent(2, VIEW, 0), tick(3001), ask(1, 2, 3002), ask(0, 2, 3003));
    const vote = { kind: 'send', to: 1, message: { kind: 'vote', epoch: 2 } };
    assert.deepEqual(lost.effects.slice(1), [vote]);
  });

  it('votes at once for one that has noticed the silence before it looked itself', () => {
    const asked = said(1, { kind: 'ask', epoch: 2, view: VIEW }, 3002);
    const { kinds, state } = play(followingAgent(2, VIEW, 0), asked);
    assert.deepEqual(kinds, ['leaderLost', 'send']);
    assert.equal(state.promised, 2);
  });

  it('hears of a newer view from anybody, and follows its leader', () => {
    const view = { epoch: 5, version: 0, leader: 2, hosts: [1, 2] };
    const { state, effects } = play(asking().state, said(2, { kind: 'led', view }, 4000));
    assert.deepEqual(effects, [{ kind: 'follow', view }]);
    assert.equal(state.role.kind, 'following');
    // What an older one says changes nothing.
    assert.deepEqual(play(state, said(0, { kind: 'led', view: VIEW }, 4001)).state, state);
  });

  it('tells one that asks with an older view of the newer one', () => {
    const old = { ...VIEW, version: 1 };
    const asked = said(2, { kind: 'ask', epoch: 9, view: old }, 3100);
    const { effects } = play(asking().state, asked);
    assert.deepEqual(effects, [{ kind: 'send', to: 2, message: { kind: 'led', view: VIEW } }]);
  });

  it('bears a newer view in which it leads itself, of which it knows nothing', () => {
    const view = { ...VIEW, epoch: 2, leader: 1 };
    const { state, effects } = play(
      followingAgent(1, VIEW, 0),
      said(2, { kind: 'ask', epoch: 3, view }, 1000),
    );
    assert.deepEqual(state.view, VIEW);
    assert.deepEqual(effects, []);
  });

  it('has no say when the leader has dropped it', () => {
    const without = { ...VIEW, hosts: [0, 2] };
    assert.deepEqual(asking(without).kinds, ['leaderLost']);
  });

  it('goes on following when its leader is there again', () => {
    const { state, effects } = play(asking().state, heard(0, 3500));
    assert.equal(state.role.kind, 'following');
    assert.deepEqual(effects, [{ kind: 'leaderBack', leader: 0 }]);
  });

  it('believes no silence of the time in which it was stopped itself', () => {
    const { effects } = play(
      followingAgent(1, VIEW, 0),
      { kind: 'stalled', nowMs: 9000 },
      tick(9250),
    );
    assert.deepEqual(effects, []);
  });
});

describe('an agent that leads', () => {
  const leads = (view = VIEW) => leadingAgent(0, view, 0);

  it('lets no generation form while it may be cut off, and tells of a host that is lost after 3 s', () => {
    const held = play(leads(), heard(2, 100), tick(1700));
    assert.deepEqual(held.effects, [{ kind: 'hold', isHeld: true }]);
    const free = play(held.state, heard(2, 1800), tick(1900));
    assert.deepEqual(free.effects, [{ kind: 'hold', isHeld: false }]);
    const lost = play(free.state, heard(2, 3200), tick(3210));
    assert.deepEqual(lost.kinds, ['announce', 'lost']);
    assert.deepEqual(lost.state.view.hosts, [0, 2]);
  });

  it('waits with fewer than half of the hosts, longer than the others need to take the folder', () => {
    const alone = play(leads(), tick(1700), tick(3100), tick(40_000));
    assert.deepEqual(alone.kinds, ['hold']);
    assert.deepEqual(alone.state.view, VIEW);
    const goesOn = play(alone.state, tick(43_200), tick(43_450));
    assert.deepEqual(goesOn.kinds, ['announce', 'lost', 'lost', 'hold']);
    assert.deepEqual(goesOn.state.view.hosts, [0]);
  });

  it('goes on with half of them: it owns the folder', () => {
    const pair = { ...VIEW, hosts: [0, 1] };
    const { state, kinds } = play(leads(pair), tick(1700), tick(3100), tick(3350));
    assert.deepEqual(kinds, ['hold', 'announce', 'lost', 'hold']);
    assert.deepEqual(state.view.hosts, [0]);
  });

  it('counts by the view before until all have confirmed the new one', () => {
    const four = { ...VIEW, hosts: [0, 1, 2, 3] };
    // Hosts 2 and 3 are lost; host 1 has not heard of it when it is lost, too: with these it would be three of four.
    const narrowed = play(leads(four), heard(1, 3000), tick(3100));
    assert.deepEqual(narrowed.state.view.hosts, [0, 1]);
    const unheard = play(narrowed.state, tick(6_200));
    assert.deepEqual(unheard.state.view.hosts, [0, 1]);
    const confirmed = play(narrowed.state, heard(1, 3200, VIEW.version + 1), tick(6_300));
    assert.deepEqual(confirmed.state.view.hosts, [0]);
  });

  it('takes a host in, and lets one go that says so', () => {
    const came = play(leads({ ...VIEW, hosts: [0] }), { kind: 'came', host: 2, nowMs: 1 });
    assert.deepEqual(came.state.view.hosts, [0, 2]);
    const went = play(came.state, { kind: 'went', host: 2, nowMs: 2 });
    assert.deepEqual(went.state.view.hosts, [0]);
  });

  it('steps down when the folder has another owner, or it hears of a newer leader', () => {
    assert.deepEqual(play(leads(), { kind: 'deposed', nowMs: 9 }).kinds, ['stepDown']);
    const view = { epoch: 2, version: 0, leader: 1, hosts: [1, 2] };
    const { kinds } = play(leads(), said(1, { kind: 'led', view }, 9));
    assert.deepEqual(kinds, ['stepDown', 'follow']);
  });
});

describe('a leader that leaves', () => {
  const leads = () => leadingAgent(0, VIEW, 0);
  const follows = (rank: number, view = VIEW) => followingAgent(rank, view, 0);
  const ask = { kind: 'ask', epoch: 2, view: VIEW } as const;
  const resigned = (next = 1, view: View = VIEW) =>
    ({ kind: 'resign', epoch: view.epoch + 1, view, next }) as const;

  it('votes for the next one, and says so again, but decides nothing any more', () => {
    const once = play(leads(), { kind: 'resign', next: 1 });
    const message = resigned();
    assert.deepEqual(once.effects, [
      { kind: 'send', to: 1, message },
      { kind: 'send', to: 2, message },
    ]);
    const again = play(once.state, { kind: 'resign', next: 2 });
    assert.deepEqual(again.effects, once.effects);
    const later = [tick(90_000), { kind: 'deposed', nowMs: 9 } as const, said(2, ask, 9)];
    assert.deepEqual(play(once.state, ...later).effects, []);
  });

  it('is followed at once by the next one, which has two votes of three', () => {
    const { kinds, state } = play(follows(1), said(0, resigned(), 50));
    assert.deepEqual(kinds, ['leaderLost', 'take']);
    const led = play(state, { kind: 'taken', epoch: 2, nowMs: 60 });
    assert.deepEqual(led.state.view, { epoch: 2, version: 0, leader: 1, hosts: [1, 2] });
  });

  it('is followed by the only other one, too', () => {
    const pair = { ...VIEW, hosts: [0, 1] };
    assert.deepEqual(play(follows(1, pair), said(0, resigned(1, pair), 50)).kinds, [
      'leaderLost',
      'take',
    ]);
  });

  it('leaves those to ask who have not both votes, and all others vote at once', () => {
    const many = { ...VIEW, hosts: [0, 1, 2, 3, 4] };
    const next = play(follows(1, many), said(0, resigned(1, many), 50));
    assert.deepEqual(next.kinds, ['leaderLost', 'send', 'send', 'send']);
    const asked = said(1, { ...ask, view: many }, 51);
    const other = play(follows(3, many), said(0, resigned(1, many), 50), asked);
    assert.deepEqual(other.effects.at(-1), {
      ...{ kind: 'send', to: 1 },
      message: { kind: 'vote', epoch: 2 },
    });
    assert.deepEqual(play(next.state, said(3, { kind: 'vote', epoch: 2 }, 52)).kinds, ['take']);
  });

  it('is not heard again by what was on the way, and not believed of a run that another one leads', () => {
    const { state } = play(follows(2), said(0, resigned(), 50));
    assert.deepEqual(play(state, heard(0, 60)).kinds, []);
    const newer = { epoch: 5, version: 0, leader: 2, hosts: [1, 2] };
    assert.deepEqual(play(follows(1, newer), said(0, resigned(), 50)).kinds, []);
    assert.deepEqual(play(follows(1), said(2, resigned(), 50)).kinds, []);
  });

  it('does not keep the others waiting for a next one that is gone', () => {
    const { state } = play(follows(2), said(0, resigned(), 50));
    assert.deepEqual(play(state, tick(2_500)).kinds, []);
    assert.deepEqual(play(state, tick(2_600)).kinds, ['send', 'send']);
  });
});
