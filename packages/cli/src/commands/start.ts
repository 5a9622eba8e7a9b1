import { type GuardApi } from '@praetorian-guard/core/plugin';
import type { Invocation } from '../command.ts';
import { type ExitCode, exitCode } from '../exit-code.ts';
import { isConfigError, reportThrown } from '../failure.ts';
import { listenForInterrupts } from '../interrupts.ts';
import { sinceProcessStartMs } from '../process-clock.ts';
import { breakText, rosterText } from '../roster.ts';
import { createVoice, type LogFormat, type Voice, type VoiceOptions } from '../voice.ts';

/** Runs a guard until it is interrupted. */
export async function run(call: Invocation): Promise<ExitCode> {
  const interrupts = listenForInterrupts();
  try {
    const { createGuard } = await import('@praetorian-guard/core');
    const voice = await createVoice(call.io, voiceOptions(call));
    const guard = await createGuard(call.option('config') ?? '', { logger: voice.logger });
    return await serve(call, guard, { voice, stopWanted: interrupts.requested });
  } catch (error) {
    return reportThrown(call.io, error);
  } finally {
    interrupts.dispose();
  }
}

function voiceOptions(call: Invocation): VoiceOptions {
  const format: LogFormat = call.flag('json') ? 'json' : (call.option('log-format') as LogFormat);
  // For people the events tell the story; a log of every detail beside it would drown them.
  const level = (call.option('log-level') ?? (format === 'json' ? 'info' : 'warn')) as VoiceOptions['level'];
  return { format, level, name: 'praetorian' };
}

async function serve(
  call: Invocation,
  guard: GuardApi,
  { voice, stopWanted }: { readonly voice: Voice; readonly stopWanted: Promise<NodeJS.Signals> },
): Promise<ExitCode> {
  const listening = guard.onAny((event) => voice.event(event));
  try {
    const started = guard.start().then(() => 'started' as const);
    const first = await Promise.race([started, stopWanted]);
    if (first === 'started') {
      greet(call, guard, voice);
      voice.say(`${await stopWanted}: stopping`, { event: 'guard.stopping' });
    }
    await guard.stop();
    // Interrupted while starting: the stop above made the start give up, which is no failure.
    await started.catch((error: unknown) => voice.logger.debug({ error }, 'the start was broken off'));
    voice.say('stopped', { event: 'guard.stopped' });
    return exitCode.ok;
  } catch (error) {
    const code = reportThrown(call.io, error);
    await guard.stop();
    return isConfigError(error) ? code : exitCode.failed;
  } finally {
    listening.dispose();
  }
}

function greet(call: Invocation, guard: GuardApi, voice: Voice): void {
  const { style } = call.io;
  const readyMs = Math.round(sinceProcessStartMs());
  const agents = guard.agents.list({ limit: 1_000 }).items;
  voice.say(style.strong(`ready in ${(readyMs / 1_000).toFixed(1)} s`), { event: 'guard.ready', readyMs });
  voice.say(`\n${rosterText(style, agents)}\n`);
  const breaking = breakText(style, agents);
  if (breaking) voice.say(`${breaking}\n`);
}
