// An authorization server (npm's oidc-provider) on loopback. It issues access tokens (RFC 9068) to the clients RS256 and
// ES256, signed with the algorithm in the client's name.
//
// It reads one command per line of its standard input, and prints its state as one line of JSON at the start and after
// each command: "rotate" publishes a new key of each algorithm and signs with it, "rotate ES256" only of that algorithm,
// "withdraw" removes all keys that no longer sign, and "state" changes nothing. It stops at the end of its input.
import { generateKeyPairSync } from "node:crypto";
import { createServer } from "node:http";
import { createRequire } from "node:module";
import { createInterface } from "node:readline";

// The packages are in the working directory, not beside this file.
const packages = createRequire(`${process.cwd()}/`);
const { Provider } = await import(packages.resolve("oidc-provider"));

// Standard output is reserved for the state; the package would write its notices there.
console.info = console.error;

const { AUDIENCE, SCOPES, SECRET } = process.env;
const MAKE = {
  RS256: () => generateKeyPairSync("rsa", { modulusLength: 2048 }),
  ES256: () => generateKeyPairSync("ec", { namedCurve: "P-256" }),
};
const ALGORITHMS = Object.keys(MAKE);

const current = {};
let keys = [];
let made = 0;
let keySetsServed = 0;
let serve;

const server = createServer((request, response) => {
  if (request.url === "/jwks") keySetsServed += 1;
  serve(request, response);
});
await new Promise((resolve) => server.listen(0, "127.0.0.1", resolve));
const issuer = `http://127.0.0.1:${server.address().port}`;

function rotate(algorithms) {
  for (const alg of algorithms) {
    made += 1;
    const jwk = MAKE[alg]().privateKey.export({ format: "jwk" });
    current[alg] = `${alg}-${made}`;
    keys.push({ ...jwk, kid: current[alg], alg, use: "sig" });
  }
}

function withdraw() {
  keys = keys.filter((key) => current[key.alg] === key.kid);
}

// A provider's keys cannot change, so a change of keys creates a new provider at the same address.
function publish() {
  const signing = { ...current };
  serve = new Provider(issuer, {
    jwks: { keys },
    clients: ALGORITHMS.map((alg) => ({
      client_id: alg,
      client_secret: SECRET,
      grant_types: ["client_credentials"],
      response_types: [],
      redirect_uris: [],
    })),
    features: {
      devInteractions: { enabled: false },
      clientCredentials: { enabled: true },
      resourceIndicators: {
        enabled: true,
        getResourceServerInfo: (_, resource, client) => ({
          audience: AUDIENCE,
          scope: SCOPES,
          accessTokenFormat: "jwt",
          accessTokenTTL: 300,
          jwt: { sign: { alg: client.clientId, kid: signing[client.clientId] } },
        }),
      },
    },
  }).callback();
}

function printState() {
  const published = keys.map((key) => key.kid);
  process.stdout.write(`${JSON.stringify({ issuer, signing: current, published, keySetsServed })}\n`);
}

rotate(ALGORITHMS);
publish();
printState();
for await (const line of createInterface({ input: process.stdin })) {
  const [command, algorithm] = line.split(" ");
  if (command === "rotate") rotate(algorithm ? [algorithm] : ALGORITHMS);
  if (command === "withdraw") withdraw();
  if (command !== "state") publish();
  printState();
}
process.exit(0);
