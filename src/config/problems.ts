/** Turns zod's issues into sentences: key path, value found, values allowed, nearest known key. */
import type { z } from 'zod';
import { didYouMean, nearestName } from '../core/nearest-name.ts';
import { calledNow } from './renamed.ts';
import {
  allowedBy,
  branchesOf,
  fittingBranches,
  type JsonSchema,
  keysOf,
  schemaAt,
  showValue,
  valueAt,
} from './schema-words.ts';

type Issue = z.core.$ZodIssue;
type Path = readonly PropertyKey[];

export interface Problem {
  /** Path of the wrong key, or of the missing one. */
  readonly path: Path;
  readonly kind: 'unknown' | 'missing' | 'value';
  readonly sentence: string;
  /** ` Did you mean "x"?`, or nothing. */
  readonly hint: string;
  /** The known key that is nearest to an unknown one. */
  readonly meant?: string | undefined;
}

/** All problems of a value that its schema refused, in the order of the issues. */
export function problemsOf(root: JsonSchema, value: unknown, issues: readonly Issue[]): Problem[] {
  const problems = issues.flatMap((issue) => problemsOfIssue(root, value, issue, issue.path));
  return problems.filter((problem) => !isExplained(problem, problems));
}

/** Whether a missing key is the right spelling of an unknown one: that is one problem, not two. */
function isExplained({ kind, path }: Problem, problems: readonly Problem[]): boolean {
  if (kind !== 'missing') return false;
  const section = pathText(path.slice(0, -1));
  return problems.some(
    (other) => other.meant === path.at(-1) && pathText(other.path.slice(0, -1)) === section,
  );
}

function problemsOfIssue(root: JsonSchema, value: unknown, issue: Issue, path: Path): Problem[] {
  if (issue.code === 'unrecognized_keys') {
    return issue.keys.map((key) => unknownKey(root, value, path, key));
  }
  if (issue.code === 'invalid_union') {
    return 'discriminator' in issue && issue.discriminator !== undefined
      ? [discriminatorProblem(root, value, path)]
      : unionProblems(root, value, issue.errors, path);
  }
  const found = valueAt(value, path);
  if (found !== undefined && (issue.code === 'custom' || issue.code === 'invalid_format')) {
    const stop = /[.?]$/.test(issue.message) ? '' : '.';
    const sentence = `${pathText(path)} is ${showValue(found)}: ${issue.message}${stop}`;
    return [{ path, kind: 'value', sentence, hint: '' }];
  }
  return [valueProblem(root, value, path)];
}

function unknownKey(root: JsonSchema, value: unknown, section: Path, key: string): Problem {
  const sectionValue = valueAt(value, section);
  const schema = schemaAt(root, value, section) ?? {};
  const keys = keysOf(schema, sectionValue);
  const path = [...section, key];
  const sentence = `${pathText(path)} is no known key; allowed ${placeOf(schema, sectionValue)}: ${keys.join(', ')}.`;
  const hint = didYouMean(key, keys);
  return { path, kind: 'unknown', sentence, hint, meant: nearestName(key, keys) };
}

/** "here", or "with kind "sgd"" where the keys depend on a constant. */
function placeOf(schema: JsonSchema, value: unknown): string {
  const [fitting, ...others] = fittingBranches(schema, value);
  if (branchesOf(schema).length === 1 || others.length > 0) return 'here';
  const constants = Object.entries(fitting?.properties ?? {}).filter(
    ([, member]) => member.const !== undefined,
  );
  const words = constants.map(([key, member]) => `${key} ${JSON.stringify(member.const)}`);
  return words.length === 0 ? 'here' : `with ${words.join(', ')}`;
}

function discriminatorProblem(root: JsonSchema, value: unknown, path: Path): Problem {
  const section = path.slice(0, -1);
  const sectionValue = valueAt(value, section);
  const found = valueAt(value, path);
  const name = String(path.at(-1));
  const branches = branchesOf(schemaAt(root, value, section) ?? {});
  const misspelt = found === undefined && nearestName(name, Object.keys(sectionValue ?? {}));
  if (misspelt && !branches.some(({ properties }) => properties?.[misspelt])) {
    return unknownKey(root, value, section, misspelt);
  }
  const options = branches.map(({ properties }) => properties?.[name]?.const);
  return problem(path, found, options.map((o) => JSON.stringify(o)).join(' or '), options);
}

function valueProblem(root: JsonSchema, value: unknown, path: Path): Problem {
  const schema = schemaAt(root, value, path) ?? {};
  const options = branchesOf(schema).flatMap((branch) => branch.enum ?? []);
  return problem(path, valueAt(value, path), allowedBy(schema), options);
}

function problem(
  path: Path,
  found: unknown,
  allowed: string,
  options: readonly unknown[],
): Problem {
  const names = options.filter((option) => typeof option === 'string');
  const hint =
    typeof found === 'string' ? calledNow(pathText(path), found) || didYouMean(found, names) : '';
  const sentence = `${pathText(path)} is ${showValue(found)}; allowed: ${allowed}.`;
  return { path, kind: found === undefined ? 'missing' : 'value', sentence, hint };
}

/**
 * A union without a discriminator: when the value is plainly meant for one branch, that branch's
 * problems; else what all of them allow.
 */
function unionProblems(
  root: JsonSchema,
  value: unknown,
  errors: readonly (readonly Issue[])[],
  path: Path,
): Problem[] {
  const inside = errors.filter((issues) => issues.every(isInside));
  if (inside.length === 1) {
    return inside[0]!.flatMap((issue) =>
      problemsOfIssue(root, value, issue, [...path, ...issue.path]),
    );
  }
  const found = valueAt(value, path);
  const keys = keysOf(schemaAt(root, value, path) ?? {}, found);
  const unknown = isSection(found) ? Object.keys(found).filter((key) => !keys.includes(key)) : [];
  return unknown.length > 0
    ? unknown.map((key) => unknownKey(root, value, path, key))
    : [valueProblem(root, value, path)];
}

/** The branch took the value's kind and keys; what it refused is a member that is there. */
const isInside = (issue: Issue) =>
  issue.code === 'too_small' || issue.code === 'too_big'
    ? true
    : issue.path.length > 0 && !/received undefined/.test(issue.message);

const isSection = (value: unknown): value is object =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

/** A path as `--set` takes it: `phases.0.duration.steps`. */
const pathText = (path: Path) => (path.length === 0 ? 'the configuration' : path.join('.'));
