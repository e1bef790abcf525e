/** Runs in the thread in which Node 20 keeps its module hooks. */
import { type ModuleHooks, type ModuleTable, moduleHooks } from './module-hooks.ts';

let hooks: ModuleHooks;

export function initialize(table: ModuleTable): void {
  hooks = moduleHooks(table);
}

export const resolve: ModuleHooks['resolve'] = (...args) => hooks.resolve(...args);
export const load: ModuleHooks['load'] = (...args) => hooks.load(...args);
