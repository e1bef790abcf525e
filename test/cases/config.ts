/** A run of a few steps on a small network. */

export interface RunOptions {
  readonly store: string;
  readonly steps: number;
  readonly tokens?: number;
  readonly objective?: 'supervised' | 'contrastive';
  /** How the network sees its input. */
  readonly input?: 'value' | 'embedding';
}

export const runConfig = ({
  store,
  steps,
  tokens = 4096,
  objective = 'supervised',
  input = 'value',
}: RunOptions): string => `
name: case
seed: 1
data: { store: ${store} }
model: { family: dilated, channels: 8, input: ${input}, dilations: [1, 2, 4] }
batch: { microBatches: 2, tokensPerMicroBatch: ${tokens} }
phases:
  - name: cls
    start: fresh
    objective: { kind: ${objective} }
    optimizer: { kind: adamw, clipNorm: 1 }
    learningRate: { kind: constant, value: 0.01 }
    statisticsMomentum: 0.3
    duration: { steps: ${steps} }
`;
