import { request } from 'node:http';

const withinMs = 2_000;

/**
 * Sets the fault switch of the agent at an address, over a connection of its own: one that was kept may be closed just then,
 * and the order lost. One that breaks so that it cannot answer has done what it was told.
 */
export async function order(address: string, fault: object): Promise<void> {
  const body = JSON.stringify(fault);
  await new Promise<void>((resolve) => {
    const asked = request(
      `http://${address}:4000/fault`,
      { method: 'POST', agent: false, timeout: withinMs, headers: { 'content-type': 'application/json' } },
      (answer) => answer.resume().once('close', resolve),
    );
    asked.once('timeout', () => asked.destroy());
    asked.once('error', () => resolve());
    asked.once('close', resolve);
    asked.end(body);
  });
}
