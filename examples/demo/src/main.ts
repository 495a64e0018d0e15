import { parseArgs } from 'node:util';
import { missingPrograms, POSTFIX_WITH_DOVECOT } from '@postern/testing';
import { setPostfixStage } from './postfix-stage.js';
import { setSmtpServerStage } from './smtp-server-stage.js';
import { tellStory, USERNAME } from './story.js';
import { Transcript } from './transcript.js';

const kind = kindAsked(process.argv.slice(2));
const transcript = new Transcript();
const started = performance.now();

transcript.title('Postern, from a restriction to a 535: a real relay, a real client, real passwords.');
const stage = await (kind === 'postfix' ? setPostfixStage(transcript) : setSmtpServerStage(kind, transcript));
try {
  transcript.line('SMTP user', USERNAME);
  await tellStory(stage, transcript);
} finally {
  await stage.end();
}

const seconds = ((performance.now() - started) / 1_000).toFixed(1);
transcript.title(
  transcript.failures === 0
    ? `All steps had the expected result, in ${seconds} s.`
    : `${transcript.failures} steps had another result: see EXPECTED above.`,
);
process.exitCode = transcript.failures === 0 ? 0 : 1;

function kindAsked(args: string[]): 'one process' | 'services' | 'postfix' {
  const refuse = (text: string): never => {
    console.error(text);
    process.exit(2);
  };
  try {
    const options = { services: { type: 'boolean' }, postfix: { type: 'boolean' } } as const;
    const { services, postfix } = parseArgs({ args, options }).values;
    if (services && postfix) return refuse('Choose one: --services or --postfix.');
    const missing = postfix ? missingPrograms(POSTFIX_WITH_DOVECOT, true) : null;
    if (missing !== null) return refuse(`The demo cannot run with Postfix here. ${missing}`);
    return postfix ? 'postfix' : services ? 'services' : 'one process';
  } catch (error) {
    return refuse(`${error instanceof Error ? error.message : error}. The options are --services and --postfix.`);
  }
}
