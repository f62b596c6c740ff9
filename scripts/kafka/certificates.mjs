/** TLS of a cluster, made by openssl when it is first started with --secure. */
import fs from 'node:fs'
import path from 'node:path'
import { exec } from './kit.mjs'

/** A certificate authority, one broker certificate for localhost, one client certificate; and a stranger's authority to be refused. */
export function certificates(dir) {
  const tls = path.join(dir, 'tls')
  if (fs.existsSync(path.join(tls, 'broker.pem'))) return
  fs.mkdirSync(tls, { recursive: true })
  const openssl = (...args) => exec('openssl', args, tls)
  for (const ca of ['ca', 'stranger'])
    openssl(
      'req',
      '-x509',
      '-newkey',
      'rsa:2048',
      '-nodes',
      '-days',
      '3650',
      '-subj',
      `/CN=kafka-kit ${ca}`,
      '-keyout',
      `${ca}.key`,
      '-out',
      `${ca}.pem`,
    )
  fs.writeFileSync(path.join(tls, 'san'), 'subjectAltName=DNS:localhost,IP:127.0.0.1\n')
  for (const name of ['broker', 'client']) {
    openssl(
      'req',
      '-newkey',
      'rsa:2048',
      '-nodes',
      '-subj',
      `/CN=${name}`,
      '-keyout',
      `${name}.key`,
      '-out',
      `${name}.csr`,
    )
    openssl(
      'x509',
      '-req',
      '-in',
      `${name}.csr`,
      '-CA',
      'ca.pem',
      '-CAkey',
      'ca.key',
      '-CAcreateserial',
      '-days',
      '3650',
      '-extfile',
      'san',
      '-out',
      `${name}.crt`,
    )
    fs.writeFileSync(
      path.join(tls, `${name}.pem`),
      fs.readFileSync(path.join(tls, `${name}.key`), 'utf8') +
        fs.readFileSync(path.join(tls, `${name}.crt`), 'utf8') +
        fs.readFileSync(path.join(tls, 'ca.pem'), 'utf8'),
    )
  }
}
