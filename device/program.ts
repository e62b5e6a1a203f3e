/** Where the built `pinion-device` begins: how V8 works has to be said before the rest is loaded, which computes as it loads. */
import { optimizeLate } from "./late-optimizing.ts";

optimizeLate();
void import("./main.ts");
