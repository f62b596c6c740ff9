import { describe, expect, test } from '@jest/globals'
import { ScramClient, ScramError } from './scram.ts'

// RFC 7677, section 3.
const NONCE = 'rOprNGfwEbeRWgbNEkqO'
const SERVER_FIRST = Buffer.from(
  `r=${NONCE}%hvYDpWUa2RaTCAfuxFIlj)hNlF$k0,s=W22ZaJ0SNY7soEsUEjb6gQ==,i=4096`,
)

function client(): ScramClient {
  return new ScramClient('sha256', 'user', 'pencil', NONCE)
}

describe('SCRAM', () => {
  test('has the exchange of RFC 7677', async () => {
    const scram = client()
    expect(scram.first().toString()).toBe(`n,,n=user,r=${NONCE}`)
    expect((await scram.final(SERVER_FIRST)).toString()).toBe(
      `c=biws,r=${NONCE}%hvYDpWUa2RaTCAfuxFIlj)hNlF$k0,p=dHzbZapWIk4jUhN+Ute9ytag9zjfMHgsqmmiz7AndVQ=`,
    )
    scram.verify(Buffer.from('v=6rriTRBi23WpRR/wtup+mMhUZUn/dB5nLTJRsjl95G4='))
  })

  test('refuses a server that does not know the password, or says so', async () => {
    const scram = client()
    await scram.final(SERVER_FIRST)
    expect(() => scram.verify(Buffer.from(`v=${'A'.repeat(43)}=`))).toThrow(ScramError)
    expect(() => scram.verify(Buffer.from('v='))).toThrow(ScramError)
    expect(() => scram.verify(Buffer.from('e=unknown-user'))).toThrow('unknown-user')
  })

  test.each([
    ['another nonce', 'r=other,s=W22ZaJ0SNY7soEsUEjb6gQ==,i=4096'],
    ['our nonce with nothing added', `r=${NONCE},s=W22ZaJ0SNY7soEsUEjb6gQ==,i=4096`],
    ['too few iterations', `r=${NONCE}x,s=W22ZaJ0SNY7soEsUEjb6gQ==,i=1`],
    ['iterations without end', `r=${NONCE}x,s=W22ZaJ0SNY7soEsUEjb6gQ==,i=4000000000`],
    ['nothing of the kind', 'hello'],
  ])('refuses a server that sends %s', async (_name, first) => {
    await expect(client().final(Buffer.from(first))).rejects.toThrow(ScramError)
  })

  test('escapes the two characters that separate attributes', () => {
    const scram = new ScramClient('sha512', 'a=b,c', 'x', 'n')
    expect(scram.first().toString()).toBe('n,,n=a=3Db=2Cc,r=n')
  })
})
