/** A graph loaded into TensorFlow. Its variables live until `close`. */
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { makeTemporaryFolder, removeTemporaryFolder } from '../../../core/temporary-folder.ts';
import type { Feed } from '../../engine.ts';
import type { Binding, TensorMetadata } from '../binding.ts';
import { SERVING_TAG } from './proto.ts';

/** A value that a run returned, row-major in `shape`. */
export interface Fetched {
  readonly shape: readonly number[];
  readonly data: Float32Array;
}

/** A loaded graph; `close` it after use. */
export class RunningGraph {
  readonly #binding: Binding;
  readonly #id: number;

  /** Writes the model to a temporary folder, loads it and removes the folder. */
  constructor(binding: Binding, savedModel: Uint8Array) {
    this.#binding = binding;
    const folder = makeTemporaryFolder('graph');
    try {
      writeFileSync(join(folder, 'saved_model.pb'), savedModel);
      this.#id = binding.loadSavedModel(folder, SERVING_TAG);
    } finally {
      removeTemporaryFolder(folder);
    }
  }

  /** @param fetches float32 values */
  run(feeds: ReadonlyMap<string, Feed>, fetches: readonly string[]): Fetched[] {
    return this.#execute(feeds, fetches).map((metadata) => {
      try {
        return { shape: metadata.shape, data: this.#binding.tensorDataSync(metadata.id) };
      } finally {
        this.#binding.deleteTensor(metadata.id);
      }
    });
  }

  /** Runs `fetch` for its effect on the variables only. */
  effect(feeds: ReadonlyMap<string, Feed>, fetch: string): void {
    for (const { id } of this.#execute(feeds, [fetch])) this.#binding.deleteTensor(id);
  }

  close(): void {
    this.#binding.deleteSavedModel(this.#id);
  }

  #execute(feeds: ReadonlyMap<string, Feed>, fetches: readonly string[]): TensorMetadata[] {
    const { TF_FLOAT, TF_INT32 } = this.#binding;
    const ids: number[] = [];
    try {
      for (const { shape, data } of feeds.values()) {
        const dtype = data instanceof Int32Array ? TF_INT32 : TF_FLOAT;
        ids.push(this.#binding.createTensor(shape, dtype, data));
      }
      const inputs = [...feeds.keys()].map(firstOutput).join(',');
      return this.#binding.runSavedModel(this.#id, ids, inputs, fetches.map(firstOutput).join(','));
    } finally {
      for (const id of ids) this.#binding.deleteTensor(id);
    }
  }
}

const firstOutput = (name: string): string => (name.includes(':') ? name : `${name}:0`);
