import { parseArgs } from 'node:util';
import { missingPrograms, POSTFIX_WITH_DOVECOT } from '@postern/testing';
import { setPostfixStage, setSmtpServerStage, USERNAME } from './stages.js';
import { tellStory } from './story.js';
import { failures, line, title } from './transcript.js';

const { services, postfix } = askedFor(process.argv.slice(2));
const ends: (() => Promise<unknown>)[] = [];
const endsWith = (end: () => Promise<unknown>) => void ends.push(end);
const started = performance.now();

title('Postern, from a restriction to a 535: a real relay, a real client, real passwords.');
try {
  const stage = await (postfix ? setPostfixStage(endsWith) : setSmtpServerStage(services, endsWith));
  line('SMTP user', USERNAME);
  await tellStory(stage);
} finally {
  for (const end of ends.toReversed()) await end();
}

const seconds = ((performance.now() - started) / 1_000).toFixed(1);
title(
  failures === 0
    ? `All steps had the expected result, in ${seconds} s.`
    : `${failures} steps had another result: see EXPECTED above.`,
);
process.exitCode = failures === 0 ? 0 : 1;

function askedFor(args: string[]): { readonly services: boolean; readonly postfix: boolean } {
  try {
    const option = { type: 'boolean', default: false } as const;
    const { services, postfix } = parseArgs({ args, options: { services: option, postfix: option } }).values;
    if (services && postfix) throw new Error('Choose one: --services or --postfix.');
    const missing = postfix ? missingPrograms(POSTFIX_WITH_DOVECOT, true) : null;
    if (missing !== null) throw new Error(`The demo cannot run with Postfix here. ${missing}`);
    return { services, postfix };
  } catch (error) {
    console.error(error instanceof Error ? error.message : error);
    console.error('The options are --services and --postfix.');
    process.exit(2);
  }
}
