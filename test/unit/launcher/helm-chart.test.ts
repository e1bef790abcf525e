import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import { parse, parseAllDocuments } from 'yaml';
import { z } from 'zod';
import { CLONE } from '../../helper/clone.ts';

const FOLDER = join(CLONE, 'launcher', 'kubernetes');
const read = (...path: readonly string[]): unknown =>
  parse(readFileSync(join(FOLDER, ...path), 'utf8'));
const objectSchema = z.looseObject({
  kind: z.string(),
  metadata: z.looseObject({
    name: z.string(),
    annotations: z.record(z.string(), z.string()).optional(),
  }),
});
type Objects = Record<string, z.infer<typeof objectSchema>>;

/** The objects of the chart by kind. */
function rendered(...options: readonly string[]): Objects {
  const argv = ['template', 'lockstep', join(FOLDER, 'chart'), ...options];
  const { status, stdout, stderr } = spawnSync('helm', argv, { encoding: 'utf8' });
  assert.equal(status, 0, stderr);
  const objects = parseAllDocuments(stdout).map((document) => objectSchema.parse(document.toJS()));
  return Object.fromEntries(objects.map((one) => [one.kind, one]));
}

const jobOf = (objects: Objects) =>
  z
    .object({
      spec: z.object({
        completions: z.int(),
        template: z.object({
          spec: z.object({ containers: z.tuple([z.looseObject({ args: z.array(z.string()) })]) }),
        }),
      }),
    })
    .parse(objects.Job).spec;

describe('launcher/kubernetes/chart', () => {
  it('has the configuration of the other manifests', () => {
    const { config } = z.object({ config: z.string() }).parse(read('chart', 'values.yaml'));
    assert.deepEqual(parse(config), read('base', 'run.yaml'));
  });

  const skip = spawnSync('helm', ['version']).status === 0 ? false : 'helm is missing';

  it('makes the objects of the other manifests, a key, and a disk that stays', { skip }, () => {
    const { Job, Service, PersistentVolumeClaim: disk, ConfigMap, Secret, ...rest } = rendered();
    assert.deepEqual(rest, {});
    assert.deepEqual(Job, read('base', 'job.yaml'));
    assert.deepEqual(Service, read('base', 'service.yaml'));
    assert.equal(disk!.metadata.annotations?.['helm.sh/resource-policy'], 'keep');
    delete disk!.metadata.annotations;
    assert.deepEqual(disk, read('base', 'disk.yaml'));
    const { data } = z.object({ data: z.record(z.string(), z.string()) }).parse(ConfigMap);
    assert.deepEqual(parse(data['run.yaml']!), read('base', 'run.yaml'));
    const secret = z.object({ data: z.object({ key: z.base64() }) }).parse(Secret);
    assert.match(Buffer.from(secret.data.key, 'base64').toString(), /^[0-9a-f]{64}$/);
  });

  it('takes hosts, GPUs, and a disk and a key that are there', { skip }, () => {
    const own = ['hosts=3', 'gpus=2', 'key.secret=mine', 'disk.claim=mine', 'run=/work/runs/b'];
    const objects = rendered('--set', own.join(','), '--set', 'options={--min-workers=2}');
    assert.deepEqual(Object.keys(objects).sort(), ['ConfigMap', 'Job', 'Service']);
    const { completions, template } = jobOf(objects);
    assert.equal(completions, 3);
    const [{ args }] = template.spec.containers;
    assert.deepEqual(args.slice(2), [
      ...['--run=/work/runs/b', '--resume=auto', '--hosts=3', '--gpus=0,1'],
      ...['--rendezvous=tcp://lockstep-0.lockstep:29400', '--min-workers=2'],
    ]);
    assert.match(JSON.stringify(objects.Job), /"nvidia.com\/gpu":2.*"claimName":"mine"/);
    assert.match(JSON.stringify(objects.Job), /"secretKeyRef":\{"name":"mine"/);
  });

  it('names all objects after the release', { skip }, () => {
    const { status, stdout } = spawnSync('helm', ['template', 'other', join(FOLDER, 'chart')], {
      encoding: 'utf8',
    });
    assert.equal(status, 0);
    assert.doesNotMatch(stdout, /lockstep-(0|key|work|config)/);
    assert.match(stdout, /tcp:\/\/other-0\.other:29400/);
  });
});
