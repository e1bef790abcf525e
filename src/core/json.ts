/** Plain JSON: what crosses between processes beside numbers. */
export type JsonValue =
  | string
  | number
  | boolean
  | null
  | readonly JsonValue[]
  | { readonly [key: string]: JsonValue };

export type JsonObject = Readonly<Record<string, JsonValue>>;

/**
 * Whether a value, of which its reader has bounded the nesting, is a JSON object with plain JSON in it. By hand: a schema
 * that contains itself took two fifths of what decoding a worker's report costs.
 */
export const isJsonObject = (value: unknown): value is JsonObject =>
  typeof value === 'object' &&
  value !== null &&
  isPlainObject(value) &&
  Object.values(value).every(isJsonValue);

function isJsonValue(value: unknown): boolean {
  switch (typeof value) {
    case 'number':
      return Number.isFinite(value);
    case 'string':
    case 'boolean':
      return true;
    case 'object':
      return (
        value === null || (Array.isArray(value) ? value.every(isJsonValue) : isJsonObject(value))
      );
    default:
      return false;
  }
}

/** Neither a list nor an object of a class, as bytes are. */
const isPlainObject = (value: object): boolean => {
  const prototype: unknown = Object.getPrototypeOf(value);
  return prototype === Object.prototype || prototype === null;
};

/** Of manifests, in which each merge of datasets holds what was merged. */
const MOST_LEVELS = 1000;

/**
 * `JSON.parse` of what somebody else may have written.
 * @throws SyntaxError, also for a value that is nested so deeply that no function could walk through it
 */
export function parseJson(text: string): unknown {
  const value: unknown = JSON.parse(text);
  let level = objectsIn([value]);
  for (let depth = 1; level.length > 0; depth++) {
    if (depth > MOST_LEVELS)
      throw new SyntaxError(`it is nested deeper than ${MOST_LEVELS} levels`);
    level = level.flatMap((object) => objectsIn(Object.values(object)));
  }
  return value;
}

const objectsIn = (values: readonly unknown[]): object[] =>
  values.filter((value) => typeof value === 'object' && value !== null);
