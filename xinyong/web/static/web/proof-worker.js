// Finds a counter for which SHA-256 of "seed:counter" begins with so many zero bits. FIPS 180-4, for texts of one block
// (up to 55 characters): the browser's own digest is slower here, for it answers each of a million questions by and by.
"use strict";
const K = new Int32Array(64), START = new Int32Array(8);

// Round constants: the first 32 bits of the fractional parts of cube roots (and square roots) of the first primes.
for (let prime = 2, found = 0; found < 64; prime++) {
  let isPrime = true;
  for (let divisor = 2; divisor * divisor <= prime; divisor++) if (prime % divisor === 0) { isPrime = false; break; }
  if (!isPrime) continue;
  const fraction = (root) => Math.floor((root - Math.floor(root)) * 4294967296) | 0;
  if (found < 8) START[found] = fraction(Math.sqrt(prime));
  K[found++] = fraction(Math.cbrt(prime));
}

const W = new Int32Array(64), block = new Uint8Array(64);

// Hashes the text that stands in the block; returns the first word of its hash as an unsigned number.
function hash(length) {
  block.fill(0, length);
  block[length] = 0x80;
  const bits = length * 8;
  block[62] = bits >> 8;
  block[63] = bits & 255;
  for (let i = 0; i < 16; i++)
    W[i] = (block[4 * i] << 24) | (block[4 * i + 1] << 16) | (block[4 * i + 2] << 8) | block[4 * i + 3];
  for (let i = 16; i < 64; i++) {
    const x = W[i - 15], y = W[i - 2];
    const s0 = ((x >>> 7) | (x << 25)) ^ ((x >>> 18) | (x << 14)) ^ (x >>> 3);
    const s1 = ((y >>> 17) | (y << 15)) ^ ((y >>> 19) | (y << 13)) ^ (y >>> 10);
    W[i] = (W[i - 16] + s0 + W[i - 7] + s1) | 0;
  }
  let a = START[0], b = START[1], c = START[2], d = START[3], e = START[4], f = START[5], g = START[6], h = START[7];
  for (let i = 0; i < 64; i++) {
    const s1 = ((e >>> 6) | (e << 26)) ^ ((e >>> 11) | (e << 21)) ^ ((e >>> 25) | (e << 7));
    const t1 = (h + s1 + ((e & f) ^ (~e & g)) + K[i] + W[i]) | 0;
    const s0 = ((a >>> 2) | (a << 30)) ^ ((a >>> 13) | (a << 19)) ^ ((a >>> 22) | (a << 10));
    const t2 = (s0 + ((a & b) ^ (a & c) ^ (b & c))) | 0;
    h = g; g = f; f = e; e = (d + t1) | 0; d = c; c = b; b = a; a = (t1 + t2) | 0;
  }
  return (a + START[0]) >>> 0; // 32 bits are enough: no puzzle asks for more
}

self.onmessage = ({ data: { seed, bits } }) => {
  const head = new TextEncoder().encode(seed + ":"), bound = 2 ** (32 - bits);
  for (let counter = 0; ; counter++) {
    const digits = String(counter);
    block.set(head);
    for (let i = 0; i < digits.length; i++) block[head.length + i] = digits.charCodeAt(i);
    if (hash(head.length + digits.length) < bound) { self.postMessage(counter); return; }
  }
};
