/** A host that leads lets the agents of other hosts in, or says why not. */
import { LockstepError } from '../core/errors.ts';
import { LOCKSTEP_VERSION } from '../core/version.ts';
import { travelling } from '../protocol/host-messages.ts';
import type { HostAgent } from './host-agent.ts';
import type { HostBook, Member } from './host-book.ts';
import { admission, type Hello } from './roll.ts';

/** Null for one that is refused, or that has to wait for a place: it says hello again. */
export function letIn(agent: HostAgent, book: HostBook, peer: string, hello: Hello): Member | null {
  const { options, rank: leader } = agent;
  const { hosts, request, tell } = options;
  const policy = { hosts, leader, request, version: LOCKSTEP_VERSION };
  const decision = admission(policy, book.roll, hello);
  switch (decision.kind) {
    case 'admit':
      return book.admit(peer, decision.hostRank, hello);
    case 'refuse':
      tell(`Refused ${hello.host} (pid ${hello.pid}): ${decision.why}.`, true);
      agent.links.answer(peer, {
        kind: 'refused',
        failure: travelling(refusal(decision.why)),
      });
      return null;
    case 'wait':
      agent.links.answer(peer, { kind: 'full' });
      return null;
  }
}

const refusal = (why: string): LockstepError =>
  new LockstepError(
    'PROTOCOL',
    `The leader refused this host: ${why}.`,
    'Start all hosts from one installation, by the same command.',
  );
