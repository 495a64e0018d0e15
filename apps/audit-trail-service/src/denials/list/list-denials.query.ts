import { Query } from '@nestjs/cqrs';
import type { Page, PageRequest } from '@postern/lists';
import type { DenialFilter } from './denial-filter.js';
import type { DenialScope } from './denial-conditions.js';
import type { Denial } from './read-denials.js';

/** Denials, the newest first. */
export class ListDenials extends Query<Page<Denial>> {
  constructor(
    readonly scope: DenialScope,
    readonly filter: DenialFilter,
    readonly page: PageRequest,
  ) {
    super();
  }
}
