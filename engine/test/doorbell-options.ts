// The options of all stores of the doorbell test: small files, because many stores are made.

export const OPTIONS = { journalFileBytes: 64 * 1024, roundBytesMax: 16 * 1024, spares: 1 };
