#!/usr/bin/env node
/** The sample agent as a process: settings from the environment, one JSON object a line on standard output. */
import { type Log, SampleAgent } from './agent.ts';
import { readSettings } from './settings.ts';

const log: Log = (level, message, fields) => {
  console.log(JSON.stringify({ at: new Date().toISOString(), level, message, ...fields }));
};

const exitCodes = { ended: 0, failed: 1, misused: 2 } as const;

async function run(): Promise<void> {
  const settings = readSettings(process.env, process.pid);
  const agent = new SampleAgent(settings, log, () => process.exit(exitCodes.ended));
  for (const signal of ['SIGTERM', 'SIGINT'] as const) {
    process.on(signal, () => {
      log('info', 'stopping', { why: signal });
      void agent.stop().then(() => process.exit(exitCodes.ended));
    });
  }
  await agent.start();
}

function explain(error: NodeJS.ErrnoException): string {
  if (error.code === 'EADDRINUSE') {
    return `PORT ${process.env['PORT']} is in use by another process; set another PORT, or 0 for a free one.`;
  }
  if (error.code === 'EACCES')
    return `PORT ${process.env['PORT']} may not be used by this user; take one from 1024 on.`;
  return error.message;
}

try {
  await run();
} catch (error) {
  const misused = (error as Error).name === 'SettingsError';
  log('error', explain(error as NodeJS.ErrnoException));
  process.exit(misused ? exitCodes.misused : exitCodes.failed);
}
