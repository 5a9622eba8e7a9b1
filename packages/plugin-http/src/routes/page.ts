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

const html = 'text/html; charset=utf-8';
const script = 'text/javascript; charset=utf-8';

const files = [
  { path: '/', file: 'index.html', type: html, summary: 'The page for people.' },
  { path: '/app.js', file: 'app.js', type: script, summary: 'What the page does.' },
  { path: '/api.js', file: 'api.js', type: script, summary: 'How the page asks and listens.' },
  { path: '/view.js', file: 'view.js', type: script, summary: 'How the page draws.' },
  { path: '/levels.js', file: 'levels.js', type: script, summary: 'How the page draws score and service levels.' },
  { path: '/judgement.js', file: 'judgement.js', type: script, summary: 'How the page draws storms, plans and rules.' },
  { path: '/dom.js', file: 'dom.js', type: script, summary: 'How the page makes elements.' },
  { path: '/dialog.js', file: 'dialog.js', type: script, summary: 'How the page asks back.' },
  { path: '/app.css', file: 'app.css', type: 'text/css; charset=utf-8', summary: 'How the page looks.' },
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
