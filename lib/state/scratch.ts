/**
 * Memory that is used again and again for bytes that somebody copies at once: no buffer is made for
 * most of them. What `of` gave is valid until it is called again.
 */

const SCRATCH_BYTES = 4096

export class Scratch {
  readonly #bytes = Buffer.allocUnsafeSlow(SCRATCH_BYTES)
  /** By length: a view of the beginning. */
  readonly #views: (Buffer | undefined)[] = []

  /** So many bytes, with anything in them; longer ones are new. */
  of(length: number): Buffer {
    const view = this.#views[length]
    if (view !== undefined) return view
    if (length > SCRATCH_BYTES) return Buffer.allocUnsafe(length)
    return this.#add(length)
  }

  #add(length: number): Buffer {
    // Without holes, which would make every look slower.
    for (let each = this.#views.length; each < length; each++) this.#views.push(undefined)
    const view = this.#bytes.subarray(0, length)
    this.#views[length] = view
    return view
  }
}
