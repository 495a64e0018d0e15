/** The codes of a refused command; each is a code of the HTTP API. */
type DomainRefusalCode =
  | 'smtp-user-not-found'
  | 'username-taken'
  | 'entry-not-found'
  | 'last-entry'
  | 'restriction-empty'
  | 'validation-failed';

/** The codes of one refused field. */
type FieldRefusalCode =
  | 'range-invalid'
  | 'host-bits-set'
  | 'range-too-wide'
  | 'entry-duplicate'
  | 'too-many-entries'
  | 'expiry-in-the-past'
  | 'username-invalid'
  | 'field-missing'
  /** Wrong in another way: a note that is too long, a text that is no time. */
  | 'validation-failed';

export interface FieldRefusal {
  /** JSON Pointer (RFC 6901) into the command as the HTTP body has it: `/entries/0/range`. */
  readonly pointer: string;
  readonly code: FieldRefusalCode;
  readonly detail: string;
  /** Values that would be accepted in its place; empty where none can be guessed. */
  readonly suggestions: readonly string[];
}

/** A command that the rules refuse: nothing happened. The message says what to do next. */
export class DomainRefusal extends Error {
  override readonly name = 'DomainRefusal';

  constructor(
    readonly code: DomainRefusalCode,
    detail: string,
    /** What is wrong field by field; only with `validation-failed`. */
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

/** A request with a thousand wrong fields need not be answered with all of them. */
const MAX_FIELDS = 50;

/** The refusal of a command of which these fields are wrong. */
export function refusedFields(errors: readonly FieldRefusal[]): DomainRefusal {
  const [first] = errors;
  const more = errors.length > 1 ? ` (${errors.length - 1} more in "errors")` : '';
  const detail = `${first?.pointer}: ${first?.detail}${more}`;
  return new DomainRefusal('validation-failed', detail, errors.slice(0, MAX_FIELDS));
}
