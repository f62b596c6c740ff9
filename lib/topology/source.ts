/** Where records come from: topics, by name, by names, or by a pattern of names. */

/** Anything that yields bytes. */
export type StreamSource = string | readonly string[] | RegExp
