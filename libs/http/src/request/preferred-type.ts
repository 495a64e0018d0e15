import Negotiator from 'negotiator';

/** Browsers send a dozen; a longer header is cut. */
const LONGEST_ACCEPT = 2_048;

/**
 * The one of `offers` that the header `Accept` asks for (RFC 9110, section 12.5.1). A header that accepts none of them is
 * disregarded, as that section allows: the first offer tells a browser or a script more than an empty 406.
 */
export function preferredType<Type extends string>(
  accept: string | undefined,
  offers: readonly [Type, ...Type[]],
): Type {
  const negotiator = new Negotiator({ headers: { accept: (accept || '*/*').slice(0, LONGEST_ACCEPT) } });
  return (negotiator.mediaType([...offers]) as Type | undefined) ?? offers[0];
}
