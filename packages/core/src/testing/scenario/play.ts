import { guardError } from '../../contracts/index.ts';
import { parseDuration } from '../../model/index.ts';
import { commands } from './commands.ts';
import type { Script, ScriptLine } from './script.ts';
import { parseScript, rule } from './script.ts';
import { ScenarioWorld } from './world.ts';

/** What came of a scenario. */
export interface Played {
  readonly script: Script;
  /** What was seen, decided and done, one line each. */
  readonly log: readonly string[];
  /** The whole file with this log under the rule. */
  readonly text: string;
}

/**
 * Plays a scenario with a whole guard on the virtual clock; the same text gives the same log.
 *
 * @param text what the file says; see `parseScript`.
 * @param file its name, for messages.
 * @throws GUARD_SCENARIO_INVALID
 */
export async function playScenario(text: string, file = 'scenario'): Promise<Played> {
  const script = parseScript(text, file);
  const world = await ScenarioWorld.make(script, heartbeatOf(script));
  const { clock } = world.rig;
  for (const line of script.lines) {
    await clock.advance(Math.max(0, line.atMs - clock.monotonic()));
    strike(world, line, file);
  }
  await clock.advance(Math.max(0, script.endMs - clock.monotonic()));
  await world.conclude();
  const log = [...world.narrator.lines];
  await world.rig.stop();
  return { script, log, text: `${script.head}\n${rule}\n${log.join('\n')}\n` };
}

function strike(world: ScenarioWorld, { text, line }: ScriptLine, file: string): void {
  const [word = '', ...words] = text.split(/\s+/);
  const command = Object.hasOwn(commands, word) ? commands[word] : undefined;
  if (!command) {
    const why = `${word} is no command; there are: ${Object.keys(commands).join(', ')}`;
    throw guardError('GUARD_SCENARIO_INVALID', { file, line, why });
  }
  world.narrator.line(`! ${text}`);
  const wrong = command.run(world, words);
  if (wrong !== undefined)
    throw guardError('GUARD_SCENARIO_INVALID', { file, line, why: `${wrong}; write: ${command.usage}` });
}

/** The agents send as often as the config of the scenario expects them to. */
function heartbeatOf({ config }: Script): number | undefined {
  const { heartbeat } = config;
  const every =
    typeof heartbeat === 'object' && heartbeat !== null ? (heartbeat as { every?: string }).every : undefined;
  return every === undefined ? undefined : parseDuration(every);
}
