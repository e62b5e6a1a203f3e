/**
 * One acceptance suite for every transport and every serializer: real clients over real sockets against the whole
 * router-bridge. Transports and serializers are the tables of transports.ts; behaviours are the tables imported here.
 */
import { after, test } from "node:test";
import { CALLING } from "./calling.ts";
import { PAYLOADS } from "./payloads.ts";
import { PUBLISHING } from "./publishing.ts";
import { type Behaviour, Scene, setStage } from "./scene.ts";
import { SESSIONS } from "./sessions.ts";
import { SERIALIZERS, TRANSPORTS } from "./transports.ts";

const BEHAVIOURS: readonly Behaviour[] = [...CALLING, ...PUBLISHING, ...PAYLOADS, ...SESSIONS];

const stage = await setStage();
after(() => stage.stop());

for (const transport of TRANSPORTS) {
  for (const serializer of SERIALIZERS) {
    for (const { name, run } of BEHAVIOURS) {
      test(`${transport.name}, ${serializer}: ${name}`, { timeout: 10_000 }, async () => {
        const scene = new Scene({ stage, transport, serializer });
        try {
          await run(scene);
        } finally {
          await scene.end();
        }
      });
    }
  }
}
