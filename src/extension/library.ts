/** What an extension is written with: the part of the library that `lockstep` means in an extension's own imports. */
export { z } from 'zod';
export { LockstepError } from '../core/errors.ts';
export type { PaddedRows } from '../data/collate.ts';
export type { DataFacts, PhaseFacts } from '../data/facts.ts';
export type { ImportItem, RawRecord, RawSkip } from '../data/record.ts';
export type { ChannelStatistics, Moments } from '../data/scaling/channel-statistics.ts';
export type { ScaledRows, Scaling, ScalingKind, Units } from '../data/scaling/scaling.ts';
export type {
  Feed,
  FeedDescription,
  FeedDimension,
  ForwardContext,
  Slot,
  UpdateRule,
} from '../engine/engine.ts';
export type {
  BatchNormParameters,
  ChannelNormParameters,
  Conv1dOptions,
  DropoutOptions,
  ElementwiseOps,
  GramOptions,
  GroupNormParameters,
  Ops,
  Tensor,
} from '../engine/ops.ts';
export {
  defineModel,
  defineObjective,
  defineOptimizer,
  type ModelDefinition,
  type ObjectiveDefinition,
  type ObjectiveNeeds,
  type OptimizerDefinition,
} from '../nn/define.ts';
export {
  batchNorm,
  type ConvLayer,
  channelNorm,
  conv,
  convBatchNorm,
  linear,
} from '../nn/layer/forward.ts';
export { convParameters, linearParameters, normParameters } from '../nn/layer/parameters.ts';
export { squeezeExcite, squeezeExciteParameters } from '../nn/layer/squeeze-excite.ts';
export {
  type ModelInput,
  type NumberOptions,
  numberInput,
  symbolChannels,
  symbolInput,
  valueAndMaskChannels,
  valueChannel,
} from '../nn/model/input.ts';
export type {
  Initial,
  Model,
  ModelFit,
  NormDescription,
  ParameterDescription,
} from '../nn/model/model.ts';
export type { Metric, Objective, Prepared, Task } from '../nn/objective/objective.ts';
export { defineImporter, type ImporterDefinition } from '../source/define-importer.ts';
export { defineConfig, type LockstepConfig } from './config-file.ts';
export type { ExtensionOptions } from './load.ts';
