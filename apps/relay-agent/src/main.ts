import { createLogger } from '@postern/observe';
import { runProcess } from '@postern/process-life';
import { runProgram, TerminalCommand, version } from '@postern/terminal';
import { startAgent } from './agent.js';
import { checkConfig } from './check-config.js';
import { loadAgentSettings, SETTINGS } from './settings.js';

const program = new TerminalCommand('postern-agent')
  .description('Decides for the mail server on this machine which SMTP users may log in from which addresses.')
  .version(version())
  .option('--config <file>', 'YAML file with settings; the environment overrides them')
  .addHelpText('after', `\nSettings:\n${SETTINGS.map(({ name, meaning }) => `  ${name}\n      ${meaning}`).join('\n')}`)
  .examples(
    'POSTERN_RELAY_KEY_FILE=/etc/postern/relay.key POSTERN_AGENT_POSTFIX=unix:/var/spool/postfix/postern/policy postern-agent',
    'postern-agent --config /etc/postern/agent.yaml check-config',
  )
  .action(() =>
    runProcess('The relay agent', async () => {
      const settings = readSettings();
      return startAgent(settings, createLogger(settings.logLevel, [settings.relay.key]));
    }),
  );
program
  .command('check-config')
  .description('check the settings, and the files, sockets and URLs in them')
  .action(async () => {
    const findings = await checkConfig(readSettings());
    for (const { verdict, text } of findings) process.stdout.write(`${verdict.padEnd(7)} ${text}\n`);
    if (findings.some(({ verdict }) => verdict === 'WRONG')) process.exitCode = 1;
  });

function readSettings() {
  return loadAgentSettings(process.env, program.opts<{ config?: string }>().config ?? null);
}

await runProgram(program);
