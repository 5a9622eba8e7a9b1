/** Conventional commits; the scope is a package, so that lerna's changelogs read well. */
export default {
  extends: ['@commitlint/config-conventional'],
  rules: {
    'scope-enum': [
      2,
      'always',
      [
        'core',
        'plugin-level',
        'plugin-process',
        'plugin-http',
        'plugin-docker',
        'plugin-k8s',
        'plugin-redis',
        'plugin-notify',
        'plugin-ml',
        'cli',
        'examples',
        'docs',
        'tools',
        'ci',
        'deps',
        'release',
      ],
    ],
    'body-max-line-length': [0],
    'footer-max-line-length': [0],
    'subject-case': [2, 'never', ['start-case', 'pascal-case', 'upper-case']],
  },
};
