// Preloaded into servers whose memory is measured: collects garbage when it is told to, so that
// what is left is in use. Needs --expose-gc. The signal is one that means nothing to a server.

const collect = (globalThis as { readonly gc?: () => void }).gc;

process.on('SIGWINCH', () => {
  collect?.();
  collect?.();
});
