import type { AgentStatus, AnyGuardEvent, GuardApi } from '@praetorian-guard/core/plugin';
import type { Invocation } from '../command.ts';
import { type LoadedParts, pageUrl, storeText } from '../config-text.ts';
import { type ExitCode, exitCode } from '../exit-code.ts';
import { isConfigError, reportThrown } from '../failure.ts';
import { type Interrupts, listenForInterrupts } from '../interrupts.ts';
import { pause, sinceProcessStartMs } from '../process-clock.ts';
import { breakText, rosterText } from '../roster.ts';
import { createVoice, type LogFormat, type Voice, type VoiceOptions } from '../voice.ts';
import { facts } from '../words.ts';

/** Runs a guard until it is interrupted. */
export async function run(call: Invocation): Promise<ExitCode> {
  const interrupts = listenForInterrupts();
  call.io.outlive?.();
  try {
    const path = call.option('config') ?? '';
    const { createGuard, loadConfigFile } = await import('@praetorian-guard/core');
    const loaded = await loadConfigFile(path);
    const voice = await createVoice(call.io, { ...voiceOptions(call), name: loaded.config.name });
    const guard = await createGuard(path, { logger: voice.logger });
    return await serve({ call, guard, voice, loaded, interrupts });
  } catch (error) {
    return reportThrown(call.io, error);
  } finally {
    interrupts.dispose();
  }
}

function voiceOptions(call: Invocation): Omit<VoiceOptions, 'name'> {
  const format: LogFormat = call.flag('json') ? 'json' : (call.option('log-format') as LogFormat);
  // For people the events tell the story; a log of every detail beside it would drown them.
  const level = (call.option('log-level') ?? (format === 'json' ? 'info' : 'warn')) as VoiceOptions['level'];
  return { format, level };
}

interface Session {
  readonly call: Invocation;
  readonly guard: GuardApi;
  readonly voice: Voice;
  readonly loaded: LoadedParts;
  readonly interrupts: Interrupts;
}

async function serve(session: Session): Promise<ExitCode> {
  const { call, guard, voice, interrupts } = session;
  const story = tellLater(guard, voice);
  try {
    const started = guard.start().then(() => 'started' as const);
    const first = await Promise.race([started, interrupts.requested]);
    if (first === 'started') {
      sayReady(session);
      await Promise.race([sayRoster(session), interrupts.requested]);
      story.tell();
      voice.say(`${await interrupts.requested}: stopping`, { event: 'guard.stopping' });
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
    story.dispose();
  }
}

/** Keeps events back until the reader has been shown who is who. */
function tellLater(guard: GuardApi, voice: Voice): { tell(): void; dispose(): void } {
  let held: AnyGuardEvent[] | undefined = [];
  const listening = guard.onAny((event) => (held ? void held.push(event) : voice.event(event)));
  return {
    tell: () => {
      for (const event of held ?? []) voice.event(event);
      held = undefined;
    },
    dispose: () => listening.dispose(),
  };
}

function sayReady({ call, voice, loaded }: Session): void {
  const { style } = call.io;
  const readyMs = Math.round(sinceProcessStartMs());
  const page = pageUrl(loaded);
  voice.say(`${style.strong(loaded.config.name)} ready in ${(readyMs / 1_000).toFixed(1)} s`, {
    event: 'guard.ready',
    readyMs,
    ...(page === undefined ? {} : { url: page }),
  });
  voice.say(
    facts(style, [
      ['store', storeText(loaded)],
      ['page', page],
    ]),
  );
}

/** Who is there, once nobody new has come for a moment. */
async function sayRoster({ call, guard, voice, interrupts }: Session): Promise<void> {
  const agents = await assembled(guard, interrupts.signal);
  if (interrupts.signal.aborted) return;
  const { style } = call.io;
  voice.say(agents.length === 0 ? '\nno agents yet; whoever registers is watched' : `\n${rosterText(agents)}`);
  const breaking = breakText(style, agents);
  if (breaking) voice.say(`\n${breaking}`);
  voice.say(style.dim('\nWhat happens is told below; Ctrl-C stops.\n'));
}

/** Longest wait for agents to come, and how long nobody new has to have come, in ms. */
const assembly = { longestMs: 5_000, emptyMs: 1_500, quietMs: 500 };

async function assembled(guard: GuardApi, signal: AbortSignal): Promise<readonly AgentStatus[]> {
  let agents: readonly AgentStatus[] = [];
  for (let waitedMs = 0; waitedMs < assembly.longestMs && !signal.aborted; waitedMs += assembly.quietMs) {
    await pause(assembly.quietMs, signal);
    const now = guard.agents.list({ limit: 1_000 }).items;
    const stable = now.length === agents.length && (now.length > 0 || waitedMs >= assembly.emptyMs);
    const complete = stable && now.every(({ agent }) => agent.instance?.endpoint !== undefined);
    agents = now;
    if (complete) break;
  }
  return agents;
}
