import vm from 'node:vm';
import { TestEnvironment } from 'jest-environment-node';
import './compile-once.mjs';

/** Of a new context's own, those that jest's environment replaces by Node's. */
const REPLACED = new Set(['Buffer', 'ArrayBuffer', 'Uint8Array']);

/**
 * jest's environment for Node, but with an ordinary object for its globals. In jest's own, each look-up of `Math`, `Buffer` or `Promise` uses a
 * proxy: the digest of a policy, two calls of `Math.imul` per byte, took a hundred times as long.
 */
export default class PlainGlobals extends TestEnvironment {
  constructor(config, context) {
    super(config, context);
    const global = vm.createContext(vm.constants.DONT_CONTEXTIFY);
    for (const key of Reflect.ownKeys(this.global)) {
      if (key in global && !REPLACED.has(key)) continue;
      const descriptor = Object.getOwnPropertyDescriptor(this.global, key);
      Object.defineProperty(global, key, descriptor.get ? lazy(global, key) : descriptor);
    }
    global.global = global;
    global.Error.stackTraceLimit = this.global.Error.stackTraceLimit;
    this.context = this.global = global;
    this.moduleMocker = new this.moduleMocker.constructor(global);
    this.fakeTimersModern = new this.fakeTimersModern.constructor({ config: config.projectConfig, global });
  }
}

/** Node loads it at the first look-up. */
function lazy(global, key) {
  const set = (value) => Object.defineProperty(global, key, { configurable: true, writable: true, value });
  return { configurable: true, get: () => globalThis[key], set };
}
