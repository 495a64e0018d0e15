import type { ReactNode } from 'react';
import { Link } from '@tanstack/react-router';
import { FirstSteps } from '../../ui/FirstSteps.js';

/** For an operator of a new Postern. `create` is the button that adds a tenant. */
export function FirstTenant({ create }: { readonly create: ReactNode }) {
  return (
    <FirstSteps
      title="Three steps until the first login is checked"
      steps={[
        {
          title: 'Add a tenant',
          text: 'A tenant is a customer’s account. It owns SMTP users, and cannot see other tenants. Create one for your own mail, too.',
          action: create,
        },
        {
          title: 'Give it an admin key',
          text: 'Choose the tenant, then API keys. With this key its people sign in here and change their lists. You can read the lists, but not change them.',
        },
        {
          title: 'Connect a mail relay',
          text: (
            <>
              Issue a relay key under <Link to="/operator/api-keys">Operator keys</Link>, and start the relay agent with
              it next to your mail server. It then appears under <Link to="/operator/relays">Relays</Link>.
            </>
          ),
        },
      ]}
    >
      Postern is new here: it has no tenant yet.
    </FirstSteps>
  );
}
