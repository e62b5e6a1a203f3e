export { questionFor } from "./challenge.ts";
export { permissionsOf, type PermissionRule } from "./permissions.ts";
export { CRA, type Joined, Session, V1_CRA, type SessionParts } from "./session.ts";
export { isPrefixRule, UriMap } from "./uri-map.ts";
export type { Flavour } from "./v1-message.ts";
