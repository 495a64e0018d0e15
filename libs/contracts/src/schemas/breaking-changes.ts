import type { JsonSchema } from './json-schemas.js';

/**
 * What in `now` would break a consumer that was written against `was`: everything that lets a message look as it could not
 * look before. A member more is no break, since consumers pass over what they do not know; a rule that is stricter neither.
 * Each break is a sentence that begins with its place. None: the change may be made without a new version.
 */
export function breakingChanges(was: JsonSchema, now: JsonSchema, place = '$'): string[] {
  if (was.anyOf || now.anyOf) return ofAlternatives(was, now, place);
  return [
    ...ofTypes(was, now, place),
    ...ofValues(was, now, place),
    ...ofBounds(was, now, place),
    ...ofMembers(was, now, place),
    ...(was.items ? breakingChanges(was.items, now.items ?? {}, `${place}[]`) : []),
  ];
}

/** Each alternative of now must be one that a consumer knew. */
function ofAlternatives(was: JsonSchema, now: JsonSchema, place: string): string[] {
  const known = was.anyOf ?? [was];
  return (now.anyOf ?? [now]).flatMap((each) => {
    const breaks = known.map((one) => breakingChanges(one, each, place));
    if (breaks.some((some) => some.length === 0)) return [];
    // That of the same type tells more than that of another one.
    const nearest = known.findIndex((one) => String(one.type) === String(each.type));
    return breaks[nearest] ?? [`${place} may be ${String(each.type ?? 'anything')}, which it could not be`];
  });
}

function ofTypes(was: JsonSchema, now: JsonSchema, place: string): string[] {
  if (was.type === undefined) return [];
  const known = new Set([was.type].flat());
  return [now.type ?? 'anything']
    .flat()
    .filter((type) => !known.has(type))
    .map((type) => `${place} may be ${type}, which it could not be`);
}

function ofValues(was: JsonSchema, now: JsonSchema, place: string): string[] {
  const known = valuesOf(was);
  if (!known) return [];
  const values = valuesOf(now);
  if (!values) return [`${place} may be any value, not just ${known.join(', ')}`];
  return values
    .filter((value) => !known.includes(value))
    .map((value) => `${place} may be ${String(value)}, which is new`);
}

function valuesOf(schema: JsonSchema): readonly unknown[] | undefined {
  return 'const' in schema ? [schema.const] : schema.enum;
}

function ofBounds(was: JsonSchema, now: JsonSchema, place: string): string[] {
  const texts = (['pattern', 'format'] as const)
    .filter((rule) => was[rule] !== undefined && was[rule] !== now[rule])
    .map((rule) => `${place} has another ${rule}`);
  const lower = (['minimum', 'minItems', 'minLength'] as const)
    .filter((rule) => (was[rule] ?? -Infinity) > (now[rule] ?? -Infinity))
    .map((rule) => `${place} has a lower ${rule}`);
  const higher = (was.maximum ?? Infinity) < (now.maximum ?? Infinity) ? [`${place} has a higher maximum`] : [];
  return [...texts, ...lower, ...higher];
}

function ofMembers(was: JsonSchema, now: JsonSchema, place: string): string[] {
  return Object.entries(was.properties ?? {}).flatMap(([name, member]) => {
    const at = `${place}.${name}`;
    const stays = now.properties?.[name];
    if (!stays) return [`${at} is gone`];
    const leftOut = was.required?.includes(name) === true && now.required?.includes(name) !== true;
    return [...(leftOut ? [`${at} may be left out`] : []), ...breakingChanges(member, stays, at)];
  });
}
