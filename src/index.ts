/**
 * Lockstep as a library: functions that return values. They print nothing, and leave exit code, signals and
 * current folder of the process alone; what goes wrong is a `LockstepError` with a code, and advice.
 *
 * @example
 * import { evaluate, train } from 'lockstep';
 *
 * const { runFolder, stateHash } = await train({ config: 'configs/tiny.yaml', workers: 2 });
 * const result = await evaluate({ runFolder });
 * if (result.task === 'class') console.log(result.accuracy);
 * @module
 */
export { type BaselinesOptions, baselines } from './baseline/baselines.ts';
export type { LabelCount } from './baseline/label-draws.ts';
export type {
  BaselineCell,
  BaselineDraw,
  BaselineResult,
  BaselinesReport,
  LabelCountFacts,
} from './baseline/report.ts';
export type { TargetKind } from './baseline/target.ts';
export type { ModelConfig } from './config/model-section.ts';
export type { ObjectiveConfig, OptimizerConfig } from './config/phase-section.ts';
export type { RunConfig, RunConfigInput } from './config/run-config.ts';
export { type ErrorCode, EXIT } from './core/errors.ts';
export type { OnRead } from './data/format/arrow-blocks.ts';
export {
  type OpenStoreOptions,
  openStore,
  type StoreOnDisk,
} from './data/format/open-store.ts';
export type {
  Labels,
  SequenceTargets,
  Shard,
  Split,
  Store,
  StoreIndex,
  StoreManifest,
  ValueType,
} from './data/format/store.ts';
export type { DataTarget, NumberFacts } from './data/format/target.ts';
export type { ImportReport, LabelConflict, Tally } from './data/info/import-report.ts';
export type { SkipReason } from './data/record.ts';
export * from './extension/library.ts';
export type { BuildOptions, ImportProgress } from './importer/build/build-options.ts';
export type { NgramChoice } from './ngram/fit.ts';
export type { HeadKind } from './rocket/head.ts';
export type { Paths } from './source/file/find-sources.ts';
export type { KnownItems } from './source/known-items.ts';
export type { ColumnUse } from './source/preview.ts';
export type { Interval } from './statistics/interval.ts';
export type { Verdict } from './statistics/paired-difference.ts';
export type { Answer } from './study/answers.ts';
export type { ClosedForm } from './study/closed-form/fits.ts';
export type { FoldedModel, FoldsSummary } from './study/folds/folds-table.ts';
export type { FoldsOutcome } from './study/folds/study-folds.ts';
export type { TrainedModel } from './study/run-study.ts';
export {
  type StudyFoldsOptions,
  type StudyOptions,
  type StudyReport,
  study,
  studyFolds,
} from './study/study.ts';
export type { Baselines, Metrics, Notice, RunEvent, RunOutcome } from './telemetry/run-event.ts';
export { type BuildStoreOptions, buildStore, type Items } from './workflow/data/build-store.ts';
export type { FitMerit } from './workflow/fitted-targets.ts';
export {
  type NgramOptions,
  type NgramOutcome,
  ngram,
} from './workflow/ngram/ngram.ts';
export type { NgramFacts } from './workflow/ngram/ngram-fitter.ts';
export type { ClusterOptions, DeviceOptions, HostsOptions } from './workflow/placement.ts';
export type { ClassificationReport } from './workflow/predict/classification-report.ts';
export {
  type EvaluateOptions,
  type EvaluationFacts,
  type EvaluationResult,
  evaluate,
} from './workflow/predict/evaluate.ts';
export type { LengthQuartile } from './workflow/predict/length-quartiles.ts';
export type { ClassScore, MultiLabelReport } from './workflow/predict/multi-label-report.ts';
export type { PredictOptions } from './workflow/predict/options.ts';
export {
  type ClassesPrediction,
  type ClassPrediction,
  type EmbeddingPrediction,
  type NumbersPrediction,
  type Prediction,
  type PredictionFacts,
  type PredictRequest,
  predict,
  type TimestepsPrediction,
} from './workflow/predict/predict.ts';
export type {
  NumberErrors,
  NumberScore,
  RegressionReport,
} from './workflow/predict/regression-report.ts';
export type { TaskReport } from './workflow/predict/task-report.ts';
export type { TimestepClassScore, TimestepReport } from './workflow/predict/timestep-report.ts';
export type { RocketFacts } from './workflow/rocket/fit-rocket.ts';
export { type RocketOptions, type RocketOutcome, rocket } from './workflow/rocket/rocket.ts';
export type { RunHooks } from './workflow/train/hooks.ts';
export type { ConfigSource } from './workflow/train/resolve-config.ts';
export { type ResumeOptions, resume } from './workflow/train/resume.ts';
export { RunFailed } from './workflow/train/run-failed.ts';
export type { StopRequests } from './workflow/train/stop-requests.ts';
export { type TrainOptions, train } from './workflow/train/train.ts';
export type { Choice } from './workflow/tune/choice-cache.ts';
export type { TriedRate } from './workflow/tune/learning-rate/choose-rate.ts';
export {
  type LearningRateChoice,
  type TuneLearningRateOptions,
  tuneLearningRate,
} from './workflow/tune/learning-rate/tune-learning-rate.ts';
export { type TuneOptions, tune } from './workflow/tune/tune.ts';
