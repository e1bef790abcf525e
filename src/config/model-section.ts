import { z } from 'zod';
import { type Alternative, choiceSection } from './registered.ts';

const common = {
  /** A safetensors file to start a `fresh` phase from instead of random weights; names must match. */
  initialWeights: z.string().optional(),
};

export interface ModelConfig {
  readonly family: string;
  readonly initialWeights?: string | undefined;
  /** The family's own. */
  readonly [option: string]: unknown;
}

export function modelSection(models: readonly Alternative[]): z.ZodType<ModelConfig, ModelConfig> {
  return choiceSection('family', models, common) as z.ZodType<ModelConfig, ModelConfig>;
}
