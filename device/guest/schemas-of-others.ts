/**
 * What schemas of others may use and ours do not: any keyword of JSON Schema, with words for what breaks it, and the formats
 * (`format: uri`), known to TypeBox's checks once this is loaded. A board without drivers of others does without (deploy/build.ts).
 */
import { explainBy } from "@pinion/config";
import { anyKeyword } from "@pinion/config/any-keyword";
import * as Format from "typebox/format";

explainBy(anyKeyword);

Format.Set("date-time", Format.IsDateTime);
Format.Set("date", Format.IsDate);
Format.Set("duration", Format.IsDuration);
Format.Set("email", Format.IsEmail);
Format.Set("hostname", Format.IsHostname);
Format.Set("idn-email", Format.IsIdnEmail);
Format.Set("idn-hostname", Format.IsIdnHostname);
Format.Set("ipv4", Format.IsIPv4);
Format.Set("ipv6", Format.IsIPv6);
Format.Set("iri-reference", Format.IsIriReference);
Format.Set("iri", Format.IsIri);
Format.Set("json-pointer-uri-fragment", Format.IsJsonPointerUriFragment);
Format.Set("json-pointer", Format.IsJsonPointer);
Format.Set("regex", Format.IsRegex);
Format.Set("relative-json-pointer", Format.IsRelativeJsonPointer);
Format.Set("time", Format.IsTime);
Format.Set("uri-reference", Format.IsUriReference);
Format.Set("uri-template", Format.IsUriTemplate);
Format.Set("uri", Format.IsUri);
Format.Set("url", Format.IsUrl);
Format.Set("uuid", Format.IsUuid);
