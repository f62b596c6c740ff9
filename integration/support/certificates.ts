/** Certificates for a test: an authority, a server's and a client's made out by it, and a stranger. */
import { execFileSync } from 'node:child_process'
import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'

export interface Identity {
  readonly key: string
  readonly cert: string
}

export interface Certificates {
  readonly ca: string
  readonly server: Identity
  readonly client: Identity
  readonly stranger: Identity
}

function openssl(dir: string, ...args: readonly string[]): void {
  execFileSync('openssl', args, { cwd: dir, stdio: 'ignore' })
}

function authority(dir: string, name: string): Identity {
  openssl(
    dir,
    ...['req', '-x509', '-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-nodes'],
    ...['-keyout', `${name}.key`, '-out', `${name}.pem`, '-days', '30', '-subj', `/CN=${name}`],
  )
  return read(dir, name)
}

function issued(dir: string, name: string): Identity {
  writeFileSync(join(dir, 'names.ext'), 'subjectAltName=DNS:localhost,IP:127.0.0.1\n')
  openssl(
    dir,
    ...['req', '-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-nodes'],
    ...['-keyout', `${name}.key`, '-out', `${name}.csr`, '-subj', `/CN=${name}`],
  )
  openssl(
    dir,
    ...['x509', '-req', '-in', `${name}.csr`, '-CA', 'ca.pem', '-CAkey', 'ca.key'],
    ...['-CAcreateserial', '-out', `${name}.pem`, '-days', '30', '-extfile', 'names.ext'],
  )
  return read(dir, name)
}

function read(dir: string, name: string): Identity {
  return {
    key: readFileSync(join(dir, `${name}.key`), 'utf8'),
    cert: readFileSync(join(dir, `${name}.pem`), 'utf8'),
  }
}

/** Written into `dir`, which the caller removes. */
export function makeCertificates(dir: string): Certificates {
  const { cert: ca } = authority(dir, 'ca')
  return {
    ca,
    server: issued(dir, 'server'),
    client: issued(dir, 'client'),
    stranger: authority(dir, 'stranger'),
  }
}
