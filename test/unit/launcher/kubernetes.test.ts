import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import { parse } from 'yaml';
import { z } from 'zod';
import { COMMANDS, nameOf } from '../../../src/cli/commands.ts';
import { hostsGiven } from '../../../src/cli/hosts-options.ts';
import { EXIT } from '../../../src/core/errors.ts';
import { loadRunConfig } from '../../../src/run/config.ts';
import { CLONE } from '../../helper/clone.ts';

const BASE = join(CLONE, 'launcher', 'kubernetes', 'base');
const read = <T extends z.ZodType>(file: string, schema: T): z.output<T> =>
  schema.parse(parse(readFileSync(join(BASE, file), 'utf8')));

const container = z.object({
  name: z.string(),
  args: z.array(z.string()),
  env: z.array(z.object({ name: z.string() })),
  livenessProbe: z.object({ exec: z.object({ command: z.array(z.string()) }) }),
});
const rule = z.object({
  action: z.string(),
  onExitCodes: z.object({ containerName: z.string(), values: z.array(z.int()) }).optional(),
});
const job = read(
  'job.yaml',
  z.object({
    metadata: z.object({ name: z.string() }),
    spec: z.object({
      completions: z.int(),
      parallelism: z.int(),
      podFailurePolicy: z.object({ rules: z.array(rule) }),
      template: z.object({
        metadata: z.object({ labels: z.object({ app: z.string() }) }),
        spec: z.object({ subdomain: z.string(), containers: z.tuple([container]) }),
      }),
    }),
  }),
);
const service = read(
  'service.yaml',
  z.object({
    metadata: z.object({ name: z.string() }),
    spec: z.object({
      selector: z.object({ app: z.string() }),
      ports: z.tuple([z.object({ port: z.int() })]),
    }),
  }),
);
const { template, podFailurePolicy } = job.spec;
const [agent] = template.spec.containers;
const option = (name: string): string | undefined =>
  agent.args.find((arg) => arg.startsWith(`--${name}=`))?.slice(name.length + 3);

describe('launcher/kubernetes', () => {
  it('starts a pod for each host, which the service names', () => {
    assert.equal(job.spec.completions, Number(option('hosts')));
    assert.equal(job.spec.parallelism, job.spec.completions);
    assert.equal(template.spec.subdomain, service.metadata.name);
    assert.deepEqual(service.spec.selector, template.metadata.labels);
  });

  it('lets the first pod lead: by its number, which the environment tells', () => {
    const [{ port }] = service.spec.ports;
    const rendezvous = `tcp://${job.metadata.name}-0.${service.metadata.name}:${port}`;
    assert.equal(option('rendezvous'), rendezvous);
    const given = { hosts: 2, rendezvous, keyFile: undefined, hostsWait: 300, onSignal: undefined };
    const env = { JOB_COMPLETION_INDEX: '1', LOCKSTEP_KEY: 'b1'.repeat(32) };
    assert.equal(hostsGiven(given, env)?.hostRank, 1);
    assert.equal(hostsGiven(given, {})?.hostRank, undefined);
    assert.deepEqual(
      agent.env.map(({ name }) => name),
      ['LOCKSTEP_KEY'],
    );
  });

  it('tries again after an end that another try may mend, and after no other', () => {
    const codesOf = (action: string): number[] =>
      podFailurePolicy.rules
        .filter((one) => one.action === action)
        .flatMap(({ onExitCodes }) => onExitCodes?.values ?? []);
    assert.deepEqual(codesOf('Ignore'), [EXIT.requeue, EXIT.terminated]);
    const { usage, data, checkpoint, numerics, security } = EXIT;
    assert.deepEqual(codesOf('FailJob'), [usage, data, checkpoint, numerics, security]);
    for (const { onExitCodes } of podFailurePolicy.rules) {
      if (onExitCodes !== undefined) assert.equal(onExitCodes.containerName, agent.name);
    }
  });

  it("probes the agent of the pod's run, by a command that there is", () => {
    const [program, command, run] = agent.livenessProbe.exec.command;
    assert.equal(program, '/opt/lockstep/bin/lockstep.js');
    assert.ok(COMMANDS.some((known) => nameOf(known) === command));
    assert.equal(run, option('run'));
  });

  it('has a configuration that a run can take', () => {
    const config = loadRunConfig(join(BASE, 'run.yaml'));
    assert.match(config.data.store, /^\/work\//);
    assert.match(option('run')!, /^\/work\//);
  });
});
