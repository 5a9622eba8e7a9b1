/** What of a loaded config `start` tells; a part of what `loadConfigFile` gives. */
export interface LoadedParts {
  readonly config: { readonly name: string; readonly store: string };
  readonly plugins: readonly { readonly instance: string; readonly use: string; readonly config: unknown }[];
}

const httpPlugin = '@praetorian-guard/plugin-http';

/** Where the guard remembers. */
export function storeText({ config, plugins }: LoadedParts): string {
  const store = plugins.find(({ instance }) => instance === config.store);
  if (!store) return 'in memory: a restart forgets everything';
  const path = (store.config as { readonly path?: unknown }).path;
  return typeof path === 'string' ? `${store.use} in ${path}` : store.use;
}

/** Address of the page and the API; `undefined` when nothing is served, or only the system knows the port. */
export function pageUrl({ plugins }: LoadedParts): string | undefined {
  const http = plugins.find(({ use }) => use === httpPlugin);
  if (!http) return undefined;
  const { host, port, publicUrl } = http.config as {
    readonly host: string;
    readonly port: number;
    readonly publicUrl?: string;
  };
  if (publicUrl !== undefined) return publicUrl;
  if (port === 0) return undefined;
  const everywhere = host === '0.0.0.0' || host === '::';
  const name = everywhere ? '127.0.0.1' : host.includes(':') ? `[${host}]` : host;
  return `http://${name}:${port}`;
}
