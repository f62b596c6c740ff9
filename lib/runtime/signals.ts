/** PORT: the wish of whoever runs the process to end it, as SIGTERM and SIGINT say it. */

export interface Signals {
  /** Calls back for each signal until the returned function is called. */
  listen(heard: () => void): () => void
}

/** Nobody ever asks: simulations, and instances that others stop. */
export const NO_SIGNALS: Signals = { listen: () => () => undefined }
