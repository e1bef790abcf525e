/** A tiny study, but with every part of one. */
export const GRID = `
name: tiny-study
seed: 3
datasets:
  - name: made
    data:
      store: data/made
      synthetic: { count: 60, classes: 2, symbols: 5, length: { minimum: 20, maximum: 60 }, seed: 1 }
    batch: { microBatches: 2, tokensPerMicroBatch: 256 }
    networks:
      causal:
        model: { family: causal, channels: 4, dilations: [1, 2] }
        pretexts:
          next-step: { kind: next-step }
          masked: { kind: masked, span: 2 }
        finetuning: &finetuning
          optimizer: { kind: adamw }
          learningRate: { kind: constant, value: 1.0e-2 }
          duration: { steps: 2 }
          evaluation: { everySteps: 2, keep: best }
        pretraining: { <<: *finetuning, duration: { steps: 3 }, evaluation: { everySteps: 3 } }
        labels: [{ perClass: 3, draws: 3 }]
    pretrainingShares: [0.5]
`;

/** The same with a warm-up that is longer than what a study measures, as the template's is. */
export const WARMING_GRID = GRID.replace(
  'duration: { steps: 3 }',
  'duration: { steps: 40 }, learningRate: { kind: warmup-cosine, peak: 1.0e-2, warmupSteps: 30 }',
);
