import { findDeadLetter } from '@postern/audit-trail-service';
import { Command } from 'commander';
import { tell } from '../read-models/tell.js';
import { inAudit } from './in-audit.js';
import { letterId } from './letter-id.js';

/** `postern dead-letters show <id>`: one of them whole, as JSON. */
export function showCommand(): Command {
  return new Command('show')
    .description('one of them whole, as JSON: the event, or the message as it was received')
    .argument('<id>', 'which one', letterId)
    .addHelpText(
      'after',
      `
Examples:
  postern dead-letters show 0198c0de-0000-7000-8000-0000000000d1`,
    )
    .action(async (id: string, _: unknown, command: Command) => {
      await inAudit(command, async (audit) => {
        const letter = await findDeadLetter(audit, id);
        if (!letter) {
          process.exitCode = 1;
          return tell(`There is no dead letter ${id}: see postern dead-letters list --all`);
        }
        const { key, value, ...rest } = letter;
        const whole = rest.event === null ? { ...rest, key: readable(key), value: readable(value) } : rest;
        process.stdout.write(`${JSON.stringify(whole, null, 2)}\n`);
      });
    });
}

/** Text where the bytes are UTF-8, else base64. */
function readable(bytes: Buffer | null): { readonly text: string } | { readonly base64: string } | null {
  if (bytes === null) return null;
  const text = bytes.toString('utf8');
  return Buffer.from(text, 'utf8').equals(bytes) ? { text } : { base64: bytes.toString('base64') };
}
