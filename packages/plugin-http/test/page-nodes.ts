import { vi } from 'vitest';

/** As much of a document as the drawing needs: what is set as text stays text, and attributes are kept by name. */
export class FakeNode {
  readonly tag: string;
  readonly attributes = new Map<string, string>();
  readonly children: (FakeNode | { text: string })[] = [];
  readonly dataset = {};

  constructor(tag: string) {
    this.tag = tag;
  }

  setAttribute(name: string, value: string): void {
    this.attributes.set(name, value);
  }

  append(...nodes: (FakeNode | { text: string })[]): void {
    this.children.push(...nodes);
  }

  addEventListener(): void {}

  *all(): Generator<FakeNode> {
    yield this;
    for (const child of this.children) if (child instanceof FakeNode) yield* child.all();
  }

  get text(): string {
    return this.children.map((child) => child.text).join('');
  }
}

/** Calls a function of a file of the page by its name. */
export type Draw = (what: string, ...given: readonly unknown[]) => unknown;

/** A file of the page, drawing with nodes of ours. */
export async function drawing(name: string): Promise<Draw> {
  vi.stubGlobal('document', {
    createElement: (tag: string) => new FakeNode(tag),
    createTextNode: (text: string) => ({ text }),
  });
  // The page has no build and no types; a variable keeps the compiler from asking for them.
  const path = `../public/${name}`;
  const file = (await import(path)) as { readonly [name: string]: (...given: readonly unknown[]) => unknown };
  return (what, ...given) => {
    const draw = file[what];
    if (!draw) throw new Error(`${name} has no ${what}`);
    return draw(...given);
  };
}
