import {
  Injectable,
  type ArgumentMetadata,
  type CanActivate,
  type ExecutionContext,
  type PipeTransform,
} from '@nestjs/common';
import { z } from 'zod';
import { ROUTE_ARGS_METADATA } from '@nestjs/common/constants.js';
import { RouteParamtypes } from '@nestjs/common/enums/route-paramtypes.enum.js';
import type { FastifyRequest } from 'fastify';
import { Problem, type FieldProblem } from '../problem/problem.js';

export const MAX_ERRORS = 50;

@Injectable()
export class SchemaPipe implements PipeTransform {
  transform(value: unknown, metadata: ArgumentMetadata): unknown {
    const schema = metadata.schema;
    if (!(schema instanceof z.ZodType)) return value;
    const parsed = schema.safeParse(value ?? {});
    if (parsed.success) return parsed.data;
    const prefix = metadata.type === 'query' ? '?' : '/';
    const errors = parsed.error.issues
      .slice(0, MAX_ERRORS)
      .flatMap((issue) => fieldProblems(issue, value, prefix))
      .slice(0, MAX_ERRORS);
    throw new Problem('validation-failed', summary(errors), { errors });
  }
}

export function fieldCode(code: string, detail: string): { error: string; params: { code: string } } {
  return { error: detail, params: { code } };
}

function fieldProblems(issue: z.core.$ZodIssue, value: unknown, prefix: string): FieldProblem[] {
  if (issue.code === 'unrecognized_keys') {
    return issue.keys.map((key) => ({
      pointer: pointer([...issue.path, key], prefix),
      code: 'field-unknown',
      detail: `This request has no field ${JSON.stringify(key.slice(0, 64))}. Remove it.`,
    }));
  }
  const missing = issue.path.length > 0 && at(value, issue.path) === undefined;
  if (missing) {
    return [{ pointer: pointer(issue.path, prefix), code: 'field-missing', detail: 'This field is required.' }];
  }
  const given = issue.code === 'custom' ? (issue.params as Pick<FieldProblem, 'code' | 'suggestions'>) : undefined;
  return [{ code: 'validation-failed', ...given, pointer: pointer(issue.path, prefix), detail: issue.message }];
}

function at(value: unknown, path: readonly PropertyKey[]): unknown {
  return path.reduce<unknown>((inner, key) => (inner as Record<PropertyKey, unknown> | null | undefined)?.[key], value);
}

/** RFC 6901 escapes `~` and `/`. A query has no depth: `?limit`. */
function pointer(path: readonly PropertyKey[], prefix: string): string {
  const steps = path.map((step) => String(step).slice(0, 64).replaceAll('~', '~0').replaceAll('/', '~1'));
  return steps.length === 0 && prefix === '/' ? '' : prefix + steps.join('/');
}

function summary(errors: readonly FieldProblem[]): string {
  const [first] = errors;
  const more = errors.length > 1 ? ` (and ${errors.length - 1} more, in "errors")` : '';
  return first ? `${first.pointer || 'The body'}: ${first.detail}${more}` : 'The request is not valid.';
}

/** A misspelt `?dryRun` must not change the meaning. `@Query({ schema })` refuses unknown names itself. */
@Injectable()
export class UnknownQuery implements CanActivate {
  canActivate(context: ExecutionContext): boolean {
    const { query, routeOptions } = context.switchToHttp().getRequest<FastifyRequest>();
    const names = Object.keys(query as object);
    if (names.length > 0 && routeOptions.url?.startsWith('/v1/') && !readsQuery(context)) throw unknown(names);
    return true;
  }
}

function readsQuery(context: ExecutionContext): boolean {
  const handler = context.getHandler().name;
  const parameters = Reflect.getMetadata(ROUTE_ARGS_METADATA, context.getClass(), handler) as object | undefined;
  return Object.keys(parameters ?? {}).some((key) => key.startsWith(`${RouteParamtypes.QUERY}:`));
}

function unknown(names: readonly string[]): Problem {
  const errors = names.slice(0, MAX_ERRORS).map((name) => ({
    pointer: `?${name.slice(0, 64)}`,
    code: 'field-unknown',
    detail: `This route has no query parameter ${JSON.stringify(name.slice(0, 64))}. Remove it.`,
  }));
  return new Problem('validation-failed', `${errors[0]?.pointer}: ${errors[0]?.detail}`, { errors });
}
