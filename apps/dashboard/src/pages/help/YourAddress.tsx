import { Skeleton } from '@mantine/core';
import { useQuery } from '@tanstack/react-query';
import { myAddressQuery } from '../../api/my-address.js';
import { Copy } from '../../ui/Mono.js';
import classes from './Article.module.css';

const command = (flag: string) => `curl ${flag}-H 'Accept: text/plain' ${window.location.origin}/v1/my-ip`;

export function YourAddress() {
  const { data: mine, isPending } = useQuery({ ...myAddressQuery, retry: false });
  const other = mine?.family === 'IPv4' ? { family: 'IPv6', flag: '-6 ' } : { family: 'IPv4', flag: '-4 ' };
  return (
    <section className={classes['yours']} aria-label="Your address" id="your-address">
      <div className={classes['label']}>You read this page from</div>
      <div className={classes['ip']} aria-live="polite">
        {isPending ? <Skeleton height={24} width={180} /> : null}
        {mine && (
          <>
            <span className="mono">{mine.ip}</span>
            <Copy value={mine.ip} label="Copy the address" />
            <span className={classes['family']}>{mine.family}</span>
          </>
        )}
        {!mine && !isPending && 'an address that could not be found out'}
      </div>
      <details open={window.location.hash === '#your-address'}>
        <summary>Is the mail sent by another machine? Or by {other.family}?</summary>
        <p>
          This is the address of your browser. A mail program on this device mostly has the same one; a server has its
          own. Run this there:
        </p>
        <Command text={command('')} />
        <p>
          A browser uses one family at a time, so your {other.family} address cannot be shown here. If this machine has
          one, and <span className="mono">{window.location.hostname}</span> can be reached by it, this shows it:
        </p>
        <Command text={command(other.flag)} />
      </details>
    </section>
  );
}

function Command({ text }: { readonly text: string }) {
  return (
    <div className={classes['command']}>
      <code className="mono">{text}</code>
      <Copy value={text} label="Copy the command" />
    </div>
  );
}
