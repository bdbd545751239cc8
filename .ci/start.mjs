// `npm start`. It will start the broker; until there is one it says so, and what there is instead.

console.error(
  [
    'foq: there is no broker to start yet; the log beneath it is being built first.',
    'What works today: npm test, npm run check (CONTRIBUTING.md lists every verb).',
  ].join('\n'),
);
process.exitCode = 1;
