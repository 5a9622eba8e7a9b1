import { readFileSync } from 'node:fs';
import type { RouteSpec } from '../route.ts';

const policy = [
  "default-src 'none'",
  "script-src 'self'",
  "style-src 'self'",
  "connect-src 'self'",
  "img-src 'self' data:",
  "form-action 'none'",
  "base-uri 'none'",
  "frame-ancestors 'none'",
].join('; ');

const files = [
  { path: '/', file: 'index.html', type: 'text/html; charset=utf-8', summary: 'The page for people.' },
  { path: '/app.js', file: 'app.js', type: 'text/javascript; charset=utf-8', summary: 'The script of the page.' },
  { path: '/view.js', file: 'view.js', type: 'text/javascript; charset=utf-8', summary: 'The drawing of the page.' },
  { path: '/app.css', file: 'app.css', type: 'text/css; charset=utf-8', summary: 'The style of the page.' },
];

/** The page: static files of the package. They hold no data, so everybody may have them; the data needs a token. */
export function pageRoutes(): RouteSpec[] {
  return files.map(({ path, file, type, summary }) => {
    const content = readFileSync(new URL(`../../public/${file}`, import.meta.url));
    return {
      method: 'GET',
      path,
      access: 'public',
      tag: 'page',
      summary,
      responses: { 200: { description: 'The file.', contentType: type } },
      handle: (_request, reply) =>
        reply
          .headers({
            'content-type': type,
            'content-security-policy': policy,
            'referrer-policy': 'no-referrer',
            'x-frame-options': 'DENY',
            'cache-control': 'no-cache',
          })
          .send(content),
    };
  });
}
