import { applyDecorators } from '@nestjs/common';
import { RouteConfig } from '@nestjs/platform-fastify';
import { ApiSecurity } from '@nestjs/swagger';
import type { Role } from '@postern/contracts';

/** Stored in the `config` of the Fastify route. */
export interface RouteRules {
  /** Missing: nobody may call it. */
  access?: readonly Role[] | 'public';
  bodyBytes?: number;
}

/** A route with neither this nor `Public` is refused to everyone. */
export const Allow = (...roles: readonly Role[]): ClassDecorator & MethodDecorator =>
  applyDecorators(
    rule({ access: roles }),
    ...roles.map((role) => ApiSecurity('apiKey', [role])),
    ...roles.filter((role) => role !== 'relay').map((role) => ApiSecurity('session', [role])),
  );

export const Public = (): ClassDecorator & MethodDecorator => rule({ access: 'public' });

export const LongBody = (bytes: number): MethodDecorator => rule({ bodyBytes: bytes });

export function rulesOf(handler: object): RouteRules | undefined {
  return rules.get(handler);
}

const rules = new WeakMap<object, RouteRules>();

/** Nest passes the config of methods to Fastify, but not that of classes, so a class sets the rule of its methods. */
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
  // Nest reads it when the routes are created, after all decorators.
  RouteConfig(config)(handler as () => void);
  return config;
}

function methodsOf(target: object): object[] {
  const { prototype } = target as { readonly prototype: object };
  return Object.entries(Object.getOwnPropertyDescriptors(prototype)).flatMap(([name, { value }]) =>
    name !== 'constructor' && typeof value === 'function' ? [value as object] : [],
  );
}
