// Prints what a real Better Auth stores, as vectors for the tests of the envelope. In a folder of its own:
//   npm install better-auth@1.3.34    (or 1.7.25)
//   cp …/make.mjs . && node make.mjs >…/better-auth-1.3.34.json
// The secrets and keys are of these vectors alone and guard nothing.
import { readFileSync } from "node:fs";

import { betterAuth } from "better-auth";
import { memoryAdapter } from "better-auth/adapters/memory";
import * as crypto from "better-auth/crypto";
import { jwt } from "better-auth/plugins";

const version = JSON.parse(readFileSync("node_modules/better-auth/package.json")).version;
const A = "vector-secret-A-0123456789abcdefghijklmnop";
const B = "vector-secret-B-ünïcödé:0123456789abcdefgh";
const versions = (text) => text.split(",").map((entry) => ({ version: Number(entry[0]), value: { A, B }[entry[2]] }));

// A user signs up and requests a token, which makes a key.
async function keyMadeWith(single, versioned, plain) {
  const tables = { user: [], session: [], account: [], verification: [], jwks: [] };
  const auth = betterAuth({
    baseURL: "http://localhost:3000",
    database: memoryAdapter(tables),
    emailAndPassword: { enabled: true },
    plugins: [jwt(plain ? { jwks: { disablePrivateKeyEncryption: true } } : undefined)],
    telemetry: { enabled: false },
    secret: single && { A, B }[single],
    ...(versioned && { secrets: versions(versioned) }),
  });
  const user = { email: "vector@example.org", password: "password-of-a-vector", name: "vector" };
  const { headers } = await auth.api.signUpEmail({ body: user, returnHeaders: true });
  const cookie = headers.get("set-cookie").split(";")[0];
  await auth.api.getToken({ headers: new Headers({ cookie }) });
  return { made_with: { single, versioned }, publicKey: tables.jwks[0].publicKey, privateKey: tables.jwks[0].privateKey };
}

const keys = { bare: await keyMadeWith("A"), bare_unicode: await keyMadeWith("B"), unencrypted: await keyMadeWith("A", undefined, true) };
const texts = { bare: await crypto.symmetricEncrypt({ key: A, data: "JBSWY3DPEHPK3PXP" }) };
if (crypto.parseEnvelope) {
  keys.envelope = await keyMadeWith("A", "1:A");
  keys.envelope_second = await keyMadeWith("A", "2:B,1:A");
  const key = { keys: new Map([[2, B]]), currentVersion: 2 };
  texts.envelope_second = await crypto.symmetricEncrypt({ key, data: "JBSWY3DPEHPK3PXP" });
}
console.log(JSON.stringify({ version, secrets: { A, B }, keys, texts }, null, 2));
