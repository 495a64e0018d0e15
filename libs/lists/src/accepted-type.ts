/** What a list can be answered as; the first is what everybody gets who names none. */
const LIST_TYPES = ['application/json', 'application/x-ndjson', 'text/csv'] as const;
export type ListType = (typeof LIST_TYPES)[number];

/**
 * What the header `Accept` (RFC 9110, section 12.5.1) asks for: the type with the highest weight; of several, the one
 * that is named most exactly, then the one that is named first. A header that names none of ours is disregarded, as that
 * section allows: JSON tells a browser or a wrong script more than an empty 406.
 */
export function acceptedType(accept: string | undefined): ListType {
  const ranges = (accept ?? '*/*').split(',').slice(0, MAX_RANGES).flatMap(mediaRange);
  const offers = LIST_TYPES.map((type) => ({ type, range: rangeFor(type, ranges) }));
  const [best] = offers.filter(({ range }) => range.weight > 0).toSorted((a, b) => order(a.range, b.range));
  return best?.type ?? LIST_TYPES[0];
}

/** Browsers send a dozen. */
const MAX_RANGES = 64;

interface MediaRange {
  readonly pattern: string;
  readonly weight: number;
  readonly place: number;
  /** 0 for any type, 1 for `text/*`, 2 for a type by its name. */
  readonly exactness: number;
}

const NONE: MediaRange = { pattern: '', weight: 0, place: 0, exactness: 0 };
const WEIGHT = /^q=(0(?:\.\d{0,3})?|1(?:\.0{0,3})?)$/;

/** Parameters other than the weight are passed over: our types have none that anybody could choose by. */
function mediaRange(text: string, place: number): MediaRange[] {
  const [pattern = '', ...parameters] = text.split(';').map((part) => part.trim().toLowerCase());
  if (pattern === '') return [];
  const given = parameters.find((parameter) => parameter.startsWith('q='));
  const weight = given === undefined ? 1 : Number(WEIGHT.exec(given)?.[1] ?? 0);
  const exactness = pattern === '*/*' ? 0 : pattern.endsWith('/*') ? 1 : 2;
  return [{ pattern, weight, place, exactness }];
}

/** The most exact range that a type matches: it alone decides, also by a weight of 0. */
function rangeFor(type: ListType, ranges: readonly MediaRange[]): MediaRange {
  const patterns = [type, `${type.split('/')[0]}/*`, '*/*'];
  for (const pattern of patterns) {
    const range = ranges.find((each) => each.pattern === pattern);
    if (range) return range;
  }
  return NONE;
}

function order(a: MediaRange, b: MediaRange): number {
  return b.weight - a.weight || b.exactness - a.exactness || a.place - b.place;
}
