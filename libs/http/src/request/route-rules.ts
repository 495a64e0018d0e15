import { applyDecorators } from '@nestjs/common';
import { RouteConfig } from '@nestjs/platform-fastify';
import { ApiSecurity } from '@nestjs/swagger';
import type { Role } from '@postern/contracts';

/** What is checked of a request before its body is read. It is kept in the `config` of the Fastify route. */
export interface RouteRules {
  /** Left out: nobody may call it. */
  access?: readonly Role[] | 'public';
  /** The longest body that it takes; left out: `SERVER_LIMITS.smallBodyBytes`. */
  bodyBytes?: number;
}

/** Which roles may call the route. A route without this, and without `Public`, is refused to everyone. */
export const Allow = (...roles: readonly Role[]): ClassDecorator & MethodDecorator =>
  applyDecorators(
    rule({ access: roles }),
    ...roles.map((role) => ApiSecurity('apiKey', [role])),
    ...roles.filter((role) => role !== 'relay').map((role) => ApiSecurity('session', [role])),
  );

/** The route needs no key. */
export const Public = (): ClassDecorator & MethodDecorator => rule({ access: 'public' });

/** The route takes a longer body than most: a list. */
export const LongBody = (bytes: number): MethodDecorator => rule({ bodyBytes: bytes });

/** The rules of a method of a controller; undefined where it has none. */
export function rulesOf(handler: object): RouteRules | undefined {
  return rules.get(handler);
}

const rules = new WeakMap<object, RouteRules>();

/** Nest passes the config of methods to Fastify, and not that of classes: a class gives its rule to its methods. */
function rule(part: RouteRules): ClassDecorator & MethodDecorator {
  return (target: object, _?: string | symbol, descriptor?: PropertyDescriptor): void => {
    if (descriptor) Object.assign(configOf(descriptor.value as object), part);
    else for (const config of methodsOf(target).map(configOf)) Object.assign(config, { ...part, ...config });
  };
}

function configOf(handler: object): RouteRules {
  const known = rules.get(handler);
  if (known) return known;
  const config: RouteRules = {};
  rules.set(handler, config);
  // Nest reads it when the routes are made, after all decorators have run.
  RouteConfig(config)(handler as () => void);
  return config;
}

function methodsOf(target: object): object[] {
  const { prototype } = target as { readonly prototype: object };
  return Object.entries(Object.getOwnPropertyDescriptors(prototype)).flatMap(([name, { value }]) =>
    name !== 'constructor' && typeof value === 'function' ? [value as object] : [],
  );
}
