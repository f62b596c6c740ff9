/** Authentication: SaslHandshake, SaslAuthenticate. */

export const saslHandshake = {
  name: 'SaslHandshake',
  key: 17,
  min: 0,
  max: 1,
  flexible: 99,
  request: [{ name: 'mechanism', type: 'string' }],
  response: [
    { name: 'errorCode', type: 'int16' },
    { name: 'mechanisms', type: 'array', of: 'string' },
  ],
} as const

export const saslAuthenticate = {
  name: 'SaslAuthenticate',
  key: 36,
  min: 0,
  max: 2,
  flexible: 2,
  request: [{ name: 'authBytes', type: 'bytes' }],
  response: [
    { name: 'errorCode', type: 'int16' },
    { name: 'errorMessage', type: 'string', nullable: 0, default: null },
    { name: 'authBytes', type: 'bytes' },
    { name: 'sessionLifetimeMs', type: 'int64', from: 1, default: 0 },
  ],
} as const
