/** The codes of a refused command; each is a code of the HTTP API. */
type DomainRefusalCode =
  | 'smtp-user-not-found'
  | 'username-taken'
  | 'entry-not-found'
  | 'last-entry'
  | 'restriction-empty'
  | 'validation-failed';

type FieldRefusalCode =
  | 'range-invalid'
  | 'host-bits-set'
  | 'range-too-wide'
  | 'entry-duplicate'
  | 'too-many-entries'
  | 'expiry-in-the-past'
  | 'username-invalid'
  | 'field-missing'
  /** Other errors: a note that is too long, a text that is not a time. */
  | 'validation-failed';

export interface FieldRefusal {
  /** JSON Pointer (RFC 6901) into the HTTP body: `/entries/0/range`. */
  readonly pointer: string;
  readonly code: FieldRefusalCode;
  readonly detail: string;
  /** Values that would be accepted; may be empty. */
  readonly suggestions: readonly string[];
}

/** A refused command: nothing happened. The message says what to do next. */
export class DomainRefusal extends Error {
  override readonly name = 'DomainRefusal';

  constructor(
    readonly code: DomainRefusalCode,
    detail: string,
    readonly errors: readonly FieldRefusal[] = [],
  ) {
    super(detail);
  }

  get detail(): string {
    return this.message;
  }
}

export function fieldRefusal(
  pointer: string,
  code: FieldRefusalCode,
  detail: string,
  suggestions: readonly string[] = [],
): FieldRefusal {
  return { pointer, code, detail, suggestions };
}

const MAX_FIELDS = 50;

export function refusedFields(errors: readonly FieldRefusal[]): DomainRefusal {
  const [first] = errors;
  const more = errors.length > 1 ? ` (${errors.length - 1} more in "errors")` : '';
  const detail = `${first?.pointer}: ${first?.detail}${more}`;
  return new DomainRefusal('validation-failed', detail, errors.slice(0, MAX_FIELDS));
}
