import { generateKeyPairSync, randomBytes, sign } from 'node:crypto';

/** A certificate that signs itself, for `localhost` and 127.0.0.1, and its key; both PEM. Made without any tool. */
export function selfSigned(names: readonly string[] = ['localhost']): { readonly key: string; readonly cert: string } {
  const { privateKey, publicKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
  const ecdsaWithSha256 = sequence(objectId([1, 2, 840, 10045, 4, 3, 2]));
  const name = sequence(set(sequence(objectId([2, 5, 4, 3]), tlv(0x0c, Buffer.from(names[0] ?? 'test')))));
  const day = 86_400_000;
  const time = (at: number): Buffer =>
    tlv(0x18, Buffer.from(`${new Date(at).toISOString().replace(/[-:T]/g, '').slice(0, 14)}Z`));
  const alternatives = sequence(
    ...names.map((one) => tlv(0x82, Buffer.from(one))),
    tlv(0x87, Buffer.from([127, 0, 0, 1])),
  );
  const extension = (id: readonly number[], value: Buffer): Buffer => sequence(objectId(id), tlv(0x04, value));
  const toBeSigned = sequence(
    tlv(0xa0, tlv(0x02, Buffer.from([2]))),
    tlv(0x02, Buffer.concat([Buffer.from([1]), randomBytes(8)])),
    ecdsaWithSha256,
    name,
    sequence(time(Date.now() - day), time(Date.now() + day)),
    name,
    publicKey.export({ type: 'spki', format: 'der' }),
    tlv(
      0xa3,
      sequence(
        extension([2, 5, 29, 19], sequence(tlv(0x01, Buffer.from([0xff])))),
        extension([2, 5, 29, 17], alternatives),
      ),
    ),
  );
  const signature = tlv(0x03, Buffer.concat([Buffer.from([0]), sign('sha256', toBeSigned, privateKey)]));
  const der = sequence(toBeSigned, ecdsaWithSha256, signature).toString('base64');
  return {
    key: privateKey.export({ type: 'pkcs8', format: 'pem' }) as string,
    cert: `-----BEGIN CERTIFICATE-----\n${der.replace(/.{64}/g, '$&\n')}\n-----END CERTIFICATE-----\n`,
  };
}

/** Tag, length and value of DER (X.690). */
function tlv(tag: number, value: Buffer): Buffer {
  const length = value.length;
  const long = length < 0x100 ? [0x81, length] : [0x82, length >> 8, length & 0xff];
  return Buffer.concat([Buffer.from([tag, ...(length < 0x80 ? [length] : long)]), value]);
}

const sequence = (...parts: readonly Buffer[]): Buffer => tlv(0x30, Buffer.concat(parts));
const set = (...parts: readonly Buffer[]): Buffer => tlv(0x31, Buffer.concat(parts));

function objectId([first = 0, second = 0, ...rest]: readonly number[]): Buffer {
  const base128 = (value: number): number[] => {
    const bytes = [value & 0x7f];
    for (let left = value >> 7; left > 0; left >>= 7) bytes.unshift((left & 0x7f) | 0x80);
    return bytes;
  };
  return tlv(0x06, Buffer.from([first * 40 + second, ...rest.flatMap(base128)]));
}
