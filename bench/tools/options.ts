// What every scenario of ours is told by `bench/run.mjs`, and by whoever runs it by hand.

/** For `parseArgs`. */
export const COMMON_OPTIONS = {
  /** Where stores and scratch files go: on the disk that is measured. */
  folder: { type: 'string', default: 'bench/results/tmp' },
  /** The report is also written to this file. */
  json: { type: 'string' },
  commit: { type: 'string', default: 'unknown' },
  quick: { type: 'boolean', default: false },
  rounds: { type: 'string' },
} as const;
